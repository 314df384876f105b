-- A Neovim under test: started with the plugin, driven over RPC, waited for by what it shows and never by the clock.

local place = require('place')

local Editor = {}
Editor.__index = Editor

local count = 0

--- Starts one in a folder of its own, where `cluster` is the only one there is.
function Editor.start(cluster, home)
  count = count + 1
  local folder = ('%s/%d'):format(home, count)
  vim.fn.mkdir(folder .. '/project', 'p')
  local self = setmetatable({ folder = folder .. '/project', home = folder, errors = {}, cluster = cluster }, Editor)
  local argv = { vim.v.progpath, '--embed', '--headless', '-n', '-i', 'NONE' }
  vim.list_extend(argv, { '--cmd', 'set lines=40 columns=100', '-u', place.tests .. '/init.lua' })
  self.channel = vim.fn.jobstart(argv, {
    rpc = true,
    cwd = self.folder,
    clear_env = true,
    env = {
      PATH = vim.env.PATH,
      LD_LIBRARY_PATH = vim.env.LD_LIBRARY_PATH,
      HOME = folder,
      LANG = 'C.UTF-8',
      TERM = 'xterm-256color',
      IPYTHONDIR = cluster.folder .. '/ipython',
      NVIM_LOG_FILE = folder .. '/nvim.log',
      PXLENS_TEST_PLUGIN = place.plugin,
      PXLENS_TEST_SERVER = place.server,
    },
    on_stderr = function(_, data)
      self.errors[#self.errors + 1] = table.concat(data, '\n')
    end,
  })
  assert(self.channel > 0, 'Neovim does not start')
  return self
end

--- Runs Lua there, with arguments as `...`, and gives what it returns.
function Editor:lua(code, ...)
  return vim.rpcrequest(self.channel, 'nvim_exec_lua', code, { ... })
end

--- Runs an Ex command there.
function Editor:command(command)
  return vim.rpcrequest(self.channel, 'nvim_command', command)
end

--- Types keys there, as a user would; they are worked off when this comes back.
function Editor:type(keys)
  self:lua("vim.api.nvim_feedkeys(vim.keycode(...), 'tx', false)", keys)
end

--- Waits until a function gives something true, and gives that.
function Editor:wait(what, condition)
  local value
  local done = vim.wait(place.patience, function()
    value = condition(self)
    return value and true or false
  end, 25)
  if not done then
    error(('waited for %s'):format(what), 2)
  end
  return value
end

--- Waits until an expression in Lua gives something true there.
function Editor:wait_lua(what, code, ...)
  local arguments = { ... }
  return self:wait(what, function()
    local value = self:lua(code, unpack(arguments))
    return value ~= vim.NIL and value
  end)
end

--- Edits a file with these lines, and waits until the server serves it.
function Editor:open(name, lines)
  local path = ('%s/%s'):format(self.folder, name)
  vim.fn.writefile(lines, path)
  self:command('edit ' .. path)
  self:wait_lua('the server', "return vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 })[1] ~= nil")
  -- The cluster is found a moment later; until then a lens would offer to start one.
  self:wait('4 engines in the plan', function()
    for _, cell in ipairs(self:cells()) do
      if cell.plan and cell.plan.alive == 4 then
        return true
      end
    end
  end)
end

--- The px cells of the current buffer.
function Editor:cells()
  return self:lua([[
    local client = vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 })[1]
    local answer = client:request_sync('px/cells', { uri = vim.uri_from_bufnr(0) }, 20000, 0)
    return answer and answer.result and answer.result.cells or {}
  ]])
end

--- The plugin's extmarks in the current buffer, as `{ row, details }`.
function Editor:marks()
  return self:lua([[
    local namespace = vim.api.nvim_get_namespaces().pxlens
    return vim.tbl_map(function(mark)
      return { row = mark[2], details = mark[4] }
    end, vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }))
  ]])
end

local function text_of(chunks)
  local text = ''
  for _, chunk in ipairs(chunks) do
    text = text .. chunk[1]
  end
  return text
