--- The language client: starting the server, attaching buffers, and requests.
local compat = require('pxlens.compat')
local config = require('pxlens.config')

local M = {}

--- How long a request may take that a key waits for, in milliseconds.
local PATIENCE = 2000

--- Fills in the options that the server starts with.
---@param params lsp.InitializeParams
---@param client_config vim.lsp.ClientConfig
function M.before_init(params, client_config)
  local options = config.get()
  local trusted = options.trusted
  if type(trusted) == 'function' then
    trusted = trusted(client_config.root_dir) == true
  end
  local theirs = vim.tbl_get(client_config, 'settings', 'pxlens') or {}
  local settings = vim.tbl_deep_extend('force', options.settings, theirs)
  -- The server asks for them again (`workspace/configuration`), and Neovim answers from here.
  client_config.settings = client_config.settings or {}
  client_config.settings.pxlens = settings
  local more = { trusted = trusted }
  params.initializationOptions = vim.tbl_extend('force', settings, params.initializationOptions or {}, more)
end

---@type table<integer, true>
local due = {}

--- Requests lenses again soon; several calls until then make one request.
---@param bufnr integer
function M.refresh_lenses(bufnr)
  if due[bufnr] or not config.get().lens then
    return
  end
  due[bufnr] = true
  vim.defer_fn(function()
    due[bufnr] = nil
    local client = vim.api.nvim_buf_is_loaded(bufnr) and M.of(bufnr)
    if client then
      compat.refresh_lenses(client, bufnr)
    end
  end, 100)
end

---@param bufnr integer
local function group_of(bufnr)
  return ('pxlens.buffer.%d'):format(bufnr)
end

--- Called when the server has been attached to a buffer.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attached(client, bufnr)
  require('pxlens.highlights').define()
  local group = vim.api.nvim_create_augroup(group_of(bufnr), {})
  if config.get().lens then
    compat.show_lenses(client, bufnr)
    vim.api.nvim_create_autocmd({ 'BufEnter', 'InsertLeave', 'TextChanged' }, {
      group = group,
      buffer = bufnr,
      callback = function()
        M.refresh_lenses(bufnr)
      end,
    })
  end
  local painter = require('pxlens.painter')
  painter.attached(client.id, bufnr)
  vim.api.nvim_create_autocmd({ 'TextChanged', 'InsertLeave' }, {
    group = group,
    buffer = bufnr,
    callback = function()
      painter.mend(client.id, bufnr)
    end,
  })
end

--- Called when the server has been detached from a buffer.
---@param client vim.lsp.Client
---@param bufnr integer
function M.detached(client, bufnr)
  pcall(vim.api.nvim_del_augroup_by_name, group_of(bufnr))
  require('pxlens.painter').detached(client.id, bufnr)
end

--- Called when a buffer is about to get another name, which makes it another document to the server. Its results come along.
---@param client vim.lsp.Client
---@param bufnr integer
function M.renamed(client, bufnr)
  local old = vim.uri_from_bufnr(bufnr)
  vim.lsp.buf_detach_client(bufnr, client.id)
  -- Even if the buffer keeps its name after all, because a file of the new name exists.
  vim.schedule(function()
    if vim.api.nvim_buf_is_loaded(bufnr) and not client:is_stopped() then
      local new = vim.uri_from_bufnr(bufnr)
      if new ~= old then
        client:notify('workspace/didRenameFiles', { files = { { oldUri = old, newUri = new } } })
      end
      vim.lsp.buf_attach_client(bufnr, client.id)
    end
  end)
end

--- The server of a buffer.
---@param bufnr integer?
---@return vim.lsp.Client?
function M.of(bufnr)
  return vim.lsp.get_clients({ name = 'pxlens', bufnr = bufnr or 0 })[1]
end

--- The server of the current buffer, else any.
---@return vim.lsp.Client?
function M.any()
  return M.of(0) or vim.lsp.get_clients({ name = 'pxlens' })[1]
end

--- The commands that a server announced.
---@param client vim.lsp.Client?
---@return table<string, true>
function M.announced(client)
  local list = client and vim.tbl_get(client.server_capabilities, 'experimental', 'pxlens', 'commands') or {}
  local set = {}
  for _, name in ipairs(list) do
    set[name] = true
  end
  return set
end

--- Shows a message to the user.
---@param text string
---@param level integer?
function M.say(text, level)
  vim.notify('pxlens: ' .. text, level or vim.log.levels.INFO)
end

---@param text string
function M.warn(text)
  M.say(text, vim.log.levels.WARN)
end

--- Sends a request and passes the answer to `done`; an error is shown to the user.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param done fun(result: table)
function M.ask(client, method, params, done)
  local request = next(params) == nil and vim.empty_dict() or params
  client:request(method, request, function(err, result)
    if err then
      M.warn(err.message)
    elseif result ~= nil and result ~= vim.NIL then
      done(compat.without_nulls(result))
    end
  end, vim.api.nvim_get_current_buf())
end

--- Has the server execute one of its commands.
---@param client vim.lsp.Client
---@param name string Without `pxlens.server.`.
---@param argument table
---@param done fun(result: table)
function M.execute(client, name, argument, done)
  local params = { command = 'pxlens.server.' .. name, arguments = { argument } }
  M.ask(client, 'workspace/executeCommand', params, done)
end

--- Sends a request and waits for the answer, for a key that needs it at once.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param bufnr integer
---@return table?
function M.ask_now(client, method, params, bufnr)
  local answer, why = client:request_sync(method, params, PATIENCE, bufnr)
  if not answer or answer.err then
    M.warn(answer and answer.err.message or ('The server did not answer: %s. Try again'):format(why))
    return nil
  end
  return compat.without_nulls(answer.result)
end

return M
