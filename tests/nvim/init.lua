-- What a user's init.lua is to the Neovim under test: the plugin on the runtimepath, and nothing set up.

vim.opt.runtimepath:prepend(vim.env.PXLENS_TEST_PLUGIN)
-- To look for one takes seconds, and nothing here needs it.
vim.g.loaded_python3_provider = 0
vim.opt.swapfile = false
vim.opt.shortmess:append('aoOtTIF')
vim.lsp.config('pxlens', { cmd = { vim.env.PXLENS_TEST_SERVER, 'lsp' } })

-- Nobody is there to read and press Enter: what is said is kept.
_G.said = {}
vim.notify = function(text, level)
  _G.said[#_G.said + 1] = { text = text, level = level }
end
vim.notify_once = vim.notify
