-- Where things are on this machine.

local folder = vim.fs.dirname(vim.fs.normalize(vim.uv.fs_realpath(arg[0])))
local root = vim.fs.dirname(vim.fs.dirname(folder))

local function needed(variable, otherwise, how)
  local path = vim.env[variable] or (root .. '/' .. otherwise)
  assert(vim.uv.fs_stat(path), ('there is no %s: %s, or set %s'):format(path, how, variable))
  return path
end

return {
  root = root,
  tests = folder,
  plugin = root .. '/nvim',
  server = needed('PXLENS_TEST_SERVER', 'target/debug/pxlens', 'run `cargo build`'),
  python = needed('PXLENS_TEST_PYTHON', 'target/python/bin/python', 'run `cargo xtask python`'),
  --- How long anything may take, in milliseconds, on a machine that does much else.
  patience = 60000,
}
