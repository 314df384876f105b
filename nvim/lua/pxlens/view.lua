--- Keeps outputs in sight: moving the cursor never scrolls to lines that are painted under the last line of a buffer.
local M = {}

--- Scrolls one window as far as its cursor stays in sight.
---@param window integer
local function scroll(window)
  local height = vim.api.nvim_win_get_height(window)
  vim.api.nvim_win_call(window, function()
    local saved = vim.fn.winsaveview()
    local top = saved.topline
    while top < saved.lnum do
      -- Without `end_row`, what is painted under the last row counts too.
      if vim.api.nvim_win_text_height(window, { start_row = top - 1 }).all <= height then
        break
      end
      top = top + 1
    end
    if top ~= saved.topline then
      vim.fn.winrestview({ topline = top })
    end
  end)
end

--- Scrolls the windows whose cursor is in the px cell, if the cell is the last thing in the buffer.
---@param bufnr integer
---@param range lsp.Range
function M.reveal(bufnr, range)
  local final = vim.api.nvim_buf_line_count(bufnr) - 1
  if range['end'].line < final then
    return
  end
  for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
    local row = vim.api.nvim_win_get_cursor(window)[1] - 1
    if range.start.line <= row then
      scroll(window)
    end
  end
end

return M
