-- Words at points. Each word is put beside its point, where it meets no other word and covers as
-- few points as possible; farther away with a thin line when there is no room beside the point; and
-- left out when there is no room at all.
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local lettering <const> = require "fm.plot.parts.lettering"
local no_holes <const> = require "fm.parts.no_holes"
local points <const> = require "fm.plot.parts.points"

local labels <const> = {}

local tall <const>, padding <const> = lettering.letter + lettering.below + 2, 3 -- of a word
local cell <const> = 32 -- pixels: boxes are looked up by the cells they touch
labels.most_points = 20000 -- that are kept: among more of them no word finds a free place

local Room <const> = {}
Room.__index = Room

--- The occupied parts of a rectangle of a picture: boxes {left, top, right, bottom, owner = the
--- word or nil} that no word may meet, and points that words should not cover.
function labels.room(panel)
  return setmetatable({ left = panel.x, top = panel.y, right = panel.x + panel.width, bottom = panel.y + panel.height,
    boxes = {}, points = {}, count = 0 }, Room)
end

local none <const> = {}
local function key(i, j) return i * 65536 + j end

local function each_cell(box, visit)
  for i = box[1] // cell, box[3] // cell do
    for j = box[2] // cell, box[4] // cell do visit(key(i, j)) end
  end
end

local function within(room, x, y) -- false for NaN
  return x >= room.left and x <= room.right and y >= room.top and y <= room.bottom
end

