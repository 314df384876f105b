--- Whole outputs as buffers, for `px-output:` addresses. The user can search them and copy from them.
---
--- A buffer is called `px-output:///run-7/fold.txt`: with a single slash, Neovim would take the name for a file. Each server numbers
--- its own runs; if another server's buffer has the name already, the client's id is added: `px-output:///run-7/fold.txt?server=2`.
local client_of = require('pxlens.client')
local config = require('pxlens.config')

local M = {}

--- How long to wait before asking again for a run that goes on, in milliseconds.
local AGAIN = 500

--- The id of the client that a buffer's text comes from, by the buffer's name.
---@type table<string, integer>
local owners = {}

---@param uri string
local function name_of(uri)
  return (uri:gsub('^px%-output:/*', 'px-output:///'))
end

--- The address by which the server knows a buffer.
---@param name string
local function address_of(name)
  return (name:gsub('%?server=%d+$', ''))
end

--- The client that a buffer's text comes from, else any.
---@param name string
---@return vim.lsp.Client?
function M.owner(name)
  local client = owners[name] and vim.lsp.get_client_by_id(owners[name])
  return client or client_of.any()
end

--- Puts a text into a buffer. A window whose cursor is at the end of the buffer stays at the end.
---@param bufnr integer
---@param text string
local function fill(bufnr, text)
  local lines = vim.split(text, '\n', { plain = true })
  if lines[#lines] == '' then
    lines[#lines] = nil
  end
  local before = vim.api.nvim_buf_line_count(bufnr)
  local same = 0
  local old = vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  while same < #old and same < #lines and old[same + 1] == lines[same + 1] do
    same = same + 1
  end
  local at_end = vim.tbl_filter(function(window)
    return before > 1 and vim.api.nvim_win_get_cursor(window)[1] == before
  end, vim.fn.win_findbuf(bufnr))
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, same, -1, false, vim.list_slice(lines, same + 1))
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].modified = false
  for _, window in ipairs(at_end) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(bufnr), 0 })
  end
end

--- The buffers for which an answer is awaited.
---@type table<integer, true>
local awaited = {}

--- Requests a buffer's text, and requests it again as long as the run goes on and a window shows the buffer.
---@param bufnr integer
---@param name string
local function load(bufnr, name)
  if awaited[bufnr] then
    return
  end
  local client = M.owner(name)
  if not client then
    fill(bufnr, 'This output is gone, because the server that had it has ended. Run the cell again.')
    return
  end
  awaited[bufnr] = client:request('px/content', { uri = address_of(name) }, function(err, result)
    awaited[bufnr] = nil
    if not vim.api.nvim_buf_is_valid(bufnr) then
      return
    end
    if err then
      fill(bufnr, err.message)
      return
    end
    fill(bufnr, result.text)
    if result.goesOn then
      vim.defer_fn(function()
        if vim.api.nvim_buf_is_valid(bufnr) and #vim.fn.win_findbuf(bufnr) > 0 then
          load(bufnr, name)
        end
      end, AGAIN)
    end
  end)
end

--- Fills a buffer with the output of an address. Called by `BufReadCmd`, so that `:edit` works as well.
---@param bufnr integer
---@param name string
function M.read(bufnr, name)
  local options = { buftype = 'nofile', bufhidden = 'hide', swapfile = false, modifiable = false }
  for option, value in pairs(options) do
    vim.bo[bufnr][option] = value
  end
  vim.bo[bufnr].filetype = 'pxlens-output'
  vim.keymap.set('n', 'q', function()
    -- Closing fails in the last window.
    if not pcall(vim.cmd.close) then
      vim.cmd.bdelete()
    end
  end, { buffer = bufnr, desc = 'Close' })
  name = name_of(name)
  load(bufnr, name)
  -- There may be more text since it was hidden.
  vim.api.nvim_create_autocmd('BufWinEnter', {
    group = vim.api.nvim_create_augroup(('pxlens.output.%d'):format(bufnr), {}),
    buffer = bufnr,
    callback = function()
      load(bufnr, name)
    end,
  })
end

--- Shows a buffer in a floating window.
---@param bufnr integer
---@param title string
---@return integer window
function M.float(bufnr, title)
  local width = math.floor(vim.o.columns * 0.8)
  local height = math.max(3, math.floor((vim.o.lines - vim.o.cmdheight) * 0.7))
  return vim.api.nvim_open_win(bufnr, true, {
    relative = 'editor',
    width = width,
    height = height,
    col = math.floor((vim.o.columns - width) / 2),
    row = math.floor((vim.o.lines - height) / 2) - 1,
    border = 'rounded',
    title = ' ' .. title .. ' ',
    style = 'minimal',
  })
end

---@class pxlens.OpenOptions
---@field client_id integer
---@field where? 'float'|'split'|'vsplit'|'tab'

--- Shows the output of an address.
---@param uri string
---@param options pxlens.OpenOptions
function M.open(uri, options)
  local name = name_of(uri)
  local other = owners[name]
  if other and other ~= options.client_id and vim.lsp.get_client_by_id(other) then
    name = ('%s?server=%d'):format(name, options.client_id)
  end
  owners[name] = options.client_id
  local where = options.where or config.get().open
  if where == 'float' then
    local bufnr = vim.fn.bufadd(name)
    local title = address_of(name):gsub('^px%-output:///', ''):gsub('%.txt$', ''):gsub('/', ' · ')
    vim.wo[M.float(bufnr, title)].wrap = true
    return
  end
  local commands = { split = 'split', vsplit = 'vsplit', tab = 'tabedit' }
  vim.cmd[commands[where]](vim.fn.fnameescape(name))
end

--- Shows a text in a floating window, to read and to copy from.
---@param title string
---@param lines string[]
---@param filetype string?
function M.show(title, lines, filetype)
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].filetype = filetype or 'pxlens-output'
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = bufnr, desc = 'Close' })
  local window = M.float(bufnr, title)
  vim.wo[window].wrap = true
  vim.wo[window].conceallevel = 2
end

return M
