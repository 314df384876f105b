-- What is said in words: the health check, the help, options that are not understood, trust.

local expect = require('expect')
local place = require('place')

local function health(editor)
  editor:command('checkhealth pxlens')
  return editor:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
end

return {
  {
    '`:checkhealth pxlens` says that all is well, where it is',
    function(editor)
      editor:open('well.py', { '%px 1' })
      local said = health(editor)
      expect.holds(said, 'Neovim 0.11')
      expect.holds(said, 'pxlens 0.')
      expect.holds(said, 'Your options are valid')
      expect.holds(said, 'The server is running for 1 buffer.')
      expect.holds(said, 'has 4 engines')
      expect.lacks(said, 'ERROR')
    end,
  },
  {
    '`:checkhealth pxlens` says in plain words what is missing',
    function(editor)
      editor:lua([[
        vim.lsp.config('pxlens', { cmd = { '/nowhere/pxlens', 'lsp' } })
        require('pxlens').setup({ open = 'ceiling', colour = 'red', signs = { running = 'RUN' } })
      ]])
      local said = health(editor)
      expect.holds(said, 'The program `/nowhere/pxlens` was not found, so the server cannot start.')
      expect.holds(said, 'Put `pxlens` into a folder of $PATH')
      expect.holds(said, "`open` must be 'float', 'split', 'vsplit' or 'tab'; it is \"ceiling\"")
      expect.holds(said, 'There is no option `colour`')
      expect.holds(said, 'each false or a text of one or two columns')
      expect.holds(said, 'No server is running')
      expect.equal(editor:lua("return require('pxlens.config').get().open"), 'float')
    end,
  },
  {
    'help tags build, and every subcommand and option is in the help',
    function(editor)
      local copy = editor.folder .. '/doc'
      vim.fn.mkdir(copy)
      vim.uv.fs_copyfile(place.plugin .. '/doc/pxlens.txt', copy .. '/pxlens.txt')
      editor:command('helptags ' .. copy)
      local tags = table.concat(vim.fn.readfile(copy .. '/tags'), '\n')
      editor:open('help.py', { '%px 1' })
      for _, name in ipairs(editor:lua("return require('pxlens.commands').offered()")) do
        expect.holds({ tags }, (':Px-%s\t'):format(name))
      end
      for _, name in ipairs(editor:lua("return vim.tbl_keys(require('pxlens.config').get())")) do
        expect.holds({ tags }, ('pxlens-option-%s\t'):format(name))
      end
      for _, map in
        ipairs(editor:lua([[
        local found = {}
        for _, mode in ipairs({ 'n', 'x', 'o' }) do
          for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
            found[#found + 1] = map.lhs:match('^<Plug>%(pxlens.*')
          end
        end
        return found
      ]]))
      do
        expect.holds({ tags }, map .. '\t')
      end
    end,
  },
  {
    'in a folder that is not trusted nothing runs until the user says so',
    function(editor)
      editor:lua('vim.g.pxlens = { trusted = function() return false end }; require("pxlens").setup()')
      vim.fn.writefile({ '%px print("trusted")' }, editor.folder .. '/trust.py')
      editor:command('edit trust.py')
      editor:wait_lua('the server', "return #vim.lsp.get_clients({ name = 'pxlens', bufnr = 0 }) == 1")
      editor:command('Px run')
      editor:wait_said('trust')
      expect.equal(editor:marks(), {})
      editor:command('Px trust')
      editor:wait_lens('▶ Run on 4 engines')
      editor:command('Px run')
      editor:wait_under('trusted')
    end,
  },
  {
    'settings reach the server, those of `vim.lsp.config()` before those of the plugin',
    function(editor)
      editor:lua([[
        require('pxlens').setup({ settings = { groupBy = 'type', views = { _even = '::2' } } })
        vim.lsp.config('pxlens', { settings = { pxlens = { groupBy = 'engine' } } })
      ]])
      editor:open('settings.py', { '%px_even "same"' })
      editor:command('Px run')
      editor:wait_under("[2] Out: 'same'")
      editor:wait_under("[0] Out: 'same'")
      local kept = editor:lua("return vim.lsp.get_clients({ name = 'pxlens' })[1].settings.pxlens.groupBy")
      expect.equal(kept, 'engine')
    end,
  },
  {
    'without the program nothing is said until one asks for something',
    function(editor)
      editor:lua("vim.lsp.config('pxlens', { cmd = { '/nowhere/pxlens', 'lsp' } })")
      vim.fn.writefile({ '%px 1' }, editor.folder .. '/quiet.py')
      editor:command('edit quiet.py')
      editor:command('Px run')
      editor:wait_said('`:checkhealth pxlens` says why')
      -- What opening it would have said is scheduled before that.
      expect.equal(#editor:lua('return _G.said'), 1)
    end,
  },
}
