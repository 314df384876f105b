-- What must hold, with what was found when it does not.

local M = {}

--- Two values are the same, also inside.
function M.equal(found, expected, what)
  if not vim.deep_equal(found, expected) then
    local report = '%s: found %s, expected %s'
    error(report:format(what or 'differs', vim.inspect(found), vim.inspect(expected)), 2)
  end
end

--- A list of lines has one that holds a text.
function M.holds(lines, text)
  for _, line in ipairs(lines) do
    if line:find(text, 1, true) then
      return line
    end
  end
  error(('%q is not in:\n%s'):format(text, table.concat(lines, '\n')), 2)
end

--- A list of lines has none that holds a text.
function M.lacks(lines, text)
  for _, line in ipairs(lines) do
    if line:find(text, 1, true) then
      error(('%q is in:\n%s'):format(text, table.concat(lines, '\n')), 2)
    end
  end
end

--- Passes over a test, with the reason; a failure where `CI` is set.
function M.skip(why)
  local ci = vim.env.CI
  if ci and ci ~= '' and ci ~= 'false' then
    error(why, 2)
  end
  error({ skip = why }, 2)
end

return M
