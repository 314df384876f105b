--- Subcommands that list, start and stop clusters, and open consoles on engines. Clusters are started and stopped with the program
--- `pxlens`, as in a shell: they outlive Neovim, and the server finds them.
local client_of = require('pxlens.client')
local config = require('pxlens.config')
local document = require('pxlens.document')

---@type table<string, pxlens.Subcommand>
local M = {}

local STATES = { notResponding = 'not responding' }

---@param cluster table
---@return string
local function name_of(cluster)
  local id = cluster.clusterId and cluster.clusterId ~= '' and ':' .. cluster.clusterId or ''
  return (cluster.profile or cluster.connectionFile or '?') .. id
end

---@param cluster table
local function summed_up(cluster)
  local words = { name_of(cluster), STATES[cluster.state] or cluster.state }
  if cluster.inUse then
    words[#words + 1] = ('in use, %d engines'):format(#cluster.engines)
  end
  if cluster.ours then
    words[#words + 1] = 'started by pxlens'
  end
  return table.concat(words, ' · ')
end

---@param call pxlens.Call
---@param done fun(answer: table)
local function ask(call, done)
  client_of.ask(call.client, 'px/engines', {}, done)
end

M.clusters = {
  run = function(call)
    ask(call, function(answer)
      local lines = vim.tbl_map(summed_up, answer.clusters)
      lines[#lines + 1] = answer.message
      if #lines == 0 then
        lines = { 'No cluster is running. `:Px start` starts one.' }
      end
      document.show('clusters', lines)
    end)
  end,
}

--- The engines of the cluster in use.
---@param answer table? Of `px/engines`.
---@return table[]
local function engines_of(answer)
  for _, cluster in ipairs(answer and answer.clusters or {}) do
    if cluster.inUse then
      return cluster.engines
    end
  end
  return {}
end

--- For whom an engine works, if that is not this session.
---@param whose table? `worksFor` of an engine.
---@return string
local function works_for(whose)
  if not whose then
    return ''
  elseif whose.whose == 'mine' then
    return ('for another window or shell of yours, run %s'):format(whose.run or '?')
  end
  return 'for another client'
end

M.engines = {
  run = function(call)
    ask(call, function(answer)
      local lines = {}
      for _, engine in ipairs(engines_of(answer)) do
        local at = engine.host and engine.host .. (engine.pid and ' ' .. engine.pid or '') or ''
        local whose = works_for(engine.worksFor)
        lines[#lines + 1] = ('%4d  %-8s %s  %s'):format(engine.id, engine.state, at, whose):gsub('%s+$', '')
      end
      lines[#lines + 1] = answer.message
      if #lines == 0 then
        lines = { 'There are no engines. `:Px start` starts some.' }
      end
      document.show('engines', lines)
    end)
  end,
}

--- The program of the server, as the beginning of a command line.
---@return string[]
local function program()
  local cmd = vim.lsp.config.pxlens.cmd
  return { type(cmd) == 'table' and cmd[1] or 'pxlens' }
end

--- Runs the program, and shows what it wrote.
---@param arguments string[]
local function shell(arguments)
  local argv = vim.list_extend(program(), arguments)
  client_of.say(table.concat(vim.list_extend({ 'pxlens' }, arguments), ' ') .. ' …')
  local ok, why = pcall(vim.system, argv, { text = true }, function(done)
    local said = vim.trim((done.stdout or '') .. (done.stderr or ''))
    vim.schedule(function()
      local level = done.code == 0 and vim.log.levels.INFO or vim.log.levels.ERROR
      local silent = '`pxlens` ended with status %d and wrote nothing; run the same command in a terminal'
      client_of.say(said ~= '' and said or silent:format(done.code), level)
    end)
  end)
  if not ok then
    client_of.say(why, vim.log.levels.ERROR)
  end
end

M.start = {
  alone = true,
  run = function(call)
    local settings = config.get().settings
    local arguments = { 'start' }
    local engines = tonumber(call.args[1]) or settings.engines
    if engines then
      vim.list_extend(arguments, { '-n', tostring(engines) })
    end
    if settings.python then
      vim.list_extend(arguments, { '--python', settings.python })
    end
    shell(arguments)
  end,
}

--- Stops a cluster that the user chose. If pxlens did not start it, the user has to confirm.
---@param cluster table
local function stop(cluster)
  local arguments = { 'stop', '--connection-file', cluster.connectionFile }
  if cluster.ours then
    shell(arguments)
    return
  end
  local question = ('pxlens did not start %s. Stop it?'):format(name_of(cluster))
  vim.ui.select({ 'No', 'Stop it' }, { prompt = question }, function(answer)
    if answer == 'Stop it' then
      shell(vim.list_extend(arguments, { '--yes' }))
    end
  end)
end

M.stop = {
  run = function(call)
    ask(call, function(answer)
      local clusters = vim.tbl_filter(function(cluster)
        return cluster.connectionFile ~= nil
      end, answer.clusters)
      if #clusters == 0 then
        client_of.say('No cluster is running; there is nothing to stop')
      elseif #clusters == 1 and clusters[1].ours then
        stop(clusters[1])
      else
        vim.ui.select(clusters, { prompt = 'Stop a cluster', format_item = summed_up }, function(cluster)
          if cluster then
            stop(cluster)
          end
        end)
      end
    end)
  end,
}

M.console = {
  needs = 'console',
  complete = function(before)
    local client = client_of.any()
    local answer = #before == 0 and client and client_of.ask_now(client, 'px/engines', vim.empty_dict(), 0)
    return vim.tbl_map(function(engine)
      return tostring(engine.id)
    end, engines_of(answer or nil))
  end,
  run = function(call)
    local engine = tonumber(call.args[1])
    if not engine then
      client_of.say('Name the engine, as in `:Px console 2`')
      return
    end
    client_of.ask(call.client, 'px/console', { engine = engine }, function(result)
      if result.message then
        client_of.warn(result.message)
      end
      local first = result.commands[1]
      if first and vim.fn.executable(first.argv[1]) == 1 then
        vim.cmd('botright new')
        vim.fn.jobstart(first.argv, { term = true })
        vim.cmd.startinsert()
      elseif first then
        local line = table.concat(vim.tbl_map(vim.fn.shellescape, first.argv), ' ')
        client_of.warn(('`%s` was not found. In a terminal that has it, run: %s'):format(first.argv[1], line))
      end
    end)
  end,
}

return M
