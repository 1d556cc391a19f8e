-- data.cooccurrence against the formula of positive pointwise mutual information, by counting all
-- pairs of words.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local cooccurrence <const> = fm.data.cooccurrence

--- log p(a, b) / (p(a) p(b)), or 0 where that is less, of pairs of the given words, at most
--- `window` apart, each counted 1 / distance.
local function expected(sentences, words, window)
  local is, count, of, all = {}, {}, {}, 0
  for _, word in ipairs(words) do is[word] = true end
  for _, sentence in ipairs(sentences) do
    for i, a in ipairs(sentence) do
      for k, b in ipairs(sentence) do
        local distance = math.abs(i - k)
        if distance > 0 and distance <= window and is[a] and is[b] then
          local key = a .. " " .. b
          count[key], of[a], all = (count[key] or 0) + 1 / distance, (of[a] or 0) + 1 / distance, all + 1 / distance
        end
      end
    end
  end
  local rows = {}
  for i, a in ipairs(words) do
    rows[i] = {}
    for k, b in ipairs(words) do
      local both = count[a .. " " .. b]
      rows[i][k] = both and math.max(0, math.log((both / all) / (of[a] / all * (of[b] / all)))) or 0
    end
  end
  return fm.tensor(rows)
end

describe("data.cooccurrence", function()
  checks.no_bytes_stay(setup, teardown)

  local function words_of(text)
    local list = {}
    for word in text:gmatch "%a+" do list[#list + 1] = word end
    return list
  end
  local sentences <const> = { words_of "a b c d e f a b", words_of "c a f b d d c", words_of "b a e a once twice c f", words_of "twice f f e b" }

  it("is the formula for any window, with the words in order", function()
    local all, frequent = words_of "a b f c d e twice once", words_of "a b f c d e twice" -- 5, 5, 5, 4, 3, 3, 2, 1
    for window = 1, 9 do
      for least, words in pairs { all, frequent } do
        local x, found = cooccurrence(sentences, { window = window, least = least })
        assert.same(words, found)
        checks.near(x, expected(sentences, words, window), 1e-5)
      end
    end
    assert.same(words_of "a b f", select(2, cooccurrence(sentences, { least = 5 })))
  end)

  it("takes words that occur twice, within 3 of each other, unless told otherwise", function()
    local x, found = cooccurrence(sentences)
    assert.same(words_of "a b f c d e twice", found)
    checks.near(x, expected(sentences, found, 3), 1e-5)
    checks.same(x, (cooccurrence(sentences, { least = 2 })))
    checks.same(x, (cooccurrence(sentences, { window = 3 })))
  end)
end)
