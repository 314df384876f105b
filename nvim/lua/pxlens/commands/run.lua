--- Subcommands that run px cells and stop runs. Nothing here happens unless the user asks for it.
local cells = require('pxlens.cells')
local client_of = require('pxlens.client')
local painter = require('pxlens.painter')

---@type table<string, pxlens.Subcommand>
local M = {}

--- Tells the user what does not run.
---@param result { runs: table[], notRun: table[], leftOut: string[] }
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
  for _, sentence in ipairs(result.leftOut or {}) do
    add(sentence)
  end
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
  local stops = '`:Px interrupt mine` stops that'
  tell(result.leftMine, 'Engines %s work for another window or shell of yours and were left alone; ' .. stops)
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

--- What became of engines that were meant, whoever they work for.
---@param result table Of `px/interruptEngines`.
local function report_engines(result)
  local said = { result.refused }
  local function tell(engines, sentence)
    if engines and #engines > 0 then
      said[#said + 1] = sentence:format(table.concat(engines, ', '))
    end
  end
  tell(result.signalled, 'Engines %s: interrupted')
  tell(result.aborted, 'Engines %s: what waited was dropped')
  tell(result.leftMine, 'Engines %s: left alone, at work for another window or shell of yours')
  tell(result.leftAlone, 'Engines %s: left alone, at work for another client')
  tell(result.unanswered, 'Engines %s did not answer in time; interrupt them again, or stop the cluster')
  if #said == 0 then
    said[1] = 'No engine has anything to do'
  end
  client_of.say(table.concat(said, '\n'))
end

--- Stops what engines work on: what is of this session at once, and what is of another window or client after asking.
---@param client vim.lsp.Client
---@param engines integer[]? `nil`: all.
local function stop_engines(client, engines)
  local params = engines and { engines = engines } or vim.empty_dict()
  client_of.ask(client, 'px/interruptEngines', params, function(own)
    local mine, others = own.leftMine or {}, own.leftAlone or {}
    if #mine == 0 and #others == 0 then
      report_engines(own)
      return
    end
    local whose = {}
    if #mine > 0 then
      whose[#whose + 1] = ('%s for another window or shell of yours'):format(table.concat(mine, ', '))
    end
    if #others > 0 then
      whose[#whose + 1] = ('%s for another client'):format(table.concat(others, ', '))
    end
    local prompt = ('Engines work: %s. Interrupt that too?'):format(table.concat(whose, '; '))
    vim.ui.select({ 'No', 'Interrupt' }, { prompt = prompt }, function(answer)
      if answer == 'Interrupt' then
        local asked =
          { engines = vim.list_extend(vim.list_slice(mine), others), whose = #others > 0 and 'anybody' or 'mine' }
        client_of.ask(client, 'px/interruptEngines', asked, report_engines)
      end
    end)
  end)
end

--- The engines of a set such as `0-2,4` or `[3]`; `nil` if it is none.
---@param text string
---@return integer[]?
local function engines_in(text)
  local ids = {}
  for part in vim.gsplit(text:gsub('^%[(.*)%]$', '%1'), ',', { trimempty = true }) do
    local first, last = part:match('^%s*(%d+)%s*%-%s*(%d+)%s*$')
    first = first or part:match('^%s*(%d+)%s*$')
    if not first or #first > 5 or #(last or first) > 5 then
      return nil
    end
    for id = tonumber(first), tonumber(last or first) do
      ids[#ids + 1] = id
    end
  end
  return #ids > 0 and ids or nil
end

M.interrupt = {
  needs = 'interrupt',
  first = { 'stragglers', 'mine', 'engines' },
  run = function(call)
    local what = call.args[1]
    if what == 'mine' then
      client_of.ask(call.client, 'px/interruptEngines', { whose = 'mine' }, report_engines)
      return
    elseif what == 'engines' and not call.args[2] then
      stop_engines(call.client)
      return
    elseif what and what ~= 'stragglers' then
      local engines = engines_in(what == 'engines' and table.concat(call.args, '', 2) or table.concat(call.args, ''))
      if engines then
        stop_engines(call.client, engines)
      else
        local takes = '`:Px interrupt` takes `stragglers`, `mine`, `engines` or engines such as `[0-2,4]`, not `%s`'
        client_of.warn(takes:format(table.concat(call.args, ' ')))
      end
      return
    end
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
