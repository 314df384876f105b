--- Paints outputs: extmarks that move with the text, one each for a cell's block, line and sign, which are updated in place.
---
--- Messages are merged until it is time to paint: at once after a pause, then at most every `interval` milliseconds.
---
---     messages |x xxxxx xxx x xxxxx|          x
---     painted  |x    x    x    x   x|         x
---
--- A message is acknowledged when it is painted, so the server never sends more than can be shown.
local compat = require('pxlens.compat')
local config = require('pxlens.config')
local layout = require('pxlens.layout')
local Outputs = require('pxlens.outputs')
local view = require('pxlens.view')

local M = {}

M.namespace = vim.api.nvim_create_namespace('pxlens')

--- How often something was painted, for tests.
M.counts = { messages = 0, paintings = 0, blocks = 0, lines = 0, signs = 0 }

---@class pxlens.Marks
---@field ids table<string, integer> Extmarks by what they show: `block`, `line`, `sign`.
---@field shown table<string, string> What each of them shows, as a text to compare.

---@class pxlens.Painted
---@field bufnr integer
---@field uri string
---@field marks table<string, pxlens.Marks> By px cell.

--- What the server said, by client.
---@type table<integer, pxlens.Outputs>
local said = {}
--- What is painted, by client and buffer.
---@type table<integer, table<integer, pxlens.Painted>>
local painted = {}
--- The px cells to paint, by client and document, and the last message about them.
---@type table<integer, { cells: table<string, table<string, true>>, seq: integer }>
local due = {}

local timer ---@type uv.uv_timer_t?
local last = -math.huge

--- Removes an extmark of a cell.
---@param bufnr integer
---@param marks pxlens.Marks
---@param kind string
local function erase(bufnr, marks, kind)
  if marks.ids[kind] then
    vim.api.nvim_buf_del_extmark(bufnr, M.namespace, marks.ids[kind])
    marks.ids[kind] = nil
    marks.shown[kind] = nil
  end
end

--- Sets an extmark, only if it shows something else or is in another place than before.
---@param bufnr integer
---@param marks pxlens.Marks
---@param kind 'block'|'line'|'sign'
---@param row integer 0-based.
---@param known boolean Whether the row belongs to the current text.
---@param options vim.api.keyset.set_extmark
---@param key string What it shows, as a text to compare.
---@return boolean Whether the extmark was set.
local function put(bufnr, marks, kind, row, known, options, key)
  local id = marks.ids[kind]
  local at = id and vim.api.nvim_buf_get_extmark_by_id(bufnr, M.namespace, id, {})[1]
  if at and not known then
    row = at
  end
  if at == row and marks.shown[kind] == key then
    return false
  end
  options.id = id
  options.invalidate = true
  options.undo_restore = false
  row = math.min(row, vim.api.nvim_buf_line_count(bufnr) - 1)
  marks.ids[kind] = vim.api.nvim_buf_set_extmark(bufnr, M.namespace, row, 0, options)
  marks.shown[kind] = key
  M.counts[kind .. 's'] = M.counts[kind .. 's'] + 1
  return true
end

--- The last non-blank row of a cell, 0-based.
---@param bufnr integer
---@param range lsp.Range
local function last_row(bufnr, range)
  local first = range.start.line
  local final = range['end'].line
  if range['end'].character == 0 and final > first then
    final = final - 1
  end
  local lines = vim.api.nvim_buf_get_lines(bufnr, first, final + 1, false)
  for i = #lines, 2, -1 do
    if lines[i]:find('%S') then
      return first + i - 1
    end
  end
  return first
end

---@param chunks table[]
local function key_of(chunks)
  return vim.json.encode(chunks)
end

---@type table<string, true>
local asked_again = {}

--- Requests a document's outputs again, once typing has paused.
---@param client_id integer
---@param uri string
local function ask_again(client_id, uri)
  if asked_again[uri] then
    return
  end
  asked_again[uri] = true
  vim.defer_fn(function()
    asked_again[uri] = nil
    local client = vim.lsp.get_client_by_id(client_id)
    if client then
      client:notify('px/refreshOutputs', { uri = uri })
    end
  end, 300)
end

---@param client_id integer
---@param document pxlens.Painted
---@param cell pxlens.CellOutput
local function paint_cell(client_id, document, cell)
  local bufnr = document.bufnr
  local marks = document.marks[cell.id] or { ids = {}, shown = {} }
  document.marks[cell.id] = marks
  local known = cell.version == compat.version(bufnr)
  if not known then
    -- The places belong to an older text, and the server does not send unchanged cells again by itself.
    ask_again(client_id, document.uri)
  end

  local block = layout.block(cell)
  if block then
    local row = last_row(bufnr, cell.range)
    if put(bufnr, marks, 'block', row, known, { virt_lines = block }, key_of(block)) then
      view.reveal(bufnr, cell.range)
    end
  else
    erase(bufnr, marks, 'block')
  end

  local line = layout.line(cell)
  if line then
    local options = { virt_text = line, virt_text_pos = 'eol', hl_mode = 'combine' }
    put(bufnr, marks, 'line', cell.lineAt, known, options, key_of(line))
  else
    erase(bufnr, marks, 'line')
  end

  local sign, color = layout.sign(cell)
  if sign then
    local options = { sign_text = sign, sign_hl_group = color }
    put(bufnr, marks, 'sign', cell.range.start.line, known, options, sign .. color)
  else
    erase(bufnr, marks, 'sign')
  end
