-- What can be counted in texts, each a list of characters: entropies, n-grams that the training
-- text does not have, words that it has. Measure a held-out text of the same size beside it, since
-- entropies of few characters are too low.
local measures <const> = {}

local word <const> = "[%a\x80-\xff][%a\x80-\xff'-]*" -- as data.text has it

local function entropy_of(counts, total)
  local bits = 0.0
  for _, count in pairs(counts) do bits = bits - count / total * math.log(count / total, 2) end
  return bits
end

--- Bits of a character, and of one when that before it is known, in texts.
function measures.entropies(texts)
  local single, before, pairs_of, n, m = {}, {}, {}, 0, 0
  for _, list in ipairs(texts) do
    for i, c in ipairs(list) do
      single[c], n = (single[c] or 0) + 1, n + 1
      local next_one = list[i + 1]
      if next_one then
        local both = c .. next_one
        before[c], pairs_of[both], m = (before[c] or 0) + 1, (pairs_of[both] or 0) + 1, m + 1
      end
    end
  end
  return entropy_of(single, n), m > 0 and entropy_of(pairs_of, m) - entropy_of(before, m) or 0.0
end

--- f(gram) for each n-gram of a list of characters.
local function each_gram(list, n, f)
  for i = 1, #list - n + 1 do f(table.concat(list, "", i, i + n - 1)) end
end

--- The share of n-grams that do not occur in the training text, for each of several lists of texts.
function measures.novel(train, n, ...)
  local groups, fresh = { ... }, {}
  for _, texts in ipairs(groups) do
    for _, list in ipairs(texts) do each_gram(list, n, function(gram) fresh[gram] = true end) end
  end
  each_gram(train, n, function(gram) fresh[gram] = nil end)
  local shares = {}
  for i, texts in ipairs(groups) do
    local novel, count = 0, 0
    for _, list in ipairs(texts) do
      each_gram(list, n, function(gram)
        count = count + 1
        if fresh[gram] then novel = novel + 1 end
      end)
    end
    shares[i] = count > 0 and novel / count or 0.0
  end
  return table.unpack(shares)
end

--- The set of the words of a text.
function measures.words(list)
  local set = {}
  for found in table.concat(list):lower():gmatch(word) do set[found] = true end
  return set
end

--- The share of the words of texts that are in a set; nil when there are none. A word at an end of
--- a text is left out: it may have been cut.
function measures.known(texts, set)
  local known, count = 0, 0
  for _, list in ipairs(texts) do
    local text = table.concat(list):lower()
    for from, found, to in text:gmatch("()(" .. word .. ")()") do
      if from > 1 and to <= #text then
        count = count + 1
        if set[found] then known = known + 1 end
      end
    end
  end
  return count > 0 and known / count or nil
end

return measures