end

--- What stands under a row (0-based), or under any: lines of text.
function Editor:under(row)
  local lines = {}
  for _, mark in ipairs(self:marks()) do
    if mark.details.virt_lines and (not row or mark.row == row) then
      for _, chunks in ipairs(mark.details.virt_lines) do
        lines[#lines + 1] = text_of(chunks)
      end
    end
  end
  return lines
end

--- What stands behind rows: text by row (0-based).
function Editor:behind()
  local lines = {}
  for _, mark in ipairs(self:marks()) do
    if mark.details.virt_text then
      lines[mark.row] = text_of(mark.details.virt_text)
    end
  end
  return lines
end

--- The signs by row (0-based).
function Editor:signs()
  local signs = {}
  for _, mark in ipairs(self:marks()) do
    if mark.details.sign_text then
      signs[mark.row] = vim.trim(mark.details.sign_text)
    end
  end
  return signs
end

--- The screen as text, line by line.
function Editor:screen()
  return self:lua([[
    vim.cmd.redraw()
    local lines = {}
    for row = 1, vim.o.lines do
      local line = {}
      for column = 1, vim.o.columns do
        line[column] = vim.fn.screenstring(row, column)
      end
      lines[row] = (table.concat(line):gsub('%s+$', ''))
    end
    return lines
  ]])
end

--- Waits until some line under a row holds a text.
function Editor:wait_under(text, row)
  return self:wait(('%q under the cell'):format(text), function()
    for _, line in ipairs(self:under(row)) do
      if line:find(text, 1, true) then
        return line
      end
    end
  end)
end

--- Waits until the px cell at a line (1-based; else at the first) has this sign.
function Editor:wait_sign(sign, line)
  return self:wait(('the sign %s'):format(sign), function()
    return self:signs()[(line or 1) - 1] == sign
  end)
end

--- Waits until some line behind a row holds a text.
function Editor:wait_behind(text)
  return self:wait(('%q behind a line'):format(text), function()
    for _, line in pairs(self:behind()) do
      if line:find(text, 1, true) then
        return line
      end
    end
  end)
end

--- Waits for a lens with this title.
function Editor:wait_lens(title)
  return self:wait_lua(
    ('the lens %q'):format(title),
    [[
    for _, lens in ipairs(vim.lsp.codelens.get(0)) do
      if lens.command.title == ... then
        return true
      end
    end
  ]],
    title
  )
end

--- Waits until something said to the user holds a text.
function Editor:wait_said(text)
  return self:wait_lua(
    ('%q said'):format(text),
    [[
    for _, one in ipairs(_G.said) do
      if one.text:find(..., 1, true) then
        return one.text
      end
    end
  ]],
    text
  )
end

--- Fails if Lua of the plugin raised somewhere, as in a callback, where nobody else hears of it.
function Editor:check_errors()
  local messages = self:lua("return vim.fn.execute('messages')")
  for _, sign in ipairs({ 'Error executing', 'Error detected', 'Error in', 'stack traceback' }) do
    assert(not messages:find(sign, 1, true), messages)
  end
end

--- What it shows, for the report of a failure.
function Editor:state()
  local ok, screen = pcall(function()
    return table.concat(self:screen(), '\n')
  end)
  local said_ok, said = pcall(self.lua, self, 'return vim.inspect(_G.said) .. vim.fn.execute("messages")')
  return ('the screen:\n%s\nsaid: %s\nstderr: %s'):format(
    ok and screen or 'none',
    said_ok and said or 'nothing',
    table.concat(self.errors, '\n')
  )
end

function Editor:close()
  -- What a failed test left waiting holds no engine.
  vim.fn.writefile({}, self.folder .. '/gate')
  pcall(vim.rpcnotify, self.channel, 'nvim_command', 'qall!')
  vim.fn.jobwait({ self.channel }, 10000)
  vim.fn.jobstop(self.channel)
end

return Editor
