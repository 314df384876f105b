--- `:checkhealth pxlens`: what is there, and in plain words what is missing and what to do.
local client_of = require('pxlens.client')
local config = require('pxlens.config')

local M = {}

local health = vim.health

local function check_editor()
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok(('Neovim %s'):format(tostring(vim.version())))
  else
    health.error('This Neovim is too old.', 'Install Neovim 0.11 or later.')
  end
end

--- Gives the program, if it can be run.
local function check_program()
  local cmd = vim.tbl_get(vim.lsp.config, 'pxlens', 'cmd')
  if type(cmd) ~= 'table' then
    health.info('The server is started by a function of yours.')
    return
  end
  if vim.fn.executable(cmd[1]) == 0 then
    health.error(('The program `%s` is not there, so there is no server.'):format(cmd[1]), {
      'Put `pxlens` into a folder of $PATH,',
      "or say where it is: vim.lsp.config('pxlens', { cmd = { '/path/to/pxlens', 'lsp' } })",
    })
    return
  end
  local done = vim.system({ cmd[1], '--version' }, { text = true }):wait(10000)
  if done.code == 0 then
    health.ok(('%s is %s'):format(vim.fn.exepath(cmd[1]), vim.trim(done.stdout)))
  else
    local said = vim.trim(done.stderr or '')
    health.error(('`%s --version` does not end well: %s'):format(cmd[1], said), 'Is it pxlens?')
  end
end

local function check_options()
  local problems = config.reported()
  for _, problem in ipairs(problems) do
    health.warn('In your options ' .. problem .. '.', 'See `:help pxlens-options`; the default is used.')
  end
  if #problems == 0 then
    health.ok('Your options are understood.')
  end
end

---@return vim.lsp.Client?
local function check_server()
  if not vim.lsp.is_enabled('pxlens') then
    health.warn('The server is not enabled.', "Call vim.lsp.enable('pxlens'), or drop `enable = false`.")
  end
  local client = vim.lsp.get_clients({ name = 'pxlens' })[1]
  if not client then
    local advice = 'Open a Python file or an .ipynb; the server starts with the first one.'
    health.info('No server runs at the moment. ' .. advice)
    return nil
  end
  local buffers = vim.tbl_count(client.attached_buffers)
  health.ok(('The server runs, and serves %d %s.'):format(buffers, buffers == 1 and 'buffer' or 'buffers'))
  if not next(client_of.announced(client)) then
    health.warn('It announces no commands.', 'It is of another version than the plugin; update both.')
  end
  return client
end

---@param client vim.lsp.Client
local function check_cluster(client)
  local answer = client:request_sync('px/engines', vim.empty_dict(), 10000, 0)
  local result = answer and answer.result
  if not result then
    local why = answer and answer.err and answer.err.message or 'no answer in 10 s'
    health.warn(('The server does not tell about clusters: %s.'):format(why))
    return
  end
  for _, cluster in ipairs(result.clusters) do
    if cluster.inUse then
      health.ok(('The cluster %s has %d engines.'):format(cluster.profile or '', #cluster.engines))
      return
    end
  end
  local message = type(result.message) == 'string' and result.message or 'No cluster runs.'
  health.info(message .. ' Running a cell starts one; so does `:Px start`.')
end

local function check_surroundings()
  if vim.fn.has('clipboard') == 1 then
    health.ok('There is a clipboard, so links that copy reach other programs.')
  else
    -- |vim.health| makes a link of what is behind `:help`, up to the next blank.
    health.info('There is no clipboard: what is copied goes to the unnamed register. See :help clipboard')
  end
  if vim.fn.has('win32') == 1 then
    return
  end
  local openers = { 'xdg-open', 'wslview', 'explorer.exe', 'open', 'lemonade' }
  for _, opener in ipairs(openers) do
    if vim.fn.executable(opener) == 1 then
      health.ok(('Images are opened by `%s`.'):format(opener))
      return
    end
  end
  local advice = 'Install xdg-utils, or write a vim.ui.open of your own; until then you are told the page’s file.'
  health.warn('Nothing is there to open a page with, so `:Px images` cannot.', advice)
end

function M.check()
  health.start('pxlens')
  check_editor()
  check_program()
  check_options()
  local client = check_server()
  if client then
    check_cluster(client)
  end
  check_surroundings()
end

return M
