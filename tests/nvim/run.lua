-- Tries the plugin in a real Neovim on real engines: `nvim -l run.lua [PART OF A NAME]`.
--
-- This Neovim drives another one over RPC, which has the plugin. `cargo xtask nvim` runs it and says in the environment where
-- the server (PXLENS_TEST_SERVER) and a Python with ipyparallel (PXLENS_TEST_PYTHON) are.

local folder = vim.fs.dirname(vim.fs.normalize(vim.uv.fs_realpath(arg[0])))
package.path = folder .. '/?.lua;' .. package.path

require('place') -- Fails at once where something is missing.
local Cluster = require('cluster')
local Editor = require('editor')

local SUITES = { 'attached', 'running', 'outputs', 'faults', 'notebooks', 'clusters', 'words', 'picture' }

--- A line for whoever watches, at once.
local function tell(line)
  io.stdout:write(line, '\n')
  io.stdout:flush()
end

local wanted = arg[1]
local passed, failed, skipped = 0, {}, {}

local cluster
local home = vim.fn.tempname()
vim.fn.mkdir(home, 'p')

--- One test: a fresh editor in a folder of its own, closed whatever happens.
local function try(name, test)
  local started = vim.uv.hrtime()
  local editor = Editor.start(cluster, home)
  local ok, why = xpcall(function()
    test(editor)
    editor:check_errors()
  end, function(error)
    return type(error) == 'table' and error.skip and error or debug.traceback(tostring(error), 2)
  end)
  local took = (vim.uv.hrtime() - started) / 1e9
  if ok then
    passed = passed + 1
    tell(('ok      %s (%.1f s)'):format(name, took))
  elseif type(why) == 'table' then
    skipped[#skipped + 1] = name
    tell(('SKIPPED %s: %s'):format(name, why.skip))
  else
    failed[#failed + 1] = name
    tell(('FAILED  %s\n%s\n%s'):format(name, why, editor:state()))
  end
  editor:close()
end

local ok, why = xpcall(function()
  cluster = Cluster.start(4)
  for _, suite in ipairs(SUITES) do
    if vim.uv.fs_stat(('%s/%s.lua'):format(folder, suite)) then
      for _, test in ipairs(require(suite)) do
        local name = ('%s: %s'):format(suite, test[1])
        if not wanted or name:find(wanted, 1, true) then
          try(name, test[2])
        end
      end
    end
  end
end, debug.traceback)
if cluster then
  cluster:stop()
end
vim.fn.delete(home, 'rf')
if not ok then
  tell(why)
end
tell(('%d passed, %d failed, %d skipped'):format(passed, #failed, #skipped))
os.exit(ok and #failed == 0 and passed > 0 and 0 or 1)