function Room:take(box)
  each_cell(box, function(k)
    local list = self.boxes[k] or {}
    self.boxes[k], list[#list + 1] = list, box
  end)
end

function Room:give_back(box)
  each_cell(box, function(k)
    for i, other in ipairs(self.boxes[k]) do
      if other == box then table.remove(self.boxes[k], i) break end
    end
  end)
end

--- A disc that words may not touch.
function Room:take_disc(x, y, radius)
  if within(self, x, y) then self:take { x - radius, y - radius, x + radius, y + radius } end
end

--- Places {{x, y} ...} that words should not cover.
function Room:prefer_clear(places)
  for _, p in ipairs(places) do
    if within(self, p[1], p[2]) and self.count < labels.most_points then
      local k = key(p[1] // cell, p[2] // cell)
      local list = self.points[k] or {}
      self.points[k], list[#list + 1], self.count = list, p, self.count + 1
    end
  end
end

function Room:contains(box)
  return box[1] > self.left and box[3] < self.right and box[2] > self.top and box[4] < self.bottom
end

--- The word that these boxes meet. nil when they meet nothing; false when they meet a disc,
--- something drawn, or several words.
function Room:meets(boxes)
  local met
  for _, box in ipairs(boxes) do
    for i = box[1] // cell, box[3] // cell do
      for j = box[2] // cell, box[4] // cell do
        for _, other in ipairs(self.boxes[key(i, j)] or none) do
          if box[1] < other[3] and other[1] < box[3] and box[2] < other[4] and other[2] < box[4] then
            if not other.owner or met and met ~= other.owner then return false end
            met = other.owner
          end
        end
      end
    end
  end
  return met
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

-- Beside its point: right, left, above, below, and between these; then the same and more places
-- farther away.
local sides <const> = { { 1, 0 }, { -1, 0 }, { 0, -1 }, { 0, 1 }, { 1, -1 }, { -1, -1 }, { 1, 1 }, { -1, 1 },
  { 1, -0.5 }, { -1, -0.5 }, { 1, 0.5 }, { -1, 0.5 }, { 0.5, -1 }, { -0.5, -1 }, { 0.5, 1 }, { -0.5, 1 } }
local most_tries <const> = 8 -- to find another word that can make room
local rings <const> = { 5, 20, 34, 50, 70, 95 }

local function box_at(x, y, wide, side, distance)
  local slant = math.abs(side[1] * side[2]) == 1 and 0.7 or 1
  local cx, cy = x + side[1] * (distance * slant + wide / 2), y + side[2] * (distance * slant + tall / 2)
  return { cx - wide / 2, cy - tall / 2, cx + wide / 2, cy + tall / 2 }
end

-- The line from a point to the nearest place of a box, its ends, and small boxes along it; the
-- first ones would lie on the point itself.
local function leader(x, y, box, boxes)
  local to_x, to_y = math.max(box[1], math.min(x, box[3])), math.max(box[2], math.min(y, box[4]))
  local length = math.sqrt((to_x - x) ^ 2 + (to_y - y) ^ 2)
  for at = 10, length - 2, 4 do
    local px, py = x + (to_x - x) * at / length, y + (to_y - y) * at / length
    boxes[#boxes + 1] = { px - 1.5, py - 1.5, px + 1.5, py + 1.5, owner = box.owner }
  end
  return { { x, y }, { to_x, to_y } }
end

-- All places of a word that meet no disc, the best first: {boxes (its own first, then along the
-- line), line, cost}.
local function spots_of(room, word)
  local spots = {}
  for ring, distance in ipairs(rings) do
    for i = 1, ring == 1 and 8 or #sides do
      local box = box_at(word.x, word.y, word.wide, sides[i], distance)
      if room:contains(box) then
        box.owner = word
        local spot = { boxes = { box }, cost = room:covered(box) + 3 * (ring - 1) + 0.01 * i }
        if ring > 1 then spot.line = leader(word.x, word.y, box, spot.boxes) end
        if room:meets(spot.boxes) == nil then spots[#spots + 1] = spot end -- no word has a place yet
      end
    end
  end
  table.sort(spots, function(a, b) return a.cost < b.cost end)
  return spots
end

local function put(room, word, spot)
  word.spot = spot
  for _, box in ipairs(spot and spot.boxes or {}) do room:take(box) end
end

local function lift(room, word)
  for _, box in ipairs(word.spot.boxes) do room:give_back(box) end
  word.spot = nil
end

-- Takes the best free place; returns whether there was one.
local function settle(room, word)
  for _, spot in ipairs(word.spots) do
    if room:meets(spot.boxes) == nil then
      put(room, word, spot)
      return true
    end
  end
  return false
end

-- Takes the best place that becomes free when another word moves to another place; returns whether
-- there was one.
local function displace(room, word)
  local tries = 0
  for _, spot in ipairs(word.spots) do
    local other = room:meets(spot.boxes)
    if other and tries < most_tries then
      tries = tries + 1
      local before = other.spot
      lift(room, other)
      put(room, word, spot)
      if settle(room, other) then return true end
      lift(room, word)
      put(room, other, before)
    end
  end
  return false
end

-- The words with a place inside the room, in the order given, and how many there are in all. Words
-- beyond the number that can fit are not tried.
local function read(room, places, texts)
  local words, count, most = {}, 0, math.max(200, (room.right - room.left) * (room.bottom - room.top) // 400)
  for i, text in ipairs(texts) do
    local x, y = table.unpack(places[i])
    if text ~= "" and within(room, x, y) then
      count = count + 1
      if count <= most then
        text = lettering.cut(text, lettering.small, (room.right - room.left) / 2)
        words[count] = { text = text, x = x, y = y, wide = lettering.width(text, lettering.small) + 2 * padding }
      end
    end
  end
  return words, count
end

--- Writes texts at places in pixels {{x, y} ...}, in the order given; an empty text writes nothing.
--- Returns how many had no room.
function labels.draw(on, room, places, texts, color)
  local words, left_out = read(room, places, texts)
  for _, word in ipairs(words) do word.spots = spots_of(room, word) end
  for _, word in ipairs(words) do settle(room, word) end
  for _, word in ipairs(words) do
    if word.spot or displace(room, word) then left_out = left_out - 1 end
  end
  for _, word in ipairs(words) do
    local box, line = word.spot and word.spot.boxes[1], word.spot and word.spot.line
    if line then on:lines(core.tensor(line), 0, 1, 0, 1, 0.8, colors.muted, 0.9) end
    if box then on:rectangle(box[1] + 1, box[2], box[3] - box[1] - 2, tall, colors.background, 0.7) end
  end
  for _, word in ipairs(words) do
    local box = word.spot and word.spot.boxes[1]
    if box then on:text(word.text, box[1] + padding, box[2] + lettering.letter + 1, lettering.small, 0, false, color) end
    for _, own in ipairs(box and word.spot.boxes or {}) do own.owner = nil end -- what is drawn does not move
  end
  return left_out
end

--- A list of texts or numbers, or a tensor of numbers [n], as texts. `at_most`: the largest number
--- of texts.
function labels.check(where, given, at_most)
  local list = given
  if core.is_tensor(given) then
    given = points.tensor(where, given, "texts or numbers [n]")
    if given:rank() ~= 1 then core.fail(("%s: expected a list of texts or numbers [n], found %s"):format(where, points.shape_text(given))) end
    list = given:totable()
  end
  if type(list) ~= "table" then core.fail(("%s: expected a list of texts or numbers [n], found a %s"):format(where, type(list))) end
  no_holes(where, list)
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
