--- `:checkhealth pxlens`: says what works, what is missing, and what to do about it.
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

--- Checks that the program can be run.
local function check_program()
  local cmd = vim.tbl_get(vim.lsp.config, 'pxlens', 'cmd')
  if type(cmd) ~= 'table' then
    health.info('Your configuration starts the server with a function, so the program is not checked.')
    return
  end
  if vim.fn.executable(cmd[1]) == 0 then
    health.error(('The program `%s` was not found, so the server cannot start.'):format(cmd[1]), {
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
    health.error(('`%s --version` fails: %s'):format(cmd[1], said), 'Check that this program is pxlens.')
  end
end

local function check_options()
  local problems = config.reported()
  for _, problem in ipairs(problems) do
    health.warn('In your options: ' .. problem .. '.', 'See `:help pxlens-options`; the default is used.')
  end
  if #problems == 0 then
    health.ok('Your options are valid.')
  end
end

---@return vim.lsp.Client?
local function check_server()
  if not vim.lsp.is_enabled('pxlens') then
    health.warn('The server is not enabled.', "Call vim.lsp.enable('pxlens'), or remove `enable = false`.")
  end
  local client = vim.lsp.get_clients({ name = 'pxlens' })[1]
  if not client then
    local advice = 'Open a Python file or an .ipynb; the server starts with the first one.'
    health.info('No server is running. ' .. advice)
    return nil
  end
  local buffers = vim.tbl_count(client.attached_buffers)
  health.ok(('The server is running for %d %s.'):format(buffers, buffers == 1 and 'buffer' or 'buffers'))
  if not next(client_of.announced(client)) then
    health.warn('The server announces no commands.', 'Its version differs from that of the plugin; update both.')
  end
  return client
end

---@param client vim.lsp.Client
local function check_cluster(client)
  local answer = client:request_sync('px/engines', vim.empty_dict(), 10000, 0)
  local result = answer and answer.result
  if not result then
    local why = answer and answer.err and answer.err.message or 'no answer in 10 s'
    health.warn(('The server does not say which clusters there are: %s.'):format(why))
    return
  end
  for _, cluster in ipairs(result.clusters) do
    if cluster.inUse then
      health.ok(('The cluster %s has %d engines.'):format(cluster.profile or '', #cluster.engines))
      return
    end
  end
  local message = type(result.message) == 'string' and result.message or 'No cluster is running.'
  health.info(message .. ' Running a cell starts one, and so does `:Px start`.')
end

local function check_surroundings()
  if vim.fn.has('clipboard') == 1 then
    health.ok('Neovim can use the system clipboard.')
  else
    -- |vim.health| makes a link of what follows `:help`, up to the next space.
    health.info('Neovim has no clipboard, so what is copied goes to the unnamed register. See :help clipboard')
  end
  if vim.fn.has('win32') == 1 then
    return
  end
  local openers = { 'xdg-open', 'wslview', 'explorer.exe', 'open', 'lemonade' }
  for _, opener in ipairs(openers) do
    if vim.fn.executable(opener) == 1 then
      health.ok(('`%s` opens images.'):format(opener))
      return
    end
  end
  local advice = 'Install xdg-utils, or define vim.ui.open; until then, `:Px images` only names the file of the page.'
  health.warn('There is no program that opens a page, so `:Px images` cannot open the browser.', advice)
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
