--- Decides what to paint for a px cell: chunks of text with highlight groups. Pure, except that it reads the options.
local config = require('pxlens.config')
local highlights = require('pxlens.highlights')

local M = {}

local STYLES = {
  label = 'PxlensLabel',
  stdout = 'PxlensStdout',
  stderr = 'PxlensStderr',
  result = 'PxlensResult',
  error = 'PxlensError',
  note = 'PxlensNote',
}

local SEVERITIES = {
  info = 'PxlensLineInfo',
  ok = 'PxlensLineOk',
  warning = 'PxlensLineWarning',
  error = 'PxlensLineError',
}

local SIGNS = {
  queued = 'PxlensSignQueued',
  running = 'PxlensSignRunning',
  succeeded = 'PxlensSignSucceeded',
  failed = 'PxlensSignFailed',
  stale = 'PxlensSignStale',
}

--- Shortens a block to `most` lines: both ends, and between them a line that says how much is left out.
---@param block pxlens.BlockLine[]
---@param most integer
---@return pxlens.BlockLine[]
local function capped(block, most)
  if #block <= most then
    return block
  end
  local tail = math.floor((most - 1) / 2)
  local head = most - 1 - tail
  local lines = vim.list_slice(block, 1, head)
  local more = ('… %d more lines (:Px open)'):format(#block - head - tail)
  lines[#lines + 1] = { text = more, style = 'note' }
  return vim.list_extend(lines, block, #block - tail + 1)
end

--- The lines under a px cell; nil if there are none. Groups of engines take colours in turn.
---@param cell pxlens.CellOutput
---@return table[]?
function M.block(cell)
  local options = config.get().block
  if not options or not cell.block or #cell.block == 0 then
    return nil
  end
  local lines = {}
  local group = 0
  for _, line in ipairs(capped(cell.block, options.lines)) do
    local style = STYLES[line.style] or 'PxlensStdout'
    local ranks = line.ranks or 0
    if ranks > 0 then
      group = group % highlights.GROUPS + 1
    end
    local of_group = group > 0 and line.style ~= 'note' and ('PxlensGroup%d'):format(group) or nil
    local chunks = { { options.bar, of_group or 'PxlensBar' } }
    if ranks > 0 then
      local at = vim.str_byteindex(line.text, 'utf-32', ranks, false)
      chunks[#chunks + 1] = { line.text:sub(1, at), line.style == 'error' and style or of_group }
      chunks[#chunks + 1] = { line.text:sub(at + 1), line.style == 'label' and of_group or style }
    else
      chunks[#chunks + 1] = { line.text, style }
    end
    lines[#lines + 1] = chunks
  end
  return lines
end

--- The summary behind a line of the cell; nil if there is none.
---@param cell pxlens.CellOutput
---@return table[]?
function M.line(cell)
  if not config.get().line or not cell.line or cell.line.text == '' then
    return nil
  end
  local style = cell.stale and 'PxlensLineStale' or SEVERITIES[cell.line.severity] or 'PxlensLineInfo'
  local text = cell.stale and '≈ ' .. cell.line.text or cell.line.text
  return { { '  ', 'Normal' }, { text, style } }
end

--- The sign of a px cell and its colour; nil if it has none.
---@param cell pxlens.CellOutput
---@return string?, string?
function M.sign(cell)
  local signs = config.get().signs
  local over = cell.state == 'succeeded' or cell.state == 'failed'
  local state = cell.stale and over and 'stale' or cell.state
  if not signs or not signs[state] or not SIGNS[state] then
    return nil
  end
  return signs[state], SIGNS[state]
end

return M
