--- Subcommands that run px cells and stop runs. Nothing here happens unless the user asks for it.
local cells = require('pxlens.cells')
local client_of = require('pxlens.client')
local painter = require('pxlens.painter')

---@type table<string, pxlens.Subcommand>
local M = {}

--- Tells the user what does not run.
---@param result { runs: table[], notRun: table[], localLines: integer, conditional: string? }
local function report(result)
  local said, seen = {}, {}
  local function add(sentence)
    if sentence and not seen[sentence] then
      seen[sentence] = true
      said[#said + 1] = sentence
    end
  end
  for _, not_run in ipairs(result.notRun or {}) do
    add(not_run.reason)
  end
  local nothing = #said > 0
  local lines = result.localLines or 0
  if lines > 0 then
    add(lines == 1 and '1 local line not run' or ('%d local lines not run'):format(lines))
  end
  add(result.conditional)
  for _, run in ipairs(result.runs or {}) do
    add(run.note)
  end
  if #said > 0 then
    client_of.say(table.concat(said, '\n'), nothing and vim.log.levels.WARN or vim.log.levels.INFO)
  end
end

--- Runs the px cell at the cursor, or those of the selection.
---@param call pxlens.Call
---@param more table Further fields of the request.
local function run(call, more)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local params = { uri = vim.uri_from_bufnr(call.bufnr), position = { line = row, character = 0 } }
  if call.range then
    params.position = nil
    params.range = {
      start = { line = call.range[1], character = 0 },
      ['end'] = { line = call.range[2] + 1, character = 0 },
    }
  end
  client_of.ask(call.client, 'px/run', vim.tbl_extend('force', params, more), report)
end

--- Targets as the user typed them: `:Px run [0-1]`.
---@param call pxlens.Call
local function targets(call)
  local text = table.concat(call.args, ' ')
  return text ~= '' and text or nil
end

M.run = {
  needs = 'run',
  run = function(call)
    run(call, { targets = targets(call) })
  end,
}

local function scope(name, needs)
  return {
    needs = needs,
    run = function(call)
      call.range = nil
      run(call, { scope = name, targets = targets(call) })
    end,
  }
end

M.above = scope('above', 'runAbove')
M.below = scope('below', 'runBelow')
M.all = scope('all', 'runAll')

M.canary = {
  needs = 'run',
  run = function(call)
    run(call, { canary = true, targets = targets(call) })
  end,
}

M.rerun = {
  needs = 'run',
  first = { 'failed', 'differing' },
  run = function(call)
    run(call, { only = call.args[1] or 'failed' })
  end,
}

--- The runs to interrupt: those of the px cell at the cursor, else those of the document, else all that this server has shown.
---@param call pxlens.Call
---@return integer[]
local function meant(call)
  local uri = vim.uri_from_bufnr(call.bufnr)
  local cell = call.client.attached_buffers[call.bufnr] and cells.here()
  local here, document, all = {}, {}, {}
  for _, live in ipairs(painter.outputs(call.client.id):live()) do
    all[live.cell.run] = true
    if live.uri == uri then
      document[live.cell.run] = true
      if cell and live.cell.id == cell.id then
        here[live.cell.run] = true
      end
    end
  end
  local chosen = next(here) and here or next(document) and document or all
  local runs = vim.tbl_keys(chosen)
  table.sort(runs)
  return runs
end

---@param result table
local function report_interrupt(result)
  if result.refused then
    client_of.warn(result.refused)
  end
  local function tell(engines, sentence)
    if engines and #engines > 0 then
      client_of.warn(sentence:format(table.concat(engines, ', ')))
    end
  end
  tell(result.leftAlone, 'Engines %s work for another client and were left alone')
  tell(result.unanswered, 'Engines %s did not answer in time; interrupt them again, or stop the cluster')
end

---@param client vim.lsp.Client
---@param run integer
---@param stragglers boolean
local function stop(client, run, stragglers)
  client_of.ask(client, 'px/interrupt', { run = run, stragglers = stragglers or nil }, report_interrupt)
end

--- Stops all runs of all servers: runs outlive the buffers that they were started from, and each project has a server of its own.
---@param stragglers boolean
local function stop_all(stragglers)
  local clients = vim.lsp.get_clients({ name = 'pxlens' })
  local silent = #clients
  local found = false
  for _, client in ipairs(clients) do
    client_of.ask(client, 'px/runs', vim.empty_dict(), function(result)
      for _, run in ipairs(result.runs) do
        if run.state == 'queued' or run.state == 'running' then
          found = true
          stop(client, run.run, stragglers)
        end
      end
      silent = silent - 1
      if silent == 0 and not found then
        client_of.say('There is no run to interrupt')
      end
    end)
  end
end

M.interrupt = {
  needs = 'interrupt',
  first = { 'stragglers' },
  run = function(call)
    local stragglers = call.args[1] == 'stragglers'
    local runs = meant(call)
    for _, run in ipairs(runs) do
      stop(call.client, run, stragglers)
    end
    if #runs == 0 then
      stop_all(stragglers)
    end
  end,
}

--- Trusts the workspace from now on.
M.trust = {
  run = function(call)
    call.client:notify('px/trust', vim.empty_dict())
  end,
}

return M
