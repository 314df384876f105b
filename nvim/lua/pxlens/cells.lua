--- px cells of the buffer: where they are, and moving among them.
local client_of = require('pxlens.client')

local M = {}

---@class pxlens.Cell
---@field id string
---@field range lsp.Range
---@field magicRange lsp.Range
---@field state string
---@field stale? boolean
---@field run? integer
---@field refusal? string

--- The px cells of a buffer, in its order; empty where no server serves it.
---@param bufnr integer
---@return pxlens.Cell[]
function M.now(bufnr)
  local client = client_of.of(bufnr)
  if not client then
    return {}
  end
  local answer = client_of.ask_now(client, 'px/cells', { uri = vim.uri_from_bufnr(bufnr) }, bufnr)
  return answer and answer.cells or {}
end

--- The first and last row of a cell, 0-based.
---@param cell pxlens.Cell
---@return integer, integer
function M.rows(cell)
  local first, final = cell.range.start.line, cell.range['end'].line
  if cell.range['end'].character == 0 and final > first then
    final = final - 1
  end
  return first, final
end

--- The px cell that holds a row.
---@param bufnr integer
---@param row integer 0-based.
---@return pxlens.Cell?
function M.at(bufnr, row)
  for _, cell in ipairs(M.now(bufnr)) do
    local first, final = M.rows(cell)
    if first <= row and row <= final then
      return cell
    end
  end
end

--- The px cell at the cursor.
---@return pxlens.Cell?
function M.here()
  return M.at(vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1] - 1)
end

--- Goes to another px cell.
---@param count integer How many cells down; up, if it is negative.
function M.jump(count)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local rows = vim.tbl_map(function(cell)
    return cell.magicRange.start.line
  end, M.now(0))
  local target
  if count > 0 then
    local below = vim.tbl_filter(function(other)
      return other > row
    end, rows)
    target = below[math.min(count, #below)]
  else
    local above = vim.tbl_filter(function(other)
      return other < row
    end, rows)
    target = above[math.max(#above + count + 1, 1)]
  end
  if target then
    vim.cmd("normal! m'")
    vim.api.nvim_win_set_cursor(0, { target + 1, 0 })
  end
end

--- Selects the px cell at the cursor: all of it, or its code without the magic.
---@param what 'inner'|'whole'
function M.select(what)
  local cell = M.here()
  local in_visual = vim.fn.mode():match('^[vV\22]')
  if not cell then
    if not in_visual then
      return
    end
    vim.cmd.normal({ vim.keycode('<Esc>'), bang = true })
    return
  end
  local first, final = M.rows(cell)
  if what == 'inner' and final > cell.magicRange['end'].line then
    first = cell.magicRange['end'].line + 1
  end
  if what == 'inner' then
    -- Blank lines between this cell and the next are not its code.
    local lines = vim.api.nvim_buf_get_lines(0, first, final + 1, false)
    while #lines > 1 and not lines[#lines]:find('%S') do
      lines[#lines] = nil
      final = final - 1
    end
  end
  if in_visual then
    vim.cmd.normal({ vim.keycode('<Esc>'), bang = true })
  end
  vim.api.nvim_win_set_cursor(0, { first + 1, 0 })
  vim.cmd.normal({ 'V', bang = true })
  vim.api.nvim_win_set_cursor(0, { final + 1, 0 })
end

return M
