--- The px cells of a buffer: where they are, moving between them, and text objects.
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

--- The px cells of a buffer, in their order; empty if no server is attached to it.
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

--- The px cell that contains a row; on the marker of a cell of a script, the first px cell of that one.
---@param bufnr integer
---@param row integer 0-based.
---@return pxlens.Cell?
function M.at(bufnr, row)
  local marked
  for _, cell in ipairs(M.now(bufnr)) do
    local first, final = M.rows(cell)
    if first <= row and row <= final then
      return cell
    end
    if cell.marker == row then
      marked = marked or cell
    end
  end
  return marked
end

--- The px cell at the cursor.
---@return pxlens.Cell?
function M.here()
  return M.at(vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1] - 1)
end

--- Goes to another px cell.
---@param count integer How many cells to go down; if negative, up.
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

--- What a text object selects: 1-based rows and 0-based columns; without columns, whole lines.
---@class pxlens.Stretch
---@field first integer
---@field final integer
---@field columns? { [1]: integer, [2]: integer } The first and the last.

--- The code behind a line magic.
---@param row integer 0-based.
---@return pxlens.Stretch?
local function behind_magic(row)
  local line = vim.api.nvim_buf_get_lines(0, row, row + 1, false)[1]
  -- What follows `%%px` are its options.
  local column = not line:find('%%%%px') and line:match('%%px[%w_]*%s+()%S')
  return column and { first = row + 1, final = row + 1, columns = { column - 1, #line - 1 } } or nil
end

--- The code of a cell without its magic; nil if it has none.
---@param cell pxlens.Cell
---@return pxlens.Stretch?
local function code_of(cell)
  local _, final = M.rows(cell)
  local magic = cell.magicRange['end'].line
  -- Blank lines between this cell and the next are not part of its code.
  local lines = vim.api.nvim_buf_get_lines(0, magic + 1, final + 1, false)
  while #lines > 0 and not lines[#lines]:find('%S') do
    lines[#lines] = nil
  end
  if #lines > 0 then
    return { first = magic + 2, final = magic + 1 + #lines }
  end
  return behind_magic(magic)
end

---@param what 'inner'|'whole'
---@return pxlens.Stretch?
local function stretch(what)
  local cell = M.here()
  if not cell then
    return nil
  elseif what == 'inner' then
    return code_of(cell)
  end
  local first, final = M.rows(cell)
  return { first = first + 1, final = final + 1 }
end

--- Selects the px cell at the cursor: all of it, or its code without the magic. If there is none, an operator does nothing and a
--- selection stays as it is, as with Vim's own text objects.
---@param what 'inner'|'whole'
function M.select(what)
  local found = stretch(what)
  local mode = vim.fn.mode(1)
  if not found then
    if mode:match('^no') then
      vim.api.nvim_feedkeys(vim.keycode('<C-\\><C-n>'), 'nx', false)
    end
    return
  end
  if mode:match('^[vV\22]') then
    vim.cmd.normal({ vim.keycode('<Esc>'), bang = true })
  end
  local from, to = unpack(found.columns or { 0, 0 })
  vim.api.nvim_win_set_cursor(0, { found.first, from })
  vim.cmd.normal({ found.columns and 'v' or 'V', bang = true })
  vim.api.nvim_win_set_cursor(0, { found.final, to })
end

return M
