--- The public functions of the plugin. Calling `setup()` is optional.
local M = {}

--- Sets options, which take precedence over those of `vim.g.pxlens`.
---@param options table?
function M.setup(options)
  local config = require('pxlens.config')
  config.set(options)
  if not config.get().enable and vim.lsp.is_enabled('pxlens') then
    vim.lsp.enable('pxlens', false)
  end
end

--- How runs are doing, for 'statusline': `px ▶ 2 running`, or an empty text. The status line is redrawn when this changes.
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
