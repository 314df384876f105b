--- The handlers of the server's requests and notifications, by method.
local compat = require('pxlens.compat')

---@type table<string, lsp.Handler>
local M = {}

M['px/outputs'] = function(_, params, context)
  require('pxlens.painter').take(context.client_id, compat.without_nulls(params))
end

M['px/copy'] = function(_, params)
  vim.fn.setreg('"', params.text)
  if vim.fn.has('clipboard') == 1 then
    vim.fn.setreg('+', params.text)
  end
  return { copied = true }
end

-- Neovim would take `px-output:/run-7/fold.txt` for a file in the current folder.
M['window/showDocument'] = function(err, params, context)
  if vim.startswith(params.uri, 'px-output:') then
    require('pxlens.document').open(params.uri, { client_id = context.client_id })
    return { success = true }
  end
  return vim.lsp.handlers['window/showDocument'](err, params, context)
end

M['workspace/codeLens/refresh'] = compat.lens_refresh_handler()

return M
