-- Runs under way and over: streaming, errors, interrupting, regrouping, staleness, clearing, floods.

local expect = require('expect')

--- Runs the cell at a line (1-based) with `:Px run`.
local function run(editor, line, command)
  editor:lua('vim.api.nvim_win_set_cursor(0, { ..., 0 })', line)
  editor:command(command or 'Px run')
end

local function errors(editor)
  return editor:lua([[
    return vim.tbl_map(function(diagnostic)
      return { row = diagnostic.lnum, severity = diagnostic.severity, message = diagnostic.message }
    end, vim.diagnostic.get(0))
  ]])
end

return {
  {
    'nothing is said or started by opening a file, and `:Px run` runs what is at the cursor only',
    function(editor)
      editor:open('two.py', { '%%px', 'print("one")', '# %%', '%%px', 'print("two")' })
      expect.equal(editor:lua('return _G.said'), {})
      run(editor, 5)
      editor:wait_sign('✓', 4)
      expect.equal(editor:under(1), {}, 'the first cell did not run')
      expect.holds(editor:under(4), 'two')
    end,
  },
  {
    'output is seen while the run goes on',
    function(editor)
      local gate = editor.folder .. '/gate'
      editor:open('stream.py', {
        '%%px',
        'import os, time',
        'print("before the gate", flush=True)',
        ('while not os.path.exists(%q): time.sleep(0.01)'):format(gate),
        'print("behind the gate")',
      })
      run(editor, 1)
      editor:wait_under('before the gate')
      editor:wait_sign('▶')
      editor:wait_lua('the status', "return require('pxlens').status() == 'px ▶ 1 running'")
      expect.lacks(editor:under(), 'behind the gate')
      vim.fn.writefile({}, gate)
      editor:wait_under('behind the gate')
      editor:wait_sign('✓')
      expect.equal(editor:signs(), { [0] = '✓' })
      editor:wait_lua('an empty status', "return require('pxlens').status() == ''")
    end,
  },
  {
    'an error is a diagnostic on the line that raised, and an entry of the quickfix list',
    function(editor)
      editor:open(
        'raises.py',
        { '%%px', 'def f(x):', '    return 1 / x', 'f(rank - 2)', '# %%', '%%px --nonsense', '1' }
      )
      run(editor, 1)
      editor:wait_sign('✗')
      editor:wait('a diagnostic of the magic and one of the engines', function()
        return #errors(editor) == 2
      end)
      local raised = vim.tbl_filter(function(one)
        return one.row == 2 and one.severity == 1
      end, errors(editor))
      expect.holds({ raised[1].message }, 'ZeroDivisionError')
      expect.equal(editor:signs()[0], '✗')
      editor:command('Px quickfix')
      local list = editor:lua('return vim.fn.getqflist()')
      expect.equal({ list[1].lnum, list[1].type }, { 3, 'E' })
      for _, entry in ipairs(list) do
        assert(not entry.text:find('nonsense', 1, true), 'what no engine raised is in the list')
      end
      expect.holds({ list[1].text }, 'ZeroDivisionError')
      expect.equal(editor:lua('return vim.bo.buftype'), 'quickfix', 'the list is open')
    end,
  },
  {
    'the quickfix list goes on into the files that the traceback names',
    function(editor)
      vim.fn.writefile({ 'def divide(x):', '    return 1 / x' }, editor.folder .. '/deeper.py')
      local path = ('import sys; sys.path.insert(0, %q)'):format(editor.folder)
      editor:open('deep.py', { '%%px', path, 'import deeper; deeper.divide(0)' })
      run(editor, 1)
      editor:wait_sign('✗')
      editor:wait('a diagnostic', function()
        return #errors(editor) > 0
      end)
      editor:command('Px quickfix')
      local list = editor:lua([[
        return vim.tbl_map(function(entry)
          return ('%s:%d'):format(vim.fs.basename(vim.api.nvim_buf_get_name(entry.bufnr)), entry.lnum)
        end, vim.fn.getqflist())
      ]])
      expect.equal(list[1], 'deep.py:3')
      expect.equal(list[2], 'deeper.py:2')
    end,
  },
  {
    '`:Px rerun` runs again on the engines that failed',
    function(editor)
      editor:open('again.py', { '%%px', 'assert rank != 1' })
      run(editor, 1)
      editor:wait_sign('✗')
      run(editor, 1, 'Px rerun failed')
      editor:wait_under('engine(s): [1]')
    end,
  },
  {
    '`:Px interrupt` ends a run that would never end',
    function(editor)
      editor:open(
        'endless.py',
        { '%%px', 'import time', 'print("at work", flush=True)', 'while True: time.sleep(0.01)' }
      )
      run(editor, 1)
      editor:wait_under('at work')
      editor:command('Px interrupt')
      editor:wait_sign('✗')
      editor:wait_under('KeyboardInterrupt')
      editor:command('Px interrupt')
      editor:wait_said('There is no run to interrupt')
    end,
  },
  {
    'what a lost shell left running is shown, and stopped by `:Px interrupt mine`, or for some engines after asking',
    function(editor)
      local place = require('place')
      local lost = editor.folder .. '/lost.py'
      vim.fn.writefile({ '%%px', 'import time', 'print("lost", flush=True)', 'while True: time.sleep(0.01)' }, lost)
      -- A shell of the same user, which is killed while its engines work.
      local said, got = '', 0
      local job = vim.fn.jobstart({ place.server, 'run', '--json', lost }, {
        env = { HOME = editor.home, IPYTHONDIR = editor.cluster.folder .. '/ipython' },
        on_stdout = function(_, data)
          said = said .. table.concat(data, '\n')
          got = select(2, said:gsub('lost\\n', ''))
        end,
      })
      editor:wait('the loops', function()
        return got >= 4
      end)
      vim.uv.kill(vim.fn.jobpid(job), 'sigkill')
      vim.fn.jobwait({ job })
      editor:open('later.py', { '%px print("later")' })
      local function engines_say(words, count)
        editor:wait(words, function()
          editor:command('Px engines')
          local shown = editor:wait('the engines', function()
            local lines = editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
            return #lines == 4 and table.concat(lines, '\n')
          end)
          editor:type('q')
          return select(2, shown:gsub(words, '')) == count
        end)
      end
      engines_say('for another window or shell of yours', 4)
      editor:command('Px run')
      editor:wait_lua(
        'the run',
        "return #require('pxlens.painter').outputs(vim.lsp.get_clients({ name = 'pxlens' })[1].id):live() > 0"
      )
      editor:command('Px interrupt')
      editor:wait_said('another window or shell of yours and were left alone')
      editor:wait_sign('✗')
      editor:lua([[vim.ui.select = function(_, opts, choose)
        _G.asked = opts.prompt
        choose('Interrupt')
      end]])
      editor:command('Px interrupt [0-1]')
      editor:wait_said('Engines 0, 1: interrupted')
      expect.equal(
        editor:lua('return _G.asked'),
        'Engines work: 0, 1 for another window or shell of yours. Interrupt that too?'
      )
      engines_say('idle', 2)
      editor:command('Px interrupt mine')
      editor:wait_said('Engines 2, 3: interrupted')
      engines_say('idle', 4)
      editor:command('Px interrupt mine')
      editor:wait_said('No engine has anything to do')
    end,
  },
  {
    '`:Px group engine` lays the same run out otherwise, in place',
    function(editor)
      editor:open('group.py', { '%%px', 'print("same")' })
      run(editor, 1)
      editor:wait_sign('✓')
      expect.holds(editor:under(), '[0-3] same')
      local before = #editor:marks()
      editor:command('Px group engine')
      editor:wait_under('[2] same')
      expect.equal(#editor:marks(), before, 'extmarks are rewritten, not added')
      editor:command('Px group fold')
      editor:wait_under('[0-3] same')
    end,
  },
  {
    'an edit makes a result stale, and undoing it makes it fresh again',
    function(editor)
      editor:open('stale.py', { '%%px', 'print("fresh")' })
      run(editor, 1)
      editor:wait_sign('✓')
      editor:type('GA # changed<Esc>')
      editor:wait_behind('≈')
      expect.equal(editor:signs(), { [0] = '≈' })
      expect.holds(editor:under(), 'fresh')
      editor:type('u')
      editor:wait_sign('✓')
    end,
  },
  {
    'outputs move with the text, and go with their cell',
    function(editor)
      editor:open('moves.py', { '# %%', '%%px', 'print("down")', '# %%', 'x = 1' })
      run(editor, 2)
      editor:wait_sign('✓', 2)
      editor:type('ggO# a line above<Esc>')
      -- At once, before the server has heard of it.
      expect.holds(editor:under(3), 'down')
      expect.equal(editor:signs(), { [2] = '✓' })
      editor:cells()
      expect.holds(editor:under(3), 'down')
      editor:type('2Gd2j')
      editor:wait('no extmark', function()
        return #editor:marks() == 0
      end)
    end,
  },
  {
    '`:Px clear` leaves nothing: no lines, no signs, no diagnostics',
    function(editor)
      editor:open('clear.py', { '%%px', 'print("m" + "uch")', '1 / 0', '# %%', '%px 1 + 1' })
      run(editor, 1)
      editor:wait_sign('✗')
      run(editor, 5)
      editor:wait_sign('✓', 5)
      expect.holds(editor:screen(), 'much')
      editor:command('Px clear')
      editor:wait('nothing', function()
        return #editor:marks() == 0 and #errors(editor) == 0
      end)
      expect.lacks(editor:screen(), 'much')
      run(editor, 5)
      editor:wait_sign('✓', 5)
    end,
  },
  {
    '5,000 streamed lines cost few rewrites, and the last line is shown',
    function(editor)
      editor:open('flood.py', {
        '%%px -t 0',
        'import sys',
        'for i in range(5000):',
        '    print("line", i)',
        '    sys.stdout.flush()',
      })
      run(editor, 1)
      editor:wait_sign('✓')
      editor:wait_under('line 4999')
      local counts = editor:lua("return require('pxlens.painter').counts")
      local report = '        5,000 lines: %d messages, %d rewrites of the block\n'
      io.stdout:write(report:format(counts.messages, counts.blocks))
      assert(counts.blocks >= 1 and counts.blocks <= 100, vim.inspect(counts))
      assert(#editor:under() <= 42, 'the block is capped')
      expect.equal(#editor:marks(), 3, 'one extmark each for block, line and sign')
    end,
  },
  {
    '`:Px all` runs in order, and what follows a failure does not run',
    function(editor)
      editor:open('all.py', { '%px 1', '# %%', '%px 1 / 0', '# %%', '%px 3' })
      run(editor, 3, 'Px all')
      editor:wait_sign('✗', 5)
      expect.equal(editor:signs(), { [0] = '✓', [2] = '✗', [4] = '✗' })
      expect.holds(editor:under(4), 'not run: a cell before it failed')
    end,
  },
  {
    '`:Px run [1]` and a canary run where they are told to',
    function(editor)
      editor:open('where.py', { '%px rank' })
      run(editor, 1, 'Px run [1]')
      editor:wait_under('engine(s): [1]')
      -- It is a result of this code, and says of which engines: what the command chose is no change of the cell.
      editor:wait_sign('✓')
      run(editor, 1, 'Px canary')
      editor:wait_under('engine(s): [0-3]')
      editor:wait_sign('✓')
    end,
  },
  {
    'what cannot run is said in words',
    function(editor)
      editor:open('refused.py', { '%px 1', '# %%', '%%px -t 9', 'x = 1' })
      run(editor, 3)
      editor:wait_said('9')
    end,
  },
}
