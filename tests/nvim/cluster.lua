-- A real ipyparallel cluster with an IPython folder of its own, driven as those of the Rust tests are (`tests/src/real/`).

local place = require('place')

local Cluster = {}
Cluster.__index = Cluster

local function text_of(name)
  return table.concat(vim.fn.readfile(('%s/tests/src/real/%s'):format(place.root, name)), '\n')
end

--- Starts a controller and so many engines, each of which knows its `rank`.
function Cluster.start(engines)
  local folder = vim.fn.tempname()
  vim.fn.mkdir(folder, 'p')
  local token = ('pxlens-test-%d-%d'):format(vim.uv.os_getpid(), vim.uv.hrtime())
  local self = setmetatable({ folder = folder, lines = {} }, Cluster)
  -- It ends everything that has the token once its stdin closes, however this process goes.
  self.watchdog = vim.fn.jobstart({ place.python, '-c', text_of('watchdog.py'), token, folder })
  local pending = ''
  self.driver = vim.fn.jobstart({ place.python, '-c', text_of('driver.py'), tostring(engines) }, {
    env = { IPYTHONDIR = folder .. '/ipython', PXLENS_TEST_CLUSTER = token },
    on_stdout = function(_, data)
      pending = pending .. data[1]
      for i = 2, #data do
        table.insert(self.lines, pending)
        pending = data[i]
      end
    end,
  })
  assert(self.watchdog > 0 and self.driver > 0, 'the Python of the tests does not start')
  assert(self:answer().ready)
  self:python("for i in rc.ids:\n    rc[i].push({'rank': i}, block=True)")
  return self
end

function Cluster:answer()
  assert(
    vim.wait(90000, function()
      return #self.lines > 0
    end, 10),
    'the cluster does not answer'
  )
  local answer = vim.json.decode(table.remove(self.lines, 1))
  if type(answer.error) == 'string' then
    error(answer.error)
  end
  return answer
end

--- Runs Python beside the cluster, and gives what it assigned to `answer`.
function Cluster:python(code)
  vim.fn.chansend(self.driver, vim.json.encode({ code = code }) .. '\n')
  return self:answer().answer
end

function Cluster:stop()
  vim.fn.chanclose(self.watchdog, 'stdin')
  vim.fn.jobwait({ self.watchdog, self.driver }, 30000)
end

return Cluster
