-- Words at points: each is put beside its point where it meets no other word and covers as few points as can be, farther away with a thin line
-- when there is no room beside it, and left out when there is none at all.
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local lettering <const> = require "fm.plot.parts.lettering"
local points <const> = require "fm.plot.parts.points"

local labels <const> = {}

local cell <const> = 32 -- pixels: boxes are looked up by the cells they touch
labels.most_points = 20000 -- whose places are kept: among more of them no word finds a free place

local Room <const> = {}
Room.__index = Room

--- What is taken in a rectangle of a picture: boxes {left, top, right, bottom} that nothing may meet, and points that are better not covered.
function labels.room(panel)
  return setmetatable({ left = panel.x, top = panel.y, right = panel.x + panel.width, bottom = panel.y + panel.height,
    boxes = {}, points = {}, count = 0 }, Room)
end

local function key(i, j) return i * 65536 + j end

local function each_cell(box, visit)
  for i = box[1] // cell, box[3] // cell do
    for j = box[2] // cell, box[4] // cell do visit(key(i, j)) end
  end
end

local function within(room, x, y) -- false for what is no number
  return x >= room.left and x <= room.right and y >= room.top and y <= room.bottom
end

function Room:take(box)
  each_cell(box, function(k)
    local list = self.boxes[k] or {}
    self.boxes[k], list[#list + 1] = list, box
  end)
end

--- A disc that words may not touch.
function Room:take_disc(x, y, radius)
  if within(self, x, y) then self:take { x - radius, y - radius, x + radius, y + radius } end
end

--- Places {{x, y} ...} that are better not covered.
function Room:prefer_clear(places)
  for _, p in ipairs(places) do
    if within(self, p[1], p[2]) and self.count < labels.most_points then
      local k = key(p[1] // cell, p[2] // cell)
      local list = self.points[k] or {}
      self.points[k], list[#list + 1], self.count = list, p, self.count + 1
    end
  end
end

function Room:is_free(box)
  if not (box[1] > self.left and box[3] < self.right and box[2] > self.top and box[4] < self.bottom) then return false end
  local free = true
  each_cell(box, function(k)
    for _, other in ipairs(free and self.boxes[k] or {}) do
      if box[1] < other[3] and other[1] < box[3] and box[2] < other[4] and other[2] < box[4] then free = false end
    end
  end)
  return free
end

--- How many points a box covers.
function Room:covered(box)
  local count = 0
  each_cell(box, function(k)
    for _, p in ipairs(self.points[k] or {}) do
      if p[1] > box[1] and p[1] < box[3] and p[2] > box[2] and p[2] < box[4] then count = count + 1 end
    end
  end)
  return count
end

-- ---- where a word may stand ----

-- Beside its point: right, left, above, below, and between these; then the same farther away.
local sides <const> = { { 1, 0 }, { -1, 0 }, { 0, -1 }, { 0, 1 }, { 1, -1 }, { -1, -1 }, { 1, 1 }, { -1, 1 } }
local rings <const> = { 8, 20, 34, 50, 70, 95 }

local function box_at(x, y, wide, tall, side, distance)
  local slant = side[1] ~= 0 and side[2] ~= 0 and 0.7 or 1
  local cx, cy = x + side[1] * (distance * slant + wide / 2), y + side[2] * (distance * slant + tall / 2)
  return { cx - wide / 2, cy - tall / 2, cx + wide / 2, cy + tall / 2 }
end

-- The line from a point to the nearest place of a box, as small boxes along it; the first ones lie on the point itself.
local function leader(x, y, box)
  local to_x, to_y = math.max(box[1], math.min(x, box[3])), math.max(box[2], math.min(y, box[4]))
  local length, boxes = math.sqrt((to_x - x) ^ 2 + (to_y - y) ^ 2), {}
  for at = 9, length - 2, 3 do
    local px, py = x + (to_x - x) * at / length, y + (to_y - y) * at / length
    boxes[#boxes + 1] = { px - 1, py - 1, px + 1, py + 1 }
  end
  return boxes, { { x, y }, { to_x, to_y } }
end

-- The best place of a word: {box, line}, or nil.
local function find(room, x, y, wide, tall)
  local best, least = nil, math.huge
  for ring, distance in ipairs(rings) do
    for i, side in ipairs(sides) do
      local box = box_at(x, y, wide, tall, side, distance)
      if room:is_free(box) then
        local on_way, line = leader(x, y, box)
        local clear = true
        for _, step in ipairs(ring > 1 and on_way or {}) do clear = clear and room:is_free(step) end
        local cost = room:covered(box) + 3 * (ring - 1) + 0.01 * i
        if clear and cost < least then best, least = { box = box, on_way = ring > 1 and on_way or {}, line = ring > 1 and line or nil }, cost end
      end
    end
    if least < 3 * ring then break end -- no place farther away can be better
  end
  return best
end

--- Writes texts at places in pixels {{x, y} ...}, the first ones first; an empty text is none. Returns how many had no room.
function labels.draw(on, room, places, texts, color)
  local tall, left_out = lettering.letter + lettering.below + 2, 0
  for i, text in ipairs(texts) do
    local x, y = table.unpack(places[i])
    if text ~= "" and within(room, x, y) then
      text = lettering.cut(text, lettering.small, (room.right - room.left) / 2)
      local spot = find(room, x, y, lettering.width(text, lettering.small) + 2, tall)
      if spot then
        local box = spot.box
        if spot.line then on:lines(core.tensor(spot.line), 0, 1, 0, 1, 0.8, colors.muted, 0.9) end
        on:rectangle(box[1] - 1, box[2], box[3] - box[1] + 2, tall, colors.background, 0.7)
        on:text(text, box[1] + 1, box[2] + lettering.letter + 1, lettering.small, 0, false, color)
        room:take(box)
        for _, step in ipairs(spot.on_way) do room:take(step) end
      else
        left_out = left_out + 1
      end
    end
  end
  return left_out
end

--- A list of texts or numbers, or a tensor of numbers [n], as texts. `at_most`: as many as there can be.
function labels.check(where, given, at_most)
  local list = given
  if core.is_tensor(given) then
    given = points.tensor(where, given, "texts or numbers [n]")
    if given:rank() ~= 1 then core.fail(("%s: expected a list of texts or numbers [n], found %s"):format(where, points.shape_text(given))) end
    list = given:totable()
  end
  if type(list) ~= "table" then core.fail(("%s: expected a list of texts or numbers [n], found a %s"):format(where, type(list))) end
  local texts = {}
  for i, value in ipairs(list) do
    if type(value) ~= "string" and not math.type(value) then
      core.fail(("%s: entry %d: expected a text or a number, found a %s"):format(where, i, type(value)))
    end
    texts[i] = lettering.text(value)
  end
  if #texts > at_most then core.fail(("%s: expected at most %d texts, found %d"):format(where, at_most, #texts)) end
  return texts
end

return labels
