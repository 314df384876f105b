--- Lists errors of engines in the quickfix list: the line that raised, then the calls of the traceback.
local client_of = require('pxlens.client')

local M = {}

---@param uri string
---@param range lsp.Range
---@param text string
---@param kind string
local function entry(uri, range, text, kind)
  return {
    filename = vim.uri_to_fname(uri),
    lnum = range.start.line + 1,
    col = range.start.character + 1,
    text = (text:gsub('\n', ' ')),
    type = kind,
  }
end

--- The entries for a buffer's diagnostics, in the order of their lines.
---@param bufnr integer
---@return table[]
function M.entries(bufnr)
  local diagnostics = vim.tbl_filter(function(diagnostic)
    -- Diagnostics about magics have no run.
    local run = vim.tbl_get(diagnostic, 'user_data', 'lsp', 'data', 'run')
    return diagnostic.source == 'pxlens' and run ~= nil and diagnostic.severity == vim.diagnostic.severity.ERROR
  end, vim.diagnostic.get(bufnr))
  table.sort(diagnostics, function(one, other)
    return one.lnum < other.lnum
  end)
  local entries = {}
  for _, diagnostic in ipairs(diagnostics) do
    entries[#entries + 1] = {
      bufnr = bufnr,
      lnum = diagnostic.lnum + 1,
      col = diagnostic.col + 1,
      text = (diagnostic.message:gsub('\n', ' ')),
      type = 'E',
    }
    local related = vim.tbl_get(diagnostic, 'user_data', 'lsp', 'relatedInformation')
    for _, frame in ipairs(related and related ~= vim.NIL and related or {}) do
      entries[#entries + 1] = entry(frame.location.uri, frame.location.range, frame.message, 'I')
    end
  end
  return entries
end

--- Fills the quickfix list with what engines raised in a buffer, and shows it.
---@param bufnr integer
function M.fill(bufnr)
  local entries = M.entries(bufnr)
  if #entries == 0 then
    client_of.say('No engine raised anything in this buffer')
    return
  end
  vim.fn.setqflist({}, ' ', { title = 'pxlens', items = entries })
  vim.cmd('botright copen')
end

return M
