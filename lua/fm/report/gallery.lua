-- One picture of every arm side by side, for each name of a picture that they share: samples first,
-- the others folded.
local html <const> = require "fm.report.html"
local pictures <const> = require "fm.report.pictures"
local words <const> = require "fm.records.words"

local most_arms <const>, most_bytes <const> = 24, 8000000

--- The names of pictures that two or more of the arms have, those called samples first.
local function shared_names(arms)
  local counts, names = {}, {}
  for i = 1, math.min(#arms, most_arms) do
    for _, name in ipairs(pictures.names(arms[i].path)) do
      counts[name] = (counts[name] or 0) + 1
      if counts[name] == 2 then names[#names + 1] = name end
    end
  end
  table.sort(names, function(a, b)
    local first_a, first_b = a:find "^samples" ~= nil, b:find "^samples" ~= nil
    if first_a ~= first_b then return first_a end
    return a < b
  end)
  return names
end

--- arms: list of { path, label, note }. nil when they share no picture.
return function(arms)
  local names, blocks, left, left_out = shared_names(arms), {}, most_bytes, 0
  for i, name in ipairs(names) do
    local figures = {}
    for k = 1, math.min(#arms, most_arms) do
      local figure, bytes = pictures.figure_of(arms[k].path, name, left, html.join { html.b { arms[k].label }, " ", arms[k].note })
      if figure then figures[#figures + 1], left = figure, left - bytes elseif bytes then left_out = left_out + 1 end
    end
    if #figures > 0 then
      blocks[#blocks + 1] = html.details { open = i == 1, html.summary { (name:gsub("%.%w+$", "")) }, html.div { class = "pictures arms", figures } }
    end
  end
  if #blocks == 0 then return nil end
  local more = {}
  if #arms > most_arms then more[1] = ("the best %d of %d are shown"):format(most_arms, #arms) end
  if left_out > 0 then more[#more + 1] = words.count(left_out, "picture") .. " more: a gallery has at most " .. words.bytes(most_bytes) end
  return html.join { blocks, #more > 0 and html.p { class = "note", table.concat(more, "; ") .. "." } }
end
