--- The state of runs in a few words, for the status line.
local painter = require('pxlens.painter')

local M = {}

---@class pxlens.Status
---@field queued integer
---@field running integer
---@field failed integer Cells of this buffer.
---@field stale integer Cells of this buffer.
---@field line? string The summary of the first run that goes on.

--- Counts the waiting and the running cells of all documents, and the failed and the stale ones of a buffer.
---@param bufnr integer?
---@return pxlens.Status
function M.counts(bufnr)
  local uri = vim.uri_from_bufnr(bufnr or 0)
  local counts = { queued = 0, running = 0, failed = 0, stale = 0 }
  for _, outputs in pairs(painter.all()) do
    for _, live in ipairs(outputs:live()) do
      counts[live.cell.state] = counts[live.cell.state] + 1
      if live.cell.state == 'running' and live.cell.line then
        counts.line = counts.line or live.cell.line.text
      end
    end
    for _, cell in pairs(outputs:of(uri)) do
      if cell.stale then
        counts.stale = counts.stale + 1
      elseif cell.state == 'failed' then
        counts.failed = counts.failed + 1
      end
    end
  end
  return counts
end

--- For 'statusline'; empty if nothing runs and nothing failed.
---@param bufnr integer?
---@return string
function M.text(bufnr)
  local counts = M.counts(bufnr)
  local parts = {}
  for _, part in ipairs({ { 'running', '▶' }, { 'queued', '…' }, { 'failed', '✗' } }) do
    if counts[part[1]] > 0 then
      parts[#parts + 1] = ('%s %d %s'):format(part[2], counts[part[1]], part[1])
    end
  end
  return #parts > 0 and 'px ' .. table.concat(parts, ' ') or ''
end

return M
