--- The differences between Neovim 0.11 and 0.12. No other module of the plugin depends on the version.
local M = {}

local has_lens_switch = type(vim.lsp.codelens.enable) == 'function'

--- Requests the lenses of a buffer again; 0.12 does that itself.
---@param client vim.lsp.Client
---@param bufnr integer
function M.refresh_lenses(client, bufnr)
  if has_lens_switch then
    return
  end
  -- `vim.lsp.codelens.refresh()` would turn on the lenses of other servers as well.
  local params = { textDocument = vim.lsp.util.make_text_document_params(bufnr) }
  client:request('textDocument/codeLens', params, vim.lsp.codelens.on_codelens, bufnr)
end

--- Shows the lenses of a buffer.
---@param client vim.lsp.Client
---@param bufnr integer
function M.show_lenses(client, bufnr)
  if has_lens_switch then
    vim.lsp.codelens.enable(true, { bufnr = bufnr, client_id = client.id })
  else
    M.refresh_lenses(client, bufnr)
  end
end

--- The handler of `workspace/codeLens/refresh`; nil if Neovim has its own.
---@return lsp.Handler?
function M.lens_refresh_handler()
  if has_lens_switch then
    return nil
  end
  return function(_, _, context)
    local client = vim.lsp.get_client_by_id(context.client_id)
    for bufnr in pairs(client and client.attached_buffers or {}) do
      require('pxlens.client').refresh_lenses(bufnr)
    end
    return vim.NIL
  end
end

--- The version of a buffer's text that was sent to the server last, or is about to be sent.
---@param bufnr integer
---@return integer?
function M.version(bufnr)
  local versions = rawget(vim.lsp.util, 'buf_versions')
  return versions and versions[bufnr] or vim.api.nvim_buf_get_changedtick(bufnr)
end

--- A message without JSON nulls, which 0.12 passes on as `vim.NIL`.
---@param value any
function M.without_nulls(value)
  if value == vim.NIL then
    return nil
  end
  if type(value) == 'table' then
    for key, inner in pairs(value) do
      if inner == vim.NIL then
        value[key] = nil
      elseif type(inner) == 'table' then
        M.without_nulls(inner)
      end
    end
  end
  return value
end

return M
