-- Notebooks: as raw JSON, and as the script that jupytext.nvim shows in their place.

local expect = require('expect')

local function notebook(sources)
  local cells = {}
  for i, source in ipairs(sources) do
    cells[i] = {
      cell_type = 'code',
      id = ('cell-%d'):format(i),
      metadata = vim.empty_dict(),
      outputs = {},
      source = source,
    }
  end
  local text = vim.json.encode({ cells = cells, metadata = vim.empty_dict(), nbformat = 4, nbformat_minor = 5 })
  -- One line per string of a source, as Jupyter writes it.
  return vim.split(text:gsub('",%s*"', '",\n"'):gsub('%[', '[\n'):gsub('%]', '\n]'), '\n')
end

return {
  {
    'a notebook as raw JSON is served, and outputs stand under the lines of their cell',
    function(editor)
      editor:open('raw.ipynb', notebook({ { '%%px\n', 'print("from JSON")' } }))
      expect.equal(editor:lua('return vim.bo.filetype'), 'json')
      local magic = editor:lua([[return vim.fn.search('%%px', 'cw')]])
      editor:command('Px run')
      editor:wait_sign('✓', magic)
      expect.holds(editor:under(magic), 'from JSON')
      expect.holds(editor:screen(), 'from JSON')
    end,
  },
  {
    'other JSON is left alone',
    function(editor)
      editor:open('raw.ipynb', notebook({ { '%px 1' } }))
      vim.fn.writefile({ '{}' }, editor.folder .. '/other.json')
      editor:command('edit other.json')
      expect.equal(editor:lua('return vim.bo.filetype'), 'json')
      local other = editor:lua('return vim.api.nvim_get_current_buf()')
      -- The one that is opened after it is served.
      editor:open('later.ipynb', notebook({ { '%px 1' } }))
      expect.equal(editor:lua("return #vim.lsp.get_clients({ name = 'pxlens', bufnr = ... })", other), 0)
    end,
  },
  {
    'a notebook that is shown as a script under its own name is a script',
    function(editor)
      -- As jupytext.nvim does it: its own reading of *.ipynb, and the type of a script.
      editor:lua([[
        vim.api.nvim_create_autocmd('BufReadCmd', {
          pattern = '*.ipynb',
          callback = function(event)
            local lines = { '# %%', '%%px', 'print("paired")' }
            vim.api.nvim_buf_set_lines(event.buf, 0, -1, false, lines)
            vim.bo[event.buf].filetype = 'python'
          end,
        })
      ]])
      editor:open('paired.ipynb', notebook({ { '%%px\n', 'print("paired")' } }))
      editor:lua('vim.api.nvim_win_set_cursor(0, { 2, 0 })')
      editor:command('Px run')
      editor:wait_sign('✓', 2)
      expect.holds(editor:under(2), 'paired')
    end,
  },
}
