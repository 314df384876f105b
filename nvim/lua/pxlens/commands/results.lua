--- Subcommands that show, group, open, yank, compare, export, list and clear results.
local cells = require('pxlens.cells')
local client_of = require('pxlens.client')
local document = require('pxlens.document')

local GROUPINGS = { 'fold', 'type', 'engine', 'order' }
local PLACES = { 'float', 'split', 'vsplit', 'tab' }
local NO_CELL = 'No px cell at the cursor; move the cursor into a %%px cell or onto a %px line'

---@type table<string, pxlens.Subcommand>
local M = {}

--- The run that an output's buffer shows, else the newest one of the px cell at the cursor. If there is none, tells the user.
---@param call pxlens.Call
---@return integer?
local function run_here(call)
  local shown = vim.api.nvim_buf_get_name(call.bufnr):match('^px%-output:/*run%-(%d+)/')
  if shown then
    return tonumber(shown)
  end
  local cell = call.client.attached_buffers[call.bufnr] and cells.here()
  if not cell then
    client_of.say(NO_CELL)
  elseif not cell.run then
    client_of.say('This px cell has not run yet; run it with `:Px run`')
  end
  return cell and cell.run
end

---@param text string
local function lines_of(text)
  return vim.split(vim.trim(text), '\n', { plain = true })
end

M.result = {
  needs = 'showResult',
  run = function(call)
    local run = run_here(call)
    if run then
      client_of.execute(call.client, 'showResult', { run = run }, function(result)
        document.show(('run %d'):format(run), lines_of(result.markdown), 'markdown')
      end)
    end
  end,
}

---@param call pxlens.Call
---@param run integer
---@param grouping string
local function group_by(call, run, grouping)
  client_of.execute(call.client, 'group', { run = run, groupBy = grouping }, function() end)
end

M.group = {
  needs = 'group',
  first = GROUPINGS,
  run = function(call)
    local run = run_here(call)
    if not run then
      return
    end
    if call.args[1] then
      group_by(call, run, call.args[1])
      return
    end
    vim.ui.select(GROUPINGS, { prompt = 'Group by' }, function(grouping)
      if grouping then
        group_by(call, run, grouping)
      end
    end)
  end,
}

--- The address for `:Px open`: of a grouping, of some engines (`[0-2]`, `0-2,4`), or of what one engine wrote (`3`).
---@param run integer
---@param what string?
---@return string
local function address(run, what)
  what = what or 'fold'
  local name = what
  if what:match('^%d+$') then
    name = 'raw-' .. what
  elseif what:match('^%[?[%d,%-]+%]?$') then
    name = 'group-' .. what:gsub('[%[%]]', '')
  end
  return ('px-output:///run-%d/%s.txt'):format(run, name)
end

M.open = {
  needs = 'showOutput',
  complete = function(before)
    -- One argument of each kind, in any order.
    local all = { PLACES, GROUPINGS }
    local left = vim.tbl_filter(function(words)
      return not vim.iter(words):any(function(word)
        return vim.list_contains(before, word)
      end)
    end, all)
    return vim.iter(left):flatten():totable()
  end,
  run = function(call)
    local run = run_here(call)
    if not run then
      return
    end
    local where, what
    for _, argument in ipairs(call.args) do
      if vim.list_contains(PLACES, argument) then
        where = argument
      else
        what = argument
      end
    end
    document.open(address(run, what), { client_id = call.client.id, where = where })
  end,
}

M.yank = {
  run = function(call)
    -- Read now: `v:register` may have changed when the answer comes.
    local register = call.args[1] or (vim.v.register ~= '' and vim.v.register) or '"'
    if not register:match('^[%w"*+_-]$') then
      client_of.warn(('Cannot yank into register "%s; use a letter, such as "a'):format(register))
      return
    end
    local run = run_here(call)
    if run then
      client_of.ask(call.client, 'px/result', { run = run }, function(result)
        vim.fn.setreg(register, result.text, 'V')
        client_of.say(('Yanked %d lines into "%s'):format(#lines_of(result.text), register))
      end)
    end
  end,
}

M.clear = {
  needs = 'clear',
  first = { 'cell' },
  run = function(call)
    local params = { uri = vim.uri_from_bufnr(call.bufnr) }
    if call.args[1] and call.args[1] ~= 'cell' then
      client_of.warn(('`:Px clear` takes `cell` or nothing, not `%s`'):format(call.args[1]))
      return
    end
    if call.args[1] == 'cell' then
      local cell = cells.here()
      if not cell then
        client_of.say(NO_CELL)
        return
      end
      params.cell = cell.id
    end
    client_of.ask(call.client, 'px/clear', params, function() end)
  end,
}

M.compare = {
  needs = 'compare',
  run = function(call)
    local run = run_here(call)
    if not run then
      return
    end
    local params = { run = run, with = tonumber(call.args[1]) }
    client_of.ask(call.client, 'px/compare', params, function(result)
      if result.message then
        client_of.say(result.message)
      else
        document.show(('run %d compared'):format(run), lines_of(result.markdown), 'markdown')
      end
    end)
  end,
}

M.export = {
  needs = 'export',
  complete = function(before, lead)
    return ({ [0] = { 'markdown', 'json' }, vim.fn.getcompletion(lead, 'file') })[#before] or {}
  end,
  run = function(call)
    local run = run_here(call)
    if not run then
      return
    end
    local format = call.args[1] or 'markdown'
    local path = call.args[2]
    local params = { run = run, format = format, overwrite = call.bang or nil }
    params.path = path and vim.fs.abspath(vim.fn.expand(path))
    client_of.ask(call.client, 'px/export', params, function(result)
      if result.message then
        client_of.warn(result.message)
      end
      if result.file then
        client_of.say('Wrote ' .. result.file)
      elseif result.text then
        document.show(('run %d'):format(run), lines_of(result.text), format)
      end
    end)
  end,
}

M.images = {
  run = function(call)
    local run = run_here(call)
    if run then
      require('pxlens.images').open(call.client, run)
    end
  end,
}

M.quickfix = {
  run = function(call)
    require('pxlens.quickfix').fill(call.bufnr)
  end,
}

return M
