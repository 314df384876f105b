-- Clusters that the user starts and stops, on an IPython folder where there is none.

local expect = require('expect')
local place = require('place')

return {
  {
    '`:Px start` starts a cluster, and `:Px stop` stops it',
    function(editor)
      local ipython = editor.folder .. '/ipython'
      vim.fn.mkdir(ipython)
      editor:lua(
        [[
        local ipython, python = ...
        vim.env.IPYTHONDIR = ipython
        require('pxlens').setup({ settings = { python = python } })
      ]],
        ipython,
        place.python
      )
      vim.fn.writefile({ '%px "here I am"' }, editor.folder .. '/start.py')
      editor:command('edit start.py')
      editor:wait_lua('the server', "return #vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 }) == 1")
      local ok, why = xpcall(function()
        editor:command('Px start 1')
        editor:wait_lens('▶ Run on engine 0')
        editor:command('Px run')
        editor:wait_under('here I am')
        editor:command('Px clusters')
        editor:wait('the cluster', function()
          local lines = editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
          return lines[1]:find('in use, 1 engines · started by pxlens', 1, true)
        end)
        editor:type('q')
        editor:command('Px stop')
        editor:wait_lens('▶ Run (starts 4 local engines)')
      end, debug.traceback)
      -- Nothing outlives the test, however it went.
      local argv = { place.server, 'stop', '--all', '--yes', '--ipython-dir', ipython }
      vim.system(argv, { text = true }):wait(60000)
      assert(ok, why)
      expect.lacks(
        vim.tbl_map(function(one)
          return one.text
        end, editor:lua('return _G.said')),
        'rror'
      )
    end,
  },
  {
    'a console opens on an engine, or one is told what to type',
    function(editor)
      editor:open('console.py', { '%px 1' })
      editor:command('Px console')
      editor:wait_said('Name the engine')
      editor:command('Px console 9')
      editor:wait_said('there is no engine 9')
      editor:lua("vim.env.PATH = '/nowhere'")
      editor:command('Px console 2')
      editor:wait_said('--existing')
    end,
  },
}
