-- Sets up what is needed from the start: a command, `<Plug>` maps, and autocommands. Everything else is loaded on demand.

if vim.g.loaded_pxlens then
  return
end
vim.g.loaded_pxlens = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.schedule(function()
    vim.notify('pxlens needs Neovim 0.11 or later; update Neovim to use it', vim.log.levels.ERROR)
  end)
  return
end

vim.api.nvim_create_user_command('Px', function(command)
  require('pxlens.commands').execute(command)
end, {
  nargs = '*',
  range = true,
  bang = true,
  desc = 'Run %px cells on all engines, and see what they answered',
  complete = function(lead, line)
    return require('pxlens.commands').complete(lead, line)
  end,
})

local function map(modes, name, run, description)
  vim.keymap.set(modes, ('<Plug>(pxlens-%s)'):format(name), run, { desc = description })
end

local commands = {
  { 'run', 'Run the px cell at the cursor' },
  { 'above', 'Run the px cells above' },
  { 'below', 'Run this px cell and those below' },
  { 'all', 'Run all px cells' },
  { 'rerun', 'Run again on the engines that failed' },
  { 'canary', 'Run on one engine first' },
  { 'interrupt', 'Interrupt the run at the cursor' },
  { 'result', 'Show the card of the run at the cursor' },
  { 'group', 'Change the grouping of the output' },
  { 'open', 'Open the whole output' },
  { 'images', 'Open the images in the browser' },
  { 'yank', 'Yank the output' },
  { 'clear', 'Clear the outputs' },
  { 'compare', 'Compare with the previous run' },
  { 'quickfix', 'List the errors' },
}
for _, command in ipairs(commands) do
  local name, description = unpack(command)
  map('n', name, ('<Cmd>Px %s<CR>'):format(name), description)
end
map('x', 'run', ':Px run<CR>', 'Run the px cells of the selection')
map({ 'n', 'x', 'o' }, 'next-cell', function()
  require('pxlens.cells').jump(vim.v.count1)
end, 'Next px cell')
map({ 'n', 'x', 'o' }, 'previous-cell', function()
  require('pxlens.cells').jump(-vim.v.count1)
end, 'Previous px cell')
map({ 'x', 'o' }, 'inner-cell', function()
  require('pxlens.cells').select('inner')
end, 'The code of a px cell')
map({ 'x', 'o' }, 'a-cell', function()
  require('pxlens.cells').select('whole')
end, 'A px cell')

local group = vim.api.nvim_create_augroup('pxlens', {})
local function on(events, pattern, run)
  vim.api.nvim_create_autocmd(events, { group = group, pattern = pattern, callback = run })
end
on('BufReadCmd', 'px-output:///*', function(event)
  require('pxlens.document').read(event.buf, event.match)
end)
on('LspAttach', '*', function(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if client and client.name == 'pxlens' then
    require('pxlens.client').attached(client, event.buf)
  end
end)
-- The server knows a buffer by its name. Neovim tells it about a new name only when the buffer is written, and does not tell plugins.
-- When a nameless buffer gets its first name, Neovim triggers `BufWipeout` for the nameless one.
on({ 'BufFilePre', 'BufWipeout' }, '*', function(event)
  if event.event == 'BufWipeout' and vim.api.nvim_buf_get_name(event.buf) ~= '' then
    return
  end
  for _, client in ipairs(vim.lsp.get_clients({ name = 'pxlens', bufnr = event.buf })) do
    require('pxlens.client').renamed(client, event.buf)
  end
end)
on('LspDetach', '*', function(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if client and client.name == 'pxlens' then
    require('pxlens.client').detached(client, event.buf)
  end
end)
on('ColorScheme', '*', function()
  require('pxlens.highlights').define()
end)

if require('pxlens.config').get().enable then
  vim.lsp.enable('pxlens')
end
