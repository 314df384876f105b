-- What is there when a file is opened, and what a click on a lens does.

local expect = require('expect')

local SCRIPT = { '%%px', 'print("hello from", rank)', 'rank * 10', '', '# %%', '%px rank % 2' }

return {
  {
    'a script is served without any setup, and shows what it can run',
    function(editor)
      editor:open('tour.py', SCRIPT)
      editor:wait_lens('▶ Run on 4 engines')
      expect.equal(editor:marks(), {}, 'nothing ran, so nothing is painted')
      expect.holds(editor:screen(), '▶ Run on 4 engines')
    end,
  },
  {
    'a lens runs its cell, and what the engines answered stands under it, on the screen too',
    function(editor)
      editor:open('tour.py', SCRIPT)
      editor:wait_lens('▶ Run on 4 engines')
      editor:lua('vim.api.nvim_win_set_cursor(0, { 1, 0 }); vim.lsp.codelens.run()')
      editor:wait_sign('✓')
      local lines = editor:under(2)
      expect.holds(lines, 'Parallel execution on engine(s): [0-3]')
      expect.holds(lines, 'hello from')
      expect.equal(editor:signs(), { [0] = '✓' })
      local screen = editor:screen()
      expect.holds(screen, 'hello from')
      expect.holds(screen, 'Parallel execution on engine(s): [0-3]')
    end,
  },
}
