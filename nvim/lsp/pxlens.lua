-- How Neovim starts the server: `vim.lsp.enable('pxlens')` finds this file, and `vim.lsp.config('pxlens', {…})` overrides it.

return {
  cmd = { 'pxlens', 'lsp' },
  -- To Neovim, a notebook as raw JSON is JSON; what jupytext.nvim makes of it is Python.
  filetypes = { 'python', 'json' },
  root_dir = function(bufnr, on_dir)
    local name = vim.api.nvim_buf_get_name(bufnr)
    if vim.bo[bufnr].filetype == 'json' and not name:lower():match('%.ipynb$') then
      return
    end
    local alone = name ~= '' and vim.fs.dirname(vim.fs.normalize(name)) or vim.uv.cwd()
    on_dir(vim.fs.root(bufnr, { 'pyproject.toml', '.git' }) or alone)
  end,
  get_language_id = function(_, filetype)
    return filetype
  end,
  capabilities = {
    workspace = { codeLens = { refreshSupport = true } },
    experimental = {
      pxlens = { outputs = true, ack = true, blocks = true, copy = true, content = true },
    },
  },
  settings = {},
  handlers = require('pxlens.handlers'),
  before_init = function(params, config)
    require('pxlens.client').before_init(params, config)
  end,
}
