-- What can be done with a result: entered, copied, compared, exported, looked at; and moving among px cells.

local expect = require('expect')

--- Opens a script, runs its first cell, and waits until that is over.
local function ran(editor, lines)
  editor:open('ran.py', lines)
  editor:command('Px run')
  editor:wait('the end of the run', function()
    local sign = editor:signs()[0]
    return sign == '✓' or sign == '✗'
  end)
end

local function lines_here(editor)
  return editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
end

local LONG = { '%%px', 'for i in range(200): print("row", i)' }

return {
  {
    'the whole output opens in a float, where it can be searched and yanked',
    function(editor)
      ran(editor, LONG)
      editor:command('Px open')
      editor:wait('the last row', function()
        return vim.list_contains(lines_here(editor), 'row 199')
      end)
      expect.equal(editor:lua('return vim.api.nvim_win_get_config(0).relative'), 'editor')
      expect.equal(editor:lua('return vim.bo.modifiable'), false)
      editor:type('/row 150<CR>yy')
      expect.equal(editor:lua("return vim.fn.getreg('\"')"), 'row 150\n')
      editor:type('q')
      expect.equal(editor:lua("return vim.fn.expand('%:t')"), 'ran.py')
    end,
  },
  {
    'an output opens in a split by its address, of one engine as well',
    function(editor)
      ran(editor, { '%px print("I am", rank)' })
      editor:command('Px open split 2')
      editor:wait('what engine 2 wrote', function()
        return vim.list_contains(lines_here(editor), 'I am 2')
      end)
      expect.equal(editor:lua('return #vim.api.nvim_list_wins()'), 2)
      local name = editor:lua('return vim.api.nvim_buf_get_name(0)')
      expect.holds({ name }, 'px-output:///run-')
      editor:command('edit ' .. name:gsub('raw%-2', 'fold'))
      editor:wait('all of it', function()
        return #lines_here(editor) > 1
      end)
      expect.holds(lines_here(editor), 'Parallel execution on engine(s): [0-3]')
    end,
  },
  {
    'an output that is open grows while the run goes on',
    function(editor)
      local gate = editor.folder .. '/gate'
      editor:open('grows.py', {
        '%%px',
        'import os, time',
        'print("first", flush=True)',
        ('while not os.path.exists(%q): time.sleep(0.01)'):format(gate),
        'print("second")',
      })
      editor:command('Px run')
      editor:wait_under('first')
      editor:command('Px open vsplit')
      editor:wait('the first line', function()
        return table.concat(lines_here(editor)):find('first', 1, true)
      end)
      vim.fn.writefile({}, gate)
      editor:wait('the second line', function()
        return table.concat(lines_here(editor)):find('second', 1, true)
      end)
    end,
  },
  {
    'a link of the server’s opens the same buffer',
    function(editor)
      ran(editor, LONG)
      editor:lua([[
        local client = vim.lsp.get_clients({ name = 'pxlens' })[1]
        client:request('px/runs', vim.empty_dict(), function(_, result)
          client:exec_cmd({
            command = 'pxlens.server.showOutput',
            arguments = { { run = result.runs[1].run } },
          }, { bufnr = 0 })
        end)
      ]])
      editor:wait('the output', function()
        return vim.list_contains(lines_here(editor), 'row 199')
      end)
      expect.holds({ editor:lua('return vim.api.nvim_buf_get_name(0)') }, 'px-output:///run-')
    end,
  },
  {
    'a result is yanked as text, and copied by a link',
    function(editor)
      ran(editor, { '%px print("copy me")' })
      editor:command('Px yank a')
      editor:wait_lua('a register', "return vim.fn.getreg('a'):find('copy me', 1, true) ~= nil")
      editor:lua([[
        local client = vim.lsp.get_clients({ name = 'pxlens' })[1]
        client:request('px/runs', vim.empty_dict(), function(_, result)
          local argument = { run = result.runs[1].run }
          client:exec_cmd({ command = 'pxlens.server.copy', arguments = { argument } }, { bufnr = 0 })
        end)
      ]])
      editor:wait_lua('the unnamed register', [[return vim.fn.getreg('"'):find('copy me', 1, true) ~= nil]])
    end,
  },
  {
    'the card, a comparison and a report are shown to read',
    function(editor)
      ran(editor, { '%px print("card")' })
      editor:command('Px result')
      editor:wait('the card', function()
        return table.concat(lines_here(editor)):find('Parallel execution', 1, true)
      end)
      editor:type('q')
      editor:command('Px compare')
      editor:wait_said('there is nothing to compare it with')
      editor:command('Px export markdown report.md')
      editor:wait_said('Wrote ')
      local report = table.concat(vim.fn.readfile(editor.folder .. '/report.md'), '\n')
      expect.holds({ report }, 'card')
      editor:command('Px export markdown report.md')
      editor:wait_said('already exists')
      vim.fn.writefile({ 'old' }, editor.folder .. '/report.md')
      editor:command('Px! export markdown report.md')
      editor:wait('the report in its place', function()
        return vim.fn.readfile(editor.folder .. '/report.md')[1] ~= 'old'
      end)
    end,
  },
  {
    'images open in the browser on one page',
    function(editor)
      editor:lua('vim.ui.open = function(path) _G.opened = path end')
      ran(editor, {
        '%%px',
        'from IPython.display import SVG, display',
        [[display(SVG("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>"))]],
      })
      editor:command('Px images')
      local page = editor:wait_lua('a page', 'return _G.opened')
      local html = table.concat(vim.fn.readfile(page), '\n')
      expect.holds({ html }, '<img src="image-1.svg"')
      expect.lacks({ html }, '<svg')
      assert(vim.uv.fs_stat(vim.fs.dirname(page) .. '/image-1.svg'))
    end,
  },
  {
    'engines and clusters are listed',
    function(editor)
      editor:open('list.py', { '%px 1' })
      editor:command('Px engines')
      editor:wait('four engines', function()
        return #lines_here(editor) == 4 and editor:lua('return vim.bo.filetype') == 'pxlens-output'
      end)
      editor:type('q')
      editor:command('Px clusters')
      editor:wait('the cluster', function()
        return table.concat(lines_here(editor)):find('in use, 4 engines', 1, true)
      end)
    end,
  },
  {
    'one goes to the next px cell and back, and operators take a cell',
    function(editor)
      editor:open('cells.py', { '%%px', 'one = 1', '', '# %%', 'x = 0', '# %%', '%%px', 'two = 2', 'three = 3' })
      editor:lua([[
        vim.keymap.set('n', ']x', '<Plug>(pxlens-next-cell)')
        vim.keymap.set('n', '[x', '<Plug>(pxlens-previous-cell)')
        vim.keymap.set({ 'x', 'o' }, 'ipx', '<Plug>(pxlens-inner-cell)')
        vim.keymap.set({ 'x', 'o' }, 'apx', '<Plug>(pxlens-a-cell)')
      ]])
      local function keys(text)
        editor:lua("vim.api.nvim_feedkeys(vim.keycode(...), 'mtx', false)", text)
      end
      local function row()
        return editor:lua('return vim.api.nvim_win_get_cursor(0)[1]')
      end
      keys(']x')
      expect.equal(row(), 7)
      keys('[x')
      expect.equal(row(), 1)
      keys('yipx')
      expect.equal(editor:lua("return vim.fn.getreg('\"')"), 'one = 1\n')
      keys(']xjyipx')
      expect.equal(editor:lua("return vim.fn.getreg('\"')"), 'two = 2\nthree = 3\n')
      -- Where there is no code, or no cell, an operator does nothing.
      editor:lua([[vim.api.nvim_buf_set_lines(0, -1, -1, false, { '# %%', '%px four = 4', '# %%', '%%px', '# %%' })]])
      editor:lua('vim.api.nvim_win_set_cursor(0, { 11, 0 })')
      keys('yipx')
      expect.equal(editor:lua("return vim.fn.getreg('\"')"), 'four = 4')
      keys('cipxfive = 5<Esc>')
      expect.equal(editor:lua('return vim.api.nvim_get_current_line()'), '%px five = 5')
      for _, line in ipairs({ 13, 5 }) do
        editor:lua('vim.api.nvim_win_set_cursor(0, { ..., 0 })', line)
        local before = editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
        keys('yipx')
        keys('cipx')
        expect.equal(editor:lua('return vim.fn.mode(1)'), 'n')
        expect.equal(editor:lua("return vim.fn.getreg('\"')"), 'four = 4')
        expect.equal(editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), before)
      end
      editor:lua('vim.api.nvim_buf_set_lines(0, 9, -1, false, {})')
      editor:lua('vim.api.nvim_win_set_cursor(0, { 8, 0 })')
      keys('yapx')
      expect.equal(editor:lua("return vim.fn.getreg('\"')"), '%%px\ntwo = 2\nthree = 3\n')
      keys('vapxd')
      expect.equal(editor:lua('return vim.api.nvim_buf_line_count(0)'), 6)
    end,
  },
  {
    'commands complete, as far as the server announced them',
    function(editor)
      editor:open('complete.py', { '%px 1' })
      local function complete(line)
        return editor:lua("return vim.fn.getcompletion(..., 'cmdline')", line)
      end
      expect.holds(complete('Px r'), 'rerun')
      expect.equal(complete('Px group e'), { 'engine' })
      expect.equal(complete('Px rerun '), { 'failed', 'differing' })
      expect.equal(complete('Px rerun failed '), {})
      expect.equal(complete('Px console '), { '0', '1', '2', '3' })
      expect.equal(complete('Px open split f'), { 'fold' })
      vim.fn.writefile({}, editor.folder .. '/report.md')
      expect.equal(complete('Px export markdown rep'), { 'report.md' })
      for _, name in ipairs({
        'above',
        'all',
        'below',
        'canary',
        'clear',
        'clusters',
        'compare',
        'console',
        'engines',
        'export',
      }) do
        expect.holds(complete('Px '), name)
      end
      editor:lua([[
        local client = vim.lsp.get_clients({ name = 'pxlens' })[1]
        client.server_capabilities.experimental.pxlens.commands = { 'pxlens.server.run' }
      ]])
      expect.holds(complete('Px '), 'run')
      expect.lacks(complete('Px '), 'group')
      editor:command('Px group engine')
      editor:wait_said('This server does not support `:Px group`')
      editor:command('Px nonsense')
      editor:wait_said('There is no `:Px nonsense`')
    end,
  },
  {
    'groups have colours, and a user’s own go before',
    function(editor)
      editor:lua("vim.api.nvim_set_hl(0, 'PxlensNote', { fg = '#123456' })")
      ran(editor, { '%px print("odd" if rank % 2 else "even")' })
      local colours = {}
      for _, mark in ipairs(editor:marks()) do
        for _, chunks in ipairs(mark.details.virt_lines or {}) do
          if chunks[2] and chunks[2][1]:match('^%[') then
            colours[#colours + 1] = chunks[2][2]
          end
        end
      end
      expect.equal(colours, { 'PxlensGroup1', 'PxlensGroup2' })
      expect.equal(editor:lua("return vim.api.nvim_get_hl(0, { name = 'PxlensNote' }).fg"), 0x123456)
    end,
  },
  {
    'when the server ends, what it painted goes',
    function(editor)
      ran(editor, { '%px 1' })
      assert(#editor:marks() > 0)
      editor:lua("vim.lsp.enable('pxlens', false)")
      editor:wait('no extmark', function()
        return #editor:marks() == 0
      end)
      editor:command('Px run')
      editor:wait_said('No pxlens server runs for this buffer')
    end,
  },
  {
    'a selection runs the cells that it touches, and one cell alone is cleared',
    function(editor)
      editor:open('part.py', { '%px 1', '# %%', '%px 2', '# %%', '%px 3' })
      editor:type('ggVjj:Px run<CR>')
      editor:wait('the first two', function()
        return vim.deep_equal(editor:signs(), { [0] = '✓', [2] = '✓' })
      end)
      editor:type('3G')
      editor:command('Px clear cell')
      editor:wait('the first one', function()
        return vim.deep_equal(editor:signs(), { [0] = '✓' })
      end)
      expect.equal(editor:under(2), {})
    end,
  },
  {
    'a grouping is chosen from a list where none is named',
    function(editor)
      editor:lua([[
        vim.ui.select = function(items, options, done)
          _G.offered = { items, options.prompt }
          done(items[3])
        end
      ]])
      ran(editor, { '%px print("same")' })
      editor:command('Px group')
      editor:wait_under('[3] same')
      expect.equal(editor:lua('return _G.offered'), { { 'fold', 'type', 'engine', 'order' }, 'Group by' })
    end,
  },
  {
    'two buffers have results of their own, and each shows them in all its windows',
    function(editor)
      ran(editor, { '%px "first"' })
      editor:open('second.py', { '%px "second"' })
      editor:command('Px run')
      editor:wait_under("'second'")
      expect.lacks(editor:under(), "'first'")
      editor:command('split ran.py')
      expect.holds(editor:under(), "'first'")
      local screen = editor:screen()
      expect.holds(screen, "'first'")
      expect.holds(screen, "'second'")
    end,
  },
  {
    'what the user does not want to see is not painted',
    function(editor)
      editor:lua("require('pxlens').setup({ block = false, line = false, lens = false })")
      ran(editor, { '%px print("quiet")' })
      expect.equal(#editor:marks(), 1, 'the sign is left')
      expect.equal(editor:lua('return #vim.lsp.codelens.get(0)'), 0)
    end,
  },
  {
    'a buffer without a name is served too',
    function(editor)
      editor:command('enew')
      editor:lua([[
        vim.api.nvim_buf_set_lines(0, 0, -1, false, { '%px "nameless"' })
        vim.bo.filetype = 'python'
      ]])
      editor:wait_lens('▶ Run on 4 engines')
      editor:command('Px run')
      editor:wait_under("'nameless'")
      expect.equal(editor:lua('return _G.said'), {})
    end,
  },
}
