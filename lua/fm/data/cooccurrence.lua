-- cooccurrence(sentences, {window, least}) -> [V, V], list of V words: positive pointwise mutual
-- information of words within `window` of each other (Levy and Goldberg 2014). Words that occur
-- fewer than `least` times are left out. Rows are embeddings; metrics.pca shortens them.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

-- Words by falling count, then by name.
local function vocabulary(sentences, least)
  local counts, words = {}, {}
  for _, sentence in ipairs(sentences) do
    for _, word in ipairs(sentence) do
      if not counts[word] then words[#words + 1] = word end
      counts[word] = (counts[word] or 0) + 1
    end
  end
  table.sort(words, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  local kept, index = {}, {}
  for _, word in ipairs(words) do
    if counts[word] >= least then
      kept[#kept + 1] = word
      index[word] = #kept
    end
  end
  return kept, index
end

local function check(sentences, o)
  if type(sentences) ~= "table" then fm.fail("cooccurrence: expected a list of sentences, found " .. options.shown(sentences)) end
  for i, sentence in ipairs(sentences) do
    if type(sentence) ~= "table" then fm.fail(("cooccurrence: sentence %d: expected a list of words, found %s"):format(i, options.shown(sentence))) end
    for k, word in ipairs(sentence) do
      if type(word) ~= "string" then fm.fail(("cooccurrence: sentence %d: word %d: expected a string, found %s"):format(i, k, options.shown(word))) end
    end
  end
  o.window = options.integer("cooccurrence: window", o.window, 1, 2 ^ 31)
  options.integer("cooccurrence: least", o.least, 1)
end

return function(sentences, given, ...)
  options.no_more("cooccurrence", 2, ...)
  local o = options.read("cooccurrence", given, { window = 3, least = 2 })
  check(sentences, o)
  local words, index = vocabulary(sentences, o.least)
  if #words == 0 then fm.fail(("cooccurrence: no word occurs %d times"):format(o.least)) end
  local n, pairs_of, totals, total = #words, {}, {}, 0
  for i = 1, n do pairs_of[i], totals[i] = {}, 0 end
  for _, sentence in ipairs(sentences) do
    for at, word in ipairs(sentence) do
      local i = index[word]
      for k = math.max(1, at - o.window), math.min(#sentence, at + o.window) do
        local j = index[sentence[k]]
        if i and j and k ~= at then
          local near = 1 / math.abs(k - at) -- nearer words count more
          pairs_of[i][j] = (pairs_of[i][j] or 0) + near
          totals[i], total = totals[i] + near, total + near
        end
      end
    end
  end
  local x = fm.zeros(n, n)
  for i = 1, n do
    local row = x[i]
    for j = 1, n do
      local count = pairs_of[i][j]
      if count then row[j] = math.max(0, math.log(count * total / (totals[i] * totals[j]))) end
    end
  end
  return x, words
end
