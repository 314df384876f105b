--- Shows the images of a run on one page in the browser. What engines sent is only used in `<img>`, so that no script in it runs.
local client_of = require('pxlens.client')

local M = {}

local ENDINGS = {
  ['image/png'] = 'png',
  ['image/jpeg'] = 'jpg',
  ['image/webp'] = 'webp',
  ['image/gif'] = 'gif',
  ['image/svg+xml'] = 'svg',
}

local HEAD = [[
<!DOCTYPE html>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src file: 'self'; style-src 'unsafe-inline'">
<title>%s</title>
<style>
body { font: 14px sans-serif; display: flex; flex-wrap: wrap; gap: 1em; background: #f4f4f4; }
figure { margin: 0; padding: 0.5em; background: #fff; }
img { max-width: 100%%; }
</style>
]]

---@param text string
local function escaped(text)
  return (text:gsub('[&<>"]', { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }))
end

---@param path string
---@param bytes string
local function write(path, bytes)
  local file = assert(io.open(path, 'wb'))
  file:write(bytes)
  file:close()
end

--- Writes images and a page with them to a folder; returns the page's path.
---@param folder string
---@param run integer
---@param images table[]
---@return string
function M.write(folder, run, images)
  vim.fn.mkdir(folder, 'p', tonumber('700', 8))
  local parts = { HEAD:format(('pxlens run %d'):format(run)) }
  for i, image in ipairs(images) do
    local ending = ENDINGS[image.mime]
    local caption = escaped(('%s %s'):format(image.ranks, image.alt))
    if image.data and ending then
      local name = ('image-%d.%s'):format(i, ending)
      local bytes = ending == 'svg' and image.data or vim.base64.decode(image.data)
      write(('%s/%s'):format(folder, name), bytes)
      local figure = '<figure><img src="%s" alt="%s"><figcaption>%s</figcaption></figure>\n'
      parts[#parts + 1] = figure:format(name, caption, caption)
    else
      local why = escaped(image.missing or image.mime)
      parts[#parts + 1] = ('<figure><figcaption>%s: %s</figcaption></figure>\n'):format(caption, why)
    end
  end
  local page = folder .. '/index.html'
  write(page, table.concat(parts))
  return page
end

--- Opens the images of a run in the system's browser.
---@param client vim.lsp.Client
---@param run integer
function M.open(client, run)
  client_of.ask(client, 'px/result', { run = run, images = true }, function(result)
    if #(result.images or {}) == 0 then
      client_of.say(('Run %d shows no image'):format(run))
      return
    end
    -- Neovim removes the folder when it ends.
    local page = M.write(vim.fn.tempname(), run, result.images)
    local _, why = vim.ui.open(page)
    if why then
      client_of.warn(('%s; the images are in %s'):format(why, page))
    end
  end)
end

return M
