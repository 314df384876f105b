-- What a real terminal shows, read from tmux; it becomes the picture in the documentation.

local expect = require('expect')
local place = require('place')

local TOUR = {
  '# %%',
  '%%px',
  'import math',
  'loss = 1 / (rank + 2)',
  'print("ready" if rank != 2 else "slow to start")',
  'round(loss, 3)',
  '',
  '# %%',
  '%px math.sqrt(2 - rank)',
}

local Tmux = {}
Tmux.__index = Tmux

function Tmux:run(...)
  return vim
    .system({ 'tmux', '-u', '-L', self.name, '-f', '/dev/null', ... }, { text = true, env = self.env })
    :wait(20000)
end

--- A terminal of its own, with a program in it.
function Tmux.start(folder, argv)
  local name = ('pxlens-%d-%d'):format(vim.uv.os_getpid(), vim.uv.hrtime())
  local self = setmetatable({ name = name, env = { TMUX_TMPDIR = folder, TMUX = '' } }, Tmux)
  local command = table.concat(vim.tbl_map(vim.fn.shellescape, argv), ' ')
  local done = self:run('new-session', '-d', '-x', '88', '-y', '30', command)
  assert(done.code == 0, done.stderr)
  return self
end

--- What stands on the screen, with its colours if they are wanted.
function Tmux:screen(colours)
  local done = self:run('capture-pane', '-p', colours and '-e' or nil)
  assert(done.code == 0, done.stderr)
  return done.stdout
end

function Tmux:stop()
  self:run('kill-server')
end

return {
  {
    'a terminal shows what the engines answered, in colours',
    function(editor)
      if vim.fn.executable('tmux') == 0 then
        expect.skip('no tmux: install it (on Debian `apt-get install tmux`)')
      end
      local folder = editor.folder
      vim.fn.writefile(TOUR, folder .. '/tour.py')
      local environment = editor:lua('return vim.fn.environ()')
      local argv = { 'env', '-i', '-C', folder }
      for _, name in ipairs({
        'PATH',
        'HOME',
        'LANG',
        'IPYTHONDIR',
        'NVIM_LOG_FILE',
        'PXLENS_TEST_PLUGIN',
        'PXLENS_TEST_SERVER',
      }) do
        argv[#argv + 1] = ('%s=%s'):format(name, environment[name])
      end
      -- The numbers of cells are part of the picture.
      editor.cluster:python("rc[:].execute('get_ipython().execution_count = 1', silent=True, block=True)")
      local socket = folder .. '/socket'
      vim.list_extend(
        argv,
        { 'TERM=tmux-256color', vim.v.progpath, '-n', '-i', 'NONE', '-u', place.tests .. '/init.lua' }
      )
      vim.list_extend(
        argv,
        { '--listen', socket, '-c', 'set laststatus=0 noruler cmdheight=0 notermguicolors', 'tour.py' }
      )
      local tmux = Tmux.start(folder, argv)
      local in_terminal = setmetatable({ folder = folder }, { __index = editor })
      local ok, why = xpcall(function()
        editor:wait('Neovim in the terminal', function()
          local connected, channel = pcall(vim.fn.sockconnect, 'pipe', socket, { rpc = true })
          in_terminal.channel = connected and channel or nil
          return connected and channel > 0
        end)
        in_terminal:wait_lens('▶ Run on 4 engines')
        in_terminal:command('Px all')
        in_terminal:wait_sign('✗', 9)
        in_terminal:wait('lenses that say how it is now', function()
          return not tmux:screen():find('Interrupt', 1, true)
        end)
        in_terminal:lua('vim.api.nvim_win_set_cursor(0, { 1, 0 })')
        local text = editor:wait('both cells on the screen', function()
          local text = tmux:screen()
          return text:find('slow to start', 1, true) and text:find('ValueError', 1, true) and text
        end)
        expect.holds({ text }, '▶ Run on 4 engines')
        local coloured = tmux:screen(true)
        expect.holds({ coloured }, '\27[')
        if vim.env.PXLENS_TEST_SCREEN then
          local lines = vim.split(coloured, '\n')
          -- Below the file there is nothing to see.
          while #lines > 0 and not lines[#lines]:find('[^%s~]') do
            lines[#lines] = nil
          end
          vim.fn.writefile(lines, vim.env.PXLENS_TEST_SCREEN)
        end
      end, debug.traceback)
      if not ok then
        local shown, screen = pcall(tmux.screen, tmux)
        why = ('%s\nin the terminal:\n%s'):format(why, shown and screen or 'nothing')
      end
      tmux:stop()
      assert(ok, why)
    end,
  },
}
