--- `:Px`: finds the subcommand to run, and completes. The subcommands are defined in `commands/`.
local client_of = require('pxlens.client')
local document = require('pxlens.document')

local M = {}

---@class pxlens.Call
---@field client vim.lsp.Client The server of the current buffer, else any.
---@field bufnr integer
---@field args string[] The arguments of the subcommand.
---@field range? { [1]: integer, [2]: integer } The rows of the selection, 0-based.
---@field bang boolean

---@class pxlens.Subcommand
---@field run fun(call: pxlens.Call)
---@field needs? string The command that the server must have announced, without `pxlens.server.`.
---@field alone? boolean Whether it works without a server.
---@field first? string[] The choices for its first argument.
---@field complete? fun(before: string[], lead: string): string[] The choices after the arguments `before`, if a list is not enough.

local MODULES = { 'run', 'results', 'clusters' }

---@type table<string, pxlens.Subcommand>?
local all

--- All subcommands, by name.
---@return table<string, pxlens.Subcommand>
local function subcommands()
  if not all then
    all = {}
    for _, name in ipairs(MODULES) do
      all = vim.tbl_extend('error', all, require('pxlens.commands.' .. name))
    end
  end
  return all
end

--- Whether a server supports a subcommand. Without a server this is unknown, and the subcommand is offered.
---@param subcommand pxlens.Subcommand
---@param client vim.lsp.Client?
local function is_offered(subcommand, client)
  return not (client and subcommand.needs) or client_of.announced(client)['pxlens.server.' .. subcommand.needs] == true
end

--- The names of the subcommands that can be used here.
---@return string[]
function M.offered()
  local client = client_of.any()
  local names = {}
  for name, subcommand in vim.spairs(subcommands()) do
    if is_offered(subcommand, client) then
      names[#names + 1] = name
    end
  end
  return names
end

---@param command vim.api.keyset.create_user_command.command_args
function M.execute(command)
  local name = command.fargs[1] or 'run'
  local subcommand = subcommands()[name]
  if not subcommand then
    client_of.warn(('There is no `:Px %s`; use one of %s'):format(name, table.concat(M.offered(), ', ')))
    return
  end
  local shown = vim.api.nvim_buf_get_name(0)
  -- The buffer of an output is attached to no server, and each server numbers its own runs.
  local client = shown:match('^px%-output:') and document.owner(shown) or client_of.any()
  if not client and not subcommand.alone then
    client_of.warn('No pxlens server runs for this buffer; `:checkhealth pxlens` says why')
    return
  end
  if not is_offered(subcommand, client) then
    client_of.warn(('This server does not support `:Px %s`; update pxlens'):format(name))
    return
  end
  subcommand.run({
    client = client,
    bufnr = vim.api.nvim_get_current_buf(),
    args = vim.list_slice(command.fargs, 2),
    range = command.range > 0 and { command.line1 - 1, command.line2 - 1 } or nil,
    bang = command.bang,
  })
end

---@param lead string The part of the word at the cursor that was typed.
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(line:gsub('^.-Px!?%s+', ''), '%s+')
  local subcommand = #words > 1 and subcommands()[words[1]]
  local candidates = M.offered()
  if #words > 1 then
    local before = vim.list_slice(words, 2, #words - 1)
    candidates = #before == 0 and subcommand and subcommand.first
      or subcommand and subcommand.complete and subcommand.complete(before, lead)
      or {}
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
