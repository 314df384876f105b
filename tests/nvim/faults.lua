-- What goes wrong in a user's day: typing while output comes, reloading, deleting, hiding, a server that dies.

local expect = require('expect')

local function run(editor, line)
  editor:lua('vim.api.nvim_win_set_cursor(0, { ..., 0 })', line)
  editor:command('Px run')
end

--- A cell that writes until its gate opens.
local function streaming(editor)
  return {
    '%%px -t 0',
    'import os, time',
    ('while not os.path.exists(%q):'):format(editor.folder .. '/gate'),
    '    print("tick", flush=True); time.sleep(0.02)',
    'print("done ticking")',
  }
end

return {
  {
    'typing above a cell while its output comes leaves one extmark of each kind, at the right rows',
    function(editor)
      local lines = { '# %%', 'x = 0', '# %%' }
      vim.list_extend(lines, streaming(editor))
      editor:open('typing.py', lines)
      run(editor, 4)
      editor:wait_under('tick')
      for i = 1, 12 do
        editor:type(('2GOy = %d<Esc>'):format(i))
        local painted = editor:lua("return require('pxlens.painter').counts.blocks")
        editor:wait_lua('another painting', "return require('pxlens.painter').counts.blocks > ...", painted)
      end
      vim.fn.writefile({}, editor.folder .. '/gate')
      editor:wait_under('done ticking')
      editor:wait_sign('✓', 16)
      expect.equal(#editor:marks(), 3)
      expect.holds(editor:under(19), 'done ticking')
    end,
  },
  {
    'a line that is deleted and put back at once takes no output along',
    function(editor)
      editor:open('back.py', { '%%px', 'print("still", "here")' })
      run(editor, 1)
      editor:wait_sign('✓')
      editor:type('2Gddu')
      editor:wait_under('still here', 1)
      editor:wait_behind('✓')
    end,
  },
  {
    'a hundred cells have a hundred results, and one that runs again rewrites its own only',
    function(editor)
      local lines = { '# %%', '%%px -t 0', 'n = globals().get("n", 0) + 1; print("run", n)' }
      for i = 2, 100 do
        vim.list_extend(lines, { '# %%', '%%px -t 0', ('print("cell", %d)'):format(i) })
      end
      editor:open('many.py', lines)
      run(editor, 2)
      editor:wait_sign('✓', 2)
      editor:command('Px all')
      editor:wait('a hundred results', function()
        return vim.tbl_count(editor:signs()) == 100 and editor:signs()[298] == '✓'
      end)
      expect.holds(editor:under(299), 'cell 100')
      local before = editor:lua("return require('pxlens.painter').counts.blocks")
      run(editor, 2)
      editor:wait('the first cell again', function()
        return table.concat(editor:under(2)):find('run 3', 1, true)
      end)
      local after = editor:lua("return require('pxlens.painter').counts.blocks")
      assert(after - before < 10, ('%d blocks rewritten'):format(after - before))
    end,
  },
  {
    'a run that ends while its buffer is hidden is there when one comes back',
    function(editor)
      editor:open('hidden.py', streaming(editor))
      run(editor, 1)
      editor:wait_under('tick')
      editor:command('hide enew')
      vim.fn.writefile({}, editor.folder .. '/gate')
      editor:wait_lua('the end', "return require('pxlens').counts().running == 0")
      editor:command('buffer hidden.py')
      editor:wait_under('done ticking')
      expect.holds(editor:screen(), 'done ticking')
    end,
  },
  {
    'reading a file again leaves nothing behind that is not so, and cells can run on',
    function(editor)
      editor:open('reload.py', { '%px print("again")' })
      run(editor, 1)
      editor:wait_sign('✓')
      editor:command('edit!')
      editor:wait_lua('the server', "return #vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 }) == 1")
      run(editor, 1)
      editor:wait_under('again')
      editor:wait_sign('✓')
      expect.equal(#editor:marks(), 3)
    end,
  },
  {
    'a file under another name is served under that, with its results',
    function(editor)
      for i, how in ipairs({ 'saveas', 'file' }) do
        editor:open(('old%d.py'):format(i), { '%px print("old")' })
        run(editor, 1)
        editor:wait_under('old')
        editor:command(('%s %s/new%d.py'):format(how, editor.folder, i))
        editor:wait_lua('the server', "return #vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 }) == 1")
        editor:wait_under('old')
        editor:lua('vim.api.nvim_buf_set_lines(0, 0, 1, false, { \'%px print("new")\' })')
        editor:wait_lua('the server', "return #vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 }) == 1")
        run(editor, 1)
        editor:wait_under('new')
        editor:command('Px clear')
        editor:wait('no extmark', function()
          return #editor:marks() == 0
        end)
        editor:command('bwipeout!')
      end
    end,
  },
  {
    'a buffer that gets its first name is served from then on',
    function(editor)
      editor:command('enew')
      editor:lua('vim.api.nvim_buf_set_lines(0, 0, -1, false, { \'%px print("named")\' })')
      editor:command(('write %s/named.py'):format(editor.folder))
      editor:command('edit')
      editor:wait_lua('the server', "return #vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 }) == 1")
      run(editor, 1)
      editor:wait_under('named')
      -- One that is a script already, and gets its name later.
      editor:command('enew')
      editor:command('setfiletype python')
      editor:lua('vim.api.nvim_buf_set_lines(0, 0, -1, false, { \'%px print("late")\' })')
      editor:command(('write %s/late.py'):format(editor.folder))
      editor:wait_lua('the server', "return #vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 }) == 1")
      run(editor, 1)
      editor:wait_under('late')
    end,
  },
  {
    'a run whose buffer is gone can be interrupted',
    function(editor)
      editor:open('gone.py', { '%%px', 'import time', 'print("begun", flush=True)', 'time.sleep(600)' })
      run(editor, 1)
      editor:wait_under('begun')
      editor:command('bdelete!')
      editor:open('after.py', { '%px "after"' })
      editor:command('Px interrupt')
      run(editor, 1)
      editor:wait_under('after')
    end,
  },
  {
    'two projects have a server each, and an output stays with its own',
    function(editor)
      for _, name in ipairs({ 'first', 'second' }) do
        vim.fn.mkdir(('%s/%s/.git'):format(editor.folder, name), 'p')
        editor:open(('%s/cell.py'):format(name), { ('%%px print("%s")'):format(name) })
        run(editor, 1)
        editor:wait_under(name)
      end
      expect.equal(editor:lua("return #vim.lsp.get_clients({ name = 'pxlens' })"), 2)
      for _, name in ipairs({ 'second', 'first' }) do
        editor:command(('buffer %s/%s/cell.py'):format(editor.folder, name))
        editor:command('Px open')
        editor:wait('its output', function()
          local lines = editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
          return editor:lua('return vim.bo.filetype') == 'pxlens-output' and table.concat(lines):find(name, 1, true)
        end)
        editor:command("let @a = ''")
        editor:command('Px yank a')
        editor:wait('what was yanked', function()
          return editor:lua("return vim.fn.getreg('a')"):find(name, 1, true)
        end)
        editor:command('close')
      end
      -- What is under way in the other project is seen and stopped from here.
      editor:open('second/slow.py', { '%%px', 'import time', 'print("begun", flush=True)', 'time.sleep(600)' })
      run(editor, 1)
      editor:wait_under('begun')
      editor:command(('buffer %s/first/cell.py'):format(editor.folder))
      assert(editor:lua("return require('pxlens.status').text()"):find('1 running', 1, true), 'it is counted')
      editor:command('Px interrupt')
      editor:command(('buffer %s/second/slow.py'):format(editor.folder))
      editor:wait_sign('✗')
    end,
  },
  {
    'words that a command does not know do nothing',
    function(editor)
      editor:open('words.py', { '%px 1' })
      run(editor, 1)
      editor:wait_sign('✓')
      editor:command('Px clear cel')
      editor:wait_said('takes `cell` or nothing')
      editor:command('Px yank %')
      editor:wait_said('Cannot yank into register "%')
      assert(#editor:marks() > 0, 'nothing was cleared')
    end,
  },
  {
    'a buffer that is wiped out while its cell runs is no error',
    function(editor)
      editor:open('wiped.py', streaming(editor))
      run(editor, 1)
      editor:wait_under('tick')
      editor:command('bwipeout!')
      vim.fn.writefile({}, editor.folder .. '/gate')
      editor:open('next.py', { '%px "next"' })
      run(editor, 1)
      editor:wait_under('next')
      expect.equal(editor:lua('return _G.said'), {})
      expect.equal(table.concat(editor.errors), '')
    end,
  },
  {
    'when the server dies, what it painted goes, and one is told where to look',
    function(editor)
      editor:open('dies.py', { '%px 1' })
      run(editor, 1)
      editor:wait_sign('✓')
      editor:lua([[
        local client = vim.lsp.get_clients({ name = 'pxlens' })[1]
        client.rpc.terminate()
      ]])
      editor:wait('no extmark', function()
        return #editor:marks() == 0
      end)
      editor:command('Px run')
      editor:wait_said('`:checkhealth pxlens` says why')
    end,
  },
  {
    'the output of the last cell of a long file is scrolled to',
    function(editor)
      local lines = {}
      for i = 1, 100 do
        lines[i] = '# line ' .. i
      end
      vim.list_extend(lines, { '# %%', '%%px', 'for i in range(8): print("end", i)' })
      editor:open('long.py', lines)
      run(editor, 103)
      editor:wait_sign('✓', 102)
      expect.holds(editor:screen(), 'end 7')
      expect.equal(editor:lua('return vim.api.nvim_win_get_cursor(0)[1]'), 103, 'the cursor stays')
    end,
  },
  {
    'odd characters in outputs do no harm',
    function(editor)
      editor:open(
        'odd.py',
        { '%%px -t 0', 'print("tab\\there", "\\x1b[31mred\\x1b[0m", "\\x00", "漢字🙂", "e\\u0301")' }
      )
      run(editor, 1)
      editor:wait_sign('✓')
      local line = expect.holds(editor:under(), '漢字🙂')
      -- A tab is shown as one.
      assert(not line:find('[\1-\8\10-\31]'), vim.inspect(line))
      expect.holds(editor:screen(), 'red')
    end,
  },
  {
    'positions are right behind characters that take several bytes, whatever the encoding',
    function(editor)
      editor:open('wide.py', { '%%px', 'x = "漢字🙂é"; 1 / 0' })
      run(editor, 1)
      editor:wait_sign('✗')
      local found = editor:wait('a diagnostic', function()
        return editor:lua('return vim.diagnostic.get(0)')[1]
      end)
      expect.equal(found.lnum, 1)
      editor:type('2G0i# 🙂 <Esc>')
      editor:wait_sign('≈')
      editor:type('u')
      editor:wait_sign('✗')
    end,
  },
}
