--- What other code may use. Nothing needs `setup()`.
local M = {}

--- Takes options; they go before those of `vim.g.pxlens`.
---@param options table?
function M.setup(options)
  local config = require('pxlens.config')
  config.set(options)
  if not config.get().enable and vim.lsp.is_enabled('pxlens') then
    vim.lsp.enable('pxlens', false)
  end
end

--- How runs are doing, for 'statusline': `px ▶ 2 running`, or nothing. It is redrawn when that changes.
---@param bufnr integer?
---@return string
function M.status(bufnr)
  if not package.loaded['pxlens.painter'] then
    return ''
  end
  return require('pxlens.status').text(bufnr)
end

--- The same as numbers.
---@param bufnr integer?
---@return pxlens.Status
function M.counts(bufnr)
  return require('pxlens.status').counts(bufnr)
end

return M
