-- Text of plots: its sizes, how much room it takes, and how it is made to fit: it is broken into
-- lines, and a text that is too long ends in dots.
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"

local width_of <const> = core.picture.text_width

local lettering <const> = {
  small = 12.5, large = 15, -- sizes of fonts
  letter = 9,               -- height of small capitals, from the baseline up
  below = 3,                -- what hangs below the baseline
  line = 17, title_line = 20, -- from one baseline to the next
}

lettering.width = width_of

local most_bytes <const> = 4000 -- of a text that is shown: no picture has room for more

--- Where a prefix of `count` letters ends. Invalid UTF-8 is cut at bytes.
local function prefix_end(text, count)
  local after = utf8.len(text) and utf8.offset(text, count + 1) or count + 1
  return (after or #text + 1) - 1
end

-- The longest beginning of a text, in letters, that is no wider than `width`.
local function letters_that_fit(text, size, width)
  local low, high = 0, utf8.len(text) or #text
  while low < high do
    local middle = (low + high + 1) // 2
    if width_of(text:sub(1, prefix_end(text, middle)), size) <= width then low = middle else high = middle - 1 end
  end
  return low
end

--- A number or a text as text; whole numbers have no decimal point.
function lettering.text(value)
  local whole = math.type(value) == "float" and math.tointeger(value)
  return tostring(whole or value)
end

--- The text, or its beginning and dots when it is wider than `width`; without the dots when not
--- even they fit.
function lettering.cut(text, size, width)
  text = text:gsub("[\r\n\t]", " ")
  if #text <= most_bytes and width_of(text, size) <= width then return text end
  text = text:sub(1, prefix_end(text, most_bytes))
  local fits = letters_that_fit(text, size, width - width_of("...", size) - 2)
  if fits > 0 then return (text:sub(1, prefix_end(text, fits)):gsub("%s+$", "")) .. "..." end
  return text:sub(1, prefix_end(text, letters_that_fit(text, size, width)))
end

-- One line of a text and what follows it: broken at the last space that fits; a word that is wider
-- than a line is cut.
local function first_line(text, size, width)
  local own = text:match "^[^\n]*"
  if width_of(own, size) <= width then return own, text:sub(#own + 1) end
  local ends = prefix_end(own, letters_that_fit(own, size, width))
  local last = own:sub(1, ends + 1):match "^.*%S()%s"
  if last then return own:sub(1, last - 1), text:sub(last):gsub("^[ \t]+", "") end
  local word = own:match "^%s*%S*"
  return lettering.cut(word, size, width), text:sub(#word + 1):gsub("^[ \t]+", "")
end

--- The lines of a text, at most `most` and none wider than `width`; line breaks in the text stay.
function lettering.lines(text, size, width, most)
  text = text:gsub("\r", "")
  if #text > most_bytes then text = text:sub(1, prefix_end(text, most_bytes)) .. "..." end
  local lines = {}
  while text ~= "" and #lines < most - 1 do
    local line, rest = first_line(text, size, width)
    lines[#lines + 1], text = line, rest:gsub("^\n", "")
  end
  if text ~= "" then lines[#lines + 1] = lettering.cut(text, size, width) end
  return lines
end

--- Lines of a title in a room of this width: {lines, height, width}; no title takes no room.
function lettering.title(text, width)
  local lines = text and text ~= "" and lettering.lines(text, lettering.large, width, 3) or {}
  local wide = 0
  for _, line in ipairs(lines) do wide = math.max(wide, width_of(line, lettering.large)) end
  return { lines = lines, height = #lines > 0 and 6 + #lines * lettering.title_line or 0, width = wide }
end

function lettering.draw_title(on, title, left)
  for i, line in ipairs(title.lines) do
    on:text(line, left, 5 + i * lettering.title_line, lettering.large, 0, false, colors.title)
  end
end

--- Lines of an axis's name in a room of this length: {lines, height}.
function lettering.axis_name(text, length)
  local lines = text and text ~= "" and lettering.lines(text, lettering.small, length, 2) or {}
  return { lines = lines, height = #lines > 0 and 5 + #lines * lettering.line or 0 }
end

--- Below an axis: `top` is where its room begins, `middle` the middle of the axis.
function lettering.draw_below(on, name, middle, top)
  for i, line in ipairs(name.lines) do on:text(line, middle, top + i * lettering.line, lettering.small, 0.5, false, colors.text) end
end

--- Beside an axis, upwards: `right` is where its room ends; kept within 0..height.
function lettering.draw_beside(on, name, middle, right, height)
  for i, line in ipairs(name.lines) do
    local half = width_of(line, lettering.small) / 2 + 3
    local y = math.max(math.min(middle, height - half), math.min(half, height / 2))
    on:text(line, right - name.height + i * lettering.line - lettering.below, y, lettering.small, 0.5, true, colors.text)
  end
end

return lettering
