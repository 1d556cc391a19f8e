-- HTML and SVG as Lua: html.p { class = "note", "loss < 1 after ", html.b { "300" } }. Strings
-- inside are escaped, so that nothing a run has written can become markup. Only what these
-- functions made, and html.raw, goes in unchanged.
local html <const> = {}

local Markup <const> = { __name = "markup", __tostring = function(markup) return markup[1] end }

local function mark(text)
  return setmetatable({ text }, Markup)
end

--- Text that is markup already: style sheets, scripts.
html.raw = mark

local entities <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text a page can hold: UTF-8 without control characters and without the colors of terminals.
function html.clean(text)
  text = text:gsub("\27%[[%d;?]*%a", ""):gsub("\r\n?", "\n"):gsub("[\0-\8\11-\31\127]", "\u{FFFD}")
  return utf8.len(text) and text or (text:gsub("[\x80-\xff]", "\u{FFFD}"))
end

function html.escape(text)
  return (html.clean(text):gsub("[&<>\"']", entities))
end

--- A value as JSON inside a script element, where "<" could end the element. The caller that
--- encodes a value must clean its text.
function html.script_json(json)
  return mark((json:gsub("<", "\\u003c")))
end

local function add_content(buffer, content)
  if content == nil or content == false then return end
  if getmetatable(content) == Markup then
    buffer[#buffer + 1] = content[1]
  elseif type(content) == "table" then
    for i = 1, content.n or #content do add_content(buffer, content[i]) end
  else
    buffer[#buffer + 1] = html.escape(tostring(content))
  end
end

--- Several contents, one after the other: markup, strings, lists of such; nil and false add
--- nothing.
function html.join(contents)
  local buffer = {}
  add_content(buffer, contents)
  return mark(table.concat(buffer))
end

local void <const> = { meta = true, link = true, img = true, input = true, br = true }

local function element(name, parts)
  local names, buffer = {}, { "<", name }
  for key, value in pairs(parts) do
    if type(key) == "string" and key ~= "n" and value ~= false then names[#names + 1] = key end
  end
  table.sort(names)
  for _, key in ipairs(names) do
    local value = parts[key]
    buffer[#buffer + 1] = value == true and " " .. key or (' %s="%s"'):format(key, html.escape(tostring(value)))
  end
  buffer[#buffer + 1] = ">"
  if void[name] then return mark(table.concat(buffer)) end
  for i = 1, parts.n or #parts do add_content(buffer, parts[i]) end
  buffer[#buffer + 1] = "</" .. name .. ">"
  return mark(table.concat(buffer))
end

--- html.NAME { attribute = value, content... }: the value true gives an attribute without a value,
--- false no attribute; a list of contents with holes needs n.
return setmetatable(html, {
  __index = function(_, name)
    local function make(parts) return element(name, parts) end
    rawset(html, name, make)
    return make
  end,
})
