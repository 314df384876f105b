--- What the server said about px cells, per document. Knows no buffers and paints nothing.

---@class pxlens.Line
---@field text string
---@field severity 'info'|'ok'|'warning'|'error'

---@class pxlens.BlockLine
---@field text string
---@field style 'label'|'stdout'|'stderr'|'result'|'error'|'note'
---@field ranks? integer

---@class pxlens.CellOutput
---@field id string
---@field run? integer
---@field range lsp.Range
---@field state 'idle'|'queued'|'running'|'succeeded'|'failed'
---@field stale? boolean
---@field line? pxlens.Line
---@field lineAt integer
---@field block? pxlens.BlockLine[]
---@field version? integer The document's version to which the places belong.

---@class pxlens.OutputsParams
---@field uri string
---@field version integer
---@field seq integer
---@field full? boolean
---@field cells pxlens.CellOutput[]
---@field removed string[]

---@class pxlens.Outputs
---@field private documents table<string, table<string, pxlens.CellOutput>>
local Outputs = {}
Outputs.__index = Outputs

---@return pxlens.Outputs
function Outputs.new()
  return setmetatable({ documents = {} }, Outputs)
end

--- Applies a message of the server; returns the ids of the px cells that it changes.
---@param params pxlens.OutputsParams
---@return string[]
function Outputs:apply(params)
  local before = self.documents[params.uri] or {}
  local cells = params.full and {} or before
  self.documents[params.uri] = cells
  local touched = params.full and vim.tbl_keys(before) or {}
  for _, id in ipairs(params.removed) do
    cells[id] = nil
    touched[#touched + 1] = id
  end
  for _, cell in ipairs(params.cells) do
    cell.version = params.version
    cells[cell.id] = cell
    touched[#touched + 1] = cell.id
  end
  return touched
end

--- Forgets a document.
---@param uri string
function Outputs:close(uri)
  self.documents[uri] = nil
end

--- The px cells of a document that have something to show, by id.
---@param uri string
---@return table<string, pxlens.CellOutput>
function Outputs:of(uri)
  return self.documents[uri] or {}
end

---@class pxlens.LiveRun
---@field uri string
---@field cell pxlens.CellOutput

--- The runs that are waiting or running; those of each document in document order.
---@return pxlens.LiveRun[]
function Outputs:live()
  local live = {}
  for uri, cells in vim.spairs(self.documents) do
    local here = {}
    for _, cell in pairs(cells) do
      if cell.run and (cell.state == 'queued' or cell.state == 'running') then
        here[#here + 1] = { uri = uri, cell = cell }
      end
    end
    table.sort(here, function(one, other)
      return one.cell.range.start.line < other.cell.range.start.line
    end)
    vim.list_extend(live, here)
  end
  return live
end

return Outputs
