--- What other code may use. Nothing needs `setup()`.
local M = {}

--- Takes options; they go before those of `vim.g.pxlens`.
---@param options pxlens.Config?
function M.setup(options)
  require('pxlens.config').set(options)
end

return M