end

---@param client_id integer
---@param document pxlens.Painted
---@param ids table<string, true>
local function paint_document(client_id, document, ids)
  local cells = said[client_id]:of(document.uri)
  for id in pairs(ids) do
    local marks = document.marks[id]
    if cells[id] then
      -- If one cell cannot be painted, the others still are.
      local ok, why = pcall(paint_cell, client_id, document, cells[id])
      if not ok then
        vim.notify_once('pxlens: ' .. why, vim.log.levels.ERROR)
      end
    elseif marks then
      for _, kind in ipairs({ 'block', 'line', 'sign' }) do
        erase(document.bufnr, marks, kind)
      end
      document.marks[id] = nil
    end
  end
end

---@param client_id integer
---@param cells table<string, table<string, true>>
local function paint_due(client_id, cells)
  for bufnr, document in pairs(painted[client_id] or {}) do
    local ids = cells[document.uri]
    if ids and vim.api.nvim_buf_is_loaded(bufnr) then
      paint_document(client_id, document, ids)
    end
  end
end

local function paint()
  last = vim.uv.now()
  local now_due = due
  due = {}
  M.counts.paintings = M.counts.paintings + 1
  for client_id, what in pairs(now_due) do
    if said[client_id] then
      -- Acknowledged even if painting failed: otherwise the server would send nothing more.
      local ok, why = pcall(paint_due, client_id, what.cells)
      local client = vim.lsp.get_client_by_id(client_id)
      if client and what.seq > 0 then
        client:notify('px/ackOutputs', { seq = what.seq })
      end
      if not ok then
        vim.notify_once('pxlens: ' .. why, vim.log.levels.ERROR)
      end
    end
  end
  vim.api.nvim_exec_autocmds('User', { pattern = 'PxlensOutputs', modeline = false })
  vim.cmd.redrawstatus()
end

local function schedule()
  if not timer then
    timer = assert(vim.uv.new_timer())
  end
  if timer:is_active() then
    return
  end
  local wait = math.max(0, last + config.get().interval - vim.uv.now())
  timer:start(wait, 0, vim.schedule_wrap(paint))
end

---@param client_id integer
---@param uri string
---@param ids string[]
---@param seq integer
local function mark(client_id, uri, ids, seq)
  local what = due[client_id] or { cells = {}, seq = 0 }
  due[client_id] = what
  what.cells[uri] = what.cells[uri] or {}
  for _, id in ipairs(ids) do
    what.cells[uri][id] = true
  end
  what.seq = math.max(what.seq, seq)
  schedule()
end

--- What a client was told.
---@param client_id integer
---@return pxlens.Outputs
function M.outputs(client_id)
  said[client_id] = said[client_id] or Outputs.new()
  return said[client_id]
end

--- What all clients were told.
---@return table<integer, pxlens.Outputs>
function M.all()
  return said
end

--- Applies a message of the server.
---@param client_id integer
---@param params pxlens.OutputsParams
function M.take(client_id, params)
  M.counts.messages = M.counts.messages + 1
  local ids = M.outputs(client_id):apply(params)
  mark(client_id, params.uri, ids, params.seq)
end

--- Called when a client has been attached to a buffer.
---@param client_id integer
---@param bufnr integer
function M.attached(client_id, bufnr)
  local uri = vim.uri_from_bufnr(bufnr)
  painted[client_id] = painted[client_id] or {}
  painted[client_id][bufnr] = { bufnr = bufnr, uri = uri, marks = {} }
  -- The first message may have arrived before.
  mark(client_id, uri, vim.tbl_keys(M.outputs(client_id):of(uri)), 0)
end

--- Checks that everything painted is still there, and requests the outputs again if not. Deleting a line removes its extmarks. If
--- undo restores the line before the server is told of either, nothing has changed for the server, so it sends nothing.
---@param client_id integer
---@param bufnr integer
function M.mend(client_id, bufnr)
  local document = painted[client_id] and painted[client_id][bufnr]
  for _, marks in pairs(document and document.marks or {}) do
    for _, id in pairs(marks.ids) do
      if not vim.api.nvim_buf_get_extmark_by_id(bufnr, M.namespace, id, {})[1] then
        ask_again(client_id, document.uri)
        return
      end
    end
  end
end

--- Called when a client has been detached from a buffer.
---@param client_id integer
---@param bufnr integer
function M.detached(client_id, bufnr)
  local document = painted[client_id] and painted[client_id][bufnr]
  if not document then
    return
  end
  painted[client_id][bufnr] = nil
  M.outputs(client_id):close(document.uri)
  if vim.api.nvim_buf_is_valid(bufnr) then
    vim.api.nvim_buf_clear_namespace(bufnr, M.namespace, 0, -1)
  end
  if not next(painted[client_id]) then
    painted[client_id] = nil
    said[client_id] = nil
    local unpainted = due[client_id]
    due[client_id] = nil
    local client = vim.lsp.get_client_by_id(client_id)
    if client and unpainted and unpainted.seq > 0 then
      -- Otherwise the server would wait for this forever before it sends anything about another buffer.
      client:notify('px/ackOutputs', { seq = unpainted.seq })
    end
  end
end

return M
