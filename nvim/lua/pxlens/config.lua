--- The user's options, from `vim.g.pxlens` and `require('pxlens').setup()`. Every option has a default.
local M = {}

---@class pxlens.Config
---@field enable boolean Whether the plugin enables the server (`vim.lsp.enable('pxlens')`).
---@field trusted boolean|fun(root_dir: string?): boolean Whether the folder's Python and clusters may be used.
---@field settings table The section `pxlens` of the settings (`docs/settings.md`).
---@field lens boolean Whether to show "▶ Run" behind each magic, and to keep it up to date.
---@field block pxlens.Block|false The lines under a px cell.
---@field line boolean Whether to show a summary of a run at the end of the cell's last line.
---@field signs table<string, string>|false The sign of each state.
---@field interval integer The shortest time between two paintings, in milliseconds.
---@field open 'float'|'split'|'vsplit'|'tab' Where `:Px open` shows an output.

---@class pxlens.Block
---@field lines integer The largest number of lines that are shown.
---@field bar string The text before each line.

---@type pxlens.Config
local defaults = {
  enable = true,
  trusted = true,
  settings = {},
  lens = true,
  block = { lines = 50, bar = '▏ ' },
  line = true,
  signs = { queued = '…', running = '▶', succeeded = '✓', failed = '✗', stale = '≈' },
  interval = 50,
  open = 'float',
}

local PLACES = { float = true, split = true, vsplit = true, tab = true }

---@param kind string
local function is(kind)
  return function(value)
    return type(value) == kind
  end
end

---@type table<string, { [1]: (fun(value: any): boolean), [2]: string }>
local rules = {
  enable = { is('boolean'), 'true or false' },
  trusted = {
    function(value)
      return type(value) == 'boolean' or type(value) == 'function'
    end,
    'true, false or a function of the root folder',
  },
  settings = { is('table'), 'a table' },
  lens = { is('boolean'), 'true or false' },
  block = {
    function(value)
      local lines = type(value) == 'table' and value.lines
      return value == false
        or type(value) == 'table'
          and (lines == nil or type(lines) == 'number' and lines >= 3)
          and (value.bar == nil or type(value.bar) == 'string')
    end,
    'false or { lines = NUMBER, bar = TEXT }, with at least three lines',
  },
  line = { is('boolean'), 'true or false' },
  signs = {
    function(value)
      if type(value) ~= 'table' then
        return value == false
      end
      for _, sign in pairs(value) do
        local width = type(sign) == 'string' and vim.fn.strdisplaywidth(sign) or 0
        if sign ~= false and (width < 1 or width > 2) then
          return false
        end
      end
      return true
    end,
    'false or a table of signs by state, each false or a text of one or two columns',
  },
  interval = {
    function(value)
      return type(value) == 'number' and value >= 0
    end,
    'a number of milliseconds',
  },
  open = {
    function(value)
      return PLACES[value] == true
    end,
    "'float', 'split', 'vsplit' or 'tab'",
  },
}

---@type table
local given = {}
---@type pxlens.Config?
local merged

--- The problems in a table of options, one sentence each.
---@param options table
---@return string[]
function M.problems(options)
  local found = {}
  for key, value in vim.spairs(options) do
    local rule = rules[key]
    if not rule then
      found[#found + 1] = ('There is no option `%s`'):format(key)
    elseif not rule[1](value) then
      found[#found + 1] = ('`%s` must be %s; it is %s'):format(key, rule[2], vim.inspect(value))
    end
  end
  return found
end

local function from_user()
  local options = vim.g.pxlens
  if type(options) == 'function' then
    options = options()
  end
  return vim.tbl_extend('force', type(options) == 'table' and options or {}, given)
end

--- The problems in the user's options.
---@return string[]
function M.reported()
  return M.problems(from_user())
end

--- The options in force. An option with an invalid value keeps its default.
---@return pxlens.Config
function M.get()
  if merged then
    return merged
  end
  merged = vim.deepcopy(defaults)
  for key, value in pairs(from_user()) do
    local rule = rules[key]
    if rule and rule[1](value) then
      local both = type(value) == 'table' and type(merged[key]) == 'table'
      merged[key] = both and vim.tbl_extend('force', merged[key], value) or value
    end
  end
  return merged
end

--- Sets options, which take precedence over those of `vim.g.pxlens`.
---@param options table?
function M.set(options)
  given = vim.tbl_extend('force', given, options or {})
  merged = nil
  for _, problem in ipairs(M.reported()) do
    vim.notify('pxlens: ' .. problem, vim.log.levels.WARN)
  end
end

return M
