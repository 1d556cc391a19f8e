-- What the text experiments share (experiments/text_parts): held-out parts, counts in texts, the
-- autoregressive model, the time warp, vectors of words.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

describe("text parts", function()
  local former <const>, parts = package.path, {}
  setup(function()
    package.path = "experiments/?.lua;" .. former
    for _, name in ipairs { "embeddings", "language_model", "measures", "network", "texts", "warp", "way", "word_vectors" } do
      parts[name] = require("text_parts." .. name)
    end
    parts.language_model.bits(parts.language_model.new(2, { length = 2, dim = 2, heads = 1, layers = 1 }), fm.ones(1, 2), 2) -- loads what stays
    parts.texts(("ab\n"):rep(20), 2)
  end)
  teardown(function()
    package.path = former
    for name in pairs(package.loaded) do
      if name:find "^text_parts%." then package.loaded[name] = nil end
    end
  end)
  checks.no_bytes_stay(before_each, after_each)

  local function characters(text)
    local list = {}
    for _, code in utf8.codes(text) do list[#list + 1] = utf8.char(code) end
    return list
  end

  it("holds out the last tenth, and spreads windows over it", function()
    local text = parts.texts(("abcdefghij\n"):rep(10), 3)
    assert.equal(11, #text.names)
    assert.equal(99, #text.train)
    assert.equal(11, #text.held_out)
    assert.equal("abcdefghij\n", table.concat(text.characters(text.held_out)))
    assert.equal("abcdefghi", table.concat(text.characters(text.windows)))
    assert.equal("abcdef", table.concat(text.characters(text.spread(2))))
    assert.same({ 3, 3 }, text.spread(100):shape())
    assert.equal(fm.file.hash(("abcdefghij\n"):rep(10)), text.digest)
    local path <const> = os.tmpname()
    assert(fm.file.write(path, ("abcde"):rep(23)))
    text = parts.texts(path, 5)
    os.remove(path)
    assert.same({ fm.file.hash(("abcde"):rep(23)), 104, 11, 5 }, { text.digest, #text.train, #text.held_out, text.length })
    assert.same({ 2, 5 }, text.windows:shape())
    assert.equal("eabcdeabcd", table.concat(text.characters(text.windows)))
    checks.raises_text("11 characters are held out, fewer than length = 12", parts.texts, ("abcdefghij\n"):rep(10), 12)
    checks.raises_text("no_such: No such file or directory", parts.texts, "no_such", 3)
  end)

  it("counts entropies", function()
    local one, two = parts.measures.entropies { characters "abab", characters "ba" }
    assert.near(1, one, 1e-12)
    assert.near(0, two, 1e-12)
    -- a is followed by a and b alike, b by nothing
    one, two = parts.measures.entropies { characters "aab" }
    assert.near(-(2 / 3 * math.log(2 / 3, 2) + 1 / 3 * math.log(1 / 3, 2)), one, 1e-12)
    assert.near(1, two, 1e-12)
    one, two = parts.measures.entropies { characters "é" }
    assert.same({ 0.0, 0.0 }, { one, two })
  end)

  it("counts n-grams that the training text does not have", function()
    local train = characters "the cät sat"
    local function novel(n, ...) return parts.measures.novel(train, n, ...) end
    assert.same({ 0.0, 1.0 }, { novel(3, { characters "cät", characters "the " }, { characters "cat" }) })
    assert.equal(0.2, (novel(2, { characters "cätthe" }))) -- tt is new
    assert.equal(0.0, (novel(4, { characters "cät" }))) -- has none
    assert.equal(1.0, (novel(12, { characters "the cät satx" })))
  end)

  it("knows words, and leaves out those at the ends", function()
    local set = parts.measures.words(characters "The cat's hat, thé mat.\n")
    assert.same({ the = true, ["cat's"] = true, hat = true, ["thé"] = true, mat = true }, set)
    assert.equal(0.5, parts.measures.known({ characters "x THE dog x" }, set))
    assert.equal(1.0, parts.measures.known({ characters "og the hat's", characters " mat ba" }, set))
    assert.is_nil(parts.measures.known({ characters "the" }, set))
    assert.equal(1.0, parts.measures.known({ characters " the " }, set)) -- one that is between two spaces
  end)

  it("shows a network four places before and after each, and nothing beyond the ends", function()
    fm.nn.seed(1)
    local net = parts.network(3, 4, { length = 12, dim = 8, heads = 2, layers = 1 }, 2)
    local rng = fm.rng(2)
    checks.near(fm.zeros(2, 12, 4), net(fm.ones(2, 12, 3), 0.5, 1))
    for _, w in ipairs(net:parameters()) do w:copy(rng:normal(w:shape()) * 0.5) end
    local x, t, around = rng:normal(2, 12, 3), fm.tensor { 0.2, 0.9 }, fm.zeros(2, 12, 27)
    for i = 1, 12 do
      for j = math.max(1, i - 4), math.min(12, i + 4) do
        local first = 3 * (j - i + 4)
        around[{ {}, { i, i }, { first + 1, first + 3 } }] = x[{ {}, { j, j } }]
      end
    end
    local near, said, out = fm.nn.linear(27, 192), fm.nn.linear(192, 64), fm.nn.linear(64, 4)
    local body = fm.nn.transformer { inputs = 64, length = 12, dim = 8, heads = 2, layers = 1, classes = 2 }
    local alone = fm.nn.module({ { "near", near }, { "said", said }, { "body", body }, { "out", out } }, function()
      local h = said(fm.silu(near(around)))
      return out(h + body(h, t, 2))
    end)
    alone:load_state(net:state())
    checks.near(alone(x), net(x, t, 2), 1e-4)
    assert.same({ 2, 12, 4 }, net(x, t, 1):shape())
    assert.is_true((net(x, t, 1) - net(x, t, 2)):abs():max():item() > 1e-3)
  end)

  it("sees only what comes before, and says how many bits a text costs", function()
    local lm, V, L = parts.language_model, 3, 4
    fm.nn.seed(1)
    local model = lm.new(V, { length = L, dim = 8, heads = 2, layers = 1 })
    local rng = fm.rng(2)
    for _, w in ipairs(model:parameters()) do w:copy(rng:normal(w:shape()) * 0.5) end
    local ids = fm.tensor { { 1, 2, 3, 1 }, { 1, 2, 1, 1 } }
    local logits = lm.logits(model, ids, V)
    checks.near(logits[{ 1, {}, {} }][{ { 1, 3 } }], logits[{ 2, {}, {} }][{ { 1, 3 } }])
    assert.truthy((logits[1][4] - logits[2][4]):abs():max():item() > 1e-3)
    checks.near(logits[{ 1, 1 }][{ {}, { 1, 1 } }], lm.logits(model, ids[{ {}, { 1, 1 } }], V)[{ 1, 1 }])
    checks.same(model(fm.cat(fm.zeros(2, 1, V), fm.one_hot(ids[{ {}, { 1, 3 } }], { n = V }), 2), 1), logits)
    -- the probabilities of all 81 texts add up to 1
    local all = {}
    for i = 0, 80 do all[i + 1] = { i % 3 + 1, i // 3 % 3 + 1, i // 9 % 3 + 1, i // 27 % 3 + 1 } end
    local bits = lm.bits(model, fm.tensor(all), V)
    assert.same({ 81 }, bits:shape())
    assert.near(1, (bits * (-L * math.log(2))):exp():sum():item(), 1e-5)
    assert.near(lm.loss(model, ids, V):item() / math.log(2), lm.bits(model, ids, V):mean():item(), 1e-5)
    -- samples have these probabilities
    local drawn = lm.sample(model, 4000, 2, V, fm.rng(3))
    local p = (lm.bits(model, fm.tensor { { 2, 3 } }, V) * (-2 * math.log(2))):exp():item()
    assert.near(p, (drawn[{ {}, { 1, 1 } }]:eq(2) * drawn[{ {}, { 2, 2 } }]:eq(3)):mean():item(), 0.03)
  end)

  it("rounds to the nearest embedding, and measures how that differs from a decoder", function()
    local rows = parts.embeddings.of_length_one(fm.tensor { { 3, 0 }, { 0, 2 }, { -5, 0 } })
    checks.near(fm.tensor { { 1, 0 }, { 0, 1 }, { -1, 0 } }, rows)
    checks.near(fm.tensor { { 0, 0 }, { 0.5, 0 } }, parts.embeddings.of_length_one(fm.tensor { { 0, 0 }, { 1e-9, 0 } }), 1e-4)
    local token, off = parts.embeddings.nearest(fm.tensor { { { 0, 2 }, { 1, 0 }, { -1, 0 } } }, rows)
    assert.same({ { 2, 1, 3 } }, token:totable())
    checks.near(fm.tensor { { 1, 0, 0 } }, off, 1e-3)
    local x = fm.tensor { { { 0.9, 0.1 }, { 0, 0.5 } }, { { -2, 0 }, { -0.1, 1 } } }
    local nearest, distance = parts.embeddings.nearest(x, rows)
    assert.same({ { 1, 2 }, { 3, 2 } }, nearest:totable())
    checks.near(fm.tensor { { 0.02 ^ 0.5, 0.5 }, { 1, 0.1 } }, distance, 1e-3)
    local found = parts.embeddings.rounding(x, rows, fm.tensor { { 1, 2 }, { 3, 1 } })
    assert.near(0.25, found.rounding_changed:item(), 1e-6)
    assert.near((0.02 ^ 0.5 + 1.6) / 4 / 2 ^ 0.5, found.rounding_distance:item(), 1e-3)
    -- squared distances are 2, 2 and 4
    assert.near(math.log((2 * math.exp(-4) + math.exp(-8)) / 3), parts.embeddings.nearness(rows):item(), 1e-5)
    assert.near(0, parts.embeddings.nearness(fm.ones(3, 2) / 2 ^ 0.5):item(), 1e-5)
  end)

  it("warps time such that wrong tokens fall along a line, also those of longer vectors", function()
    local V, points, n = 7, 64, 20000
    for _, length in ipairs { 1, 3 } do
      local c, rng = parts.warp(V, fm.rng(4), points, length), fm.rng(5)
      assert.same({ points + 1, 0, 1 }, { #c, c[1], c[points + 1] })
      local noise = rng:normal(n, V)
      for _, k in ipairs { 0, 8, 32, 56 } do
        local now = c[k + 1]
        local z = noise * (1 - now)
        z[{ {}, { 1, 1 } }] = z[{ {}, { 1, 1 } }] + now * length
        assert.near((1 - k / points) * (1 - 1 / V), z:argmax(2):ne(1):mean():item(), 0.015, "at point " .. k)
      end
      for k = 1, points do assert.truthy(c[k] < c[k + 1]) end
      -- of 20,000 draws, the largest of six others less the own where that is above 0
      local again <const>, list = fm.rng(4), {}
      for _ = 1, 20 do
        for _, row in ipairs(again:normal(1000, V):totable()) do
          local difference <const> = math.max(table.unpack(row, 2)) - row[1]
          if difference > 0 then list[#list + 1] = difference / length end
        end
      end
      table.sort(list)
      for _, k in ipairs { 1, 13, 63 } do
        local r <const> = list[k * #list // 64 + 1]
        assert.near(r / (1 + r), c[k + 1], 1e-6)
      end
    end
  end)

  it("draws points of the way at warped times, and walks it to what an estimate says", function()
    local function made(warp, self) return parts.way { tokens = 3, length = 2, rng = fm.rng(1), warp = warp, self_conditioning = self } end
    local plain, warped, rng = made(false, false), made(true, true), fm.rng(6)
    local x = fm.ones(400, 2, 3) * 2
    local z, c, t = plain:drawn(x, rng)
    checks.near(t:reshape(400, 1, 1), c)
    assert.truthy(t:min():item() < 0.02 and t:max():item() > 0.98 and t:max():item() < 1)
    local noise = (z - x * c) / (1 - c)
    local inside = fm.tensor(noise:index_select(t:argsort(1)[{ 1, 300 }], 1)) -- near t = 1 it is lost in z
    assert.near(0, inside:mean():item(), 0.08)
    assert.near(1, inside:square():mean():item(), 0.1)
    assert.truthy(select(3, plain:drawn(x, rng, 0.75)):min():item() >= 0.75)
    for from, first in pairs { [0] = 0, [0.7503] = 768, [1023 / 1024] = 1023 } do
      local _, _, at <const> = plain:drawn(x, fm.rng(8), from)
      checks.same(fm.rng(8):integers(400, first, 1023) / 1024, at)
    end
    z, c, t = warped:drawn(x, rng)
    checks.near(warped.c_of:index_select(t * 1024 + 1, 1):reshape(400, 1, 1), c)

    checks.near(z / ((1 - c):square() + c:square() * 4 / 3):sqrt(), plain:seen(z, c, x))
    assert.same({ 400, 2, 6 }, warped:seen(z, c, x):shape())
    checks.near(z * 0, warped:seen(z, c)[{ {}, {}, { 4, 6 } }])
    checks.near(x / (4 / 3) ^ 0.5, warped:seen(z, c, x)[{ {}, {}, { 4, 6 } }])

    local told, n = 0, 0
    local function estimate(at, _, _, before)
      n, told = n + 1, told + (before and 1 or 0)
      return at * 0 + 2
    end
    assert.is_nil(plain:before(rng, estimate, z, c, t))
    for _ = 1, 200 do assert.truthy((warped:before(rng, estimate, z, c, t) or fm.tensor(0)):rank() >= 0) end
    assert.truthy(n > 70 and n < 130 and told == 0)
    local asked
    local function note(...)
      asked = table.pack(...)
      return z
    end
    while not warped:before(rng, note, z, c, t) do end
    assert.same({ 3, z, c, t }, { asked.n, asked[1], asked[2], asked[3] })

    for _, way in ipairs { plain, warped } do
      n, told = 0, 0
      local from = rng:normal(400, 2, 3)
      local to, said, at, when = way:walk(estimate, from, 5)
      checks.near(x, to, 1e-5)
      checks.near(x, said)
      assert.same({ 5, 4, 1.0, 1.0 }, { n, told, at, when })
      to, _, at, when = way:walk(estimate, from, 3, 0.75)
      checks.near(from * (1 - at) + x * at, to, 1e-5) -- a straight line
      assert.same({ way.c_of[769], 0.75 }, { at, when })
      local places = {}
      way:walk(function(here, its_c, its_t)
        places[#places + 1] = { its_c, its_t }
        return here * 0 + 2
      end, from, 3)
      assert.same({ { 0, 0 }, { way.c_of[342], 341 / 1024 }, { way.c_of[683], 682 / 1024 } }, places)
      to, said, at, when = way:walk(estimate, from, 0)
      checks.near(from, to)
      assert.same({ "nil", 0.0, 0 }, { type(said), at, when })
    end
  end)

  it("draws from a joint distribution when it is told the exact posterior", function()
    local V, n, texts, shares = 3, 4000, fm.tensor { { 1, 1 }, { 2, 3 }, { 3, 2 } }, fm.tensor { 0.5, 0.3, 0.2 }
    local x = fm.one_hot(texts, { n = V }):reshape(3, 2 * V)
    local function estimate(z, c) -- N(c x, (1 - c)^2 I), and all x are of one length
      return ((z:reshape(n, 2 * V):matmul(x:transpose()) * (c / (1 - c) ^ 2) + shares:log()):softmax(2):matmul(x)):reshape(n, 2, V)
    end
    for _, warp in ipairs { true, false } do
      local way = parts.way { tokens = V, length = 1, rng = fm.rng(1), warp = warp, self_conditioning = false }
      local _, said = way:walk(estimate, fm.rng(7):normal(n, 2, V), 256)
      local ids = said:argmax(3)
      for i = 1, 3 do assert.near(shares[i], (ids:eq(texts[i]:reshape(1, 2))):min(2):mean():item(), 0.03, "warp " .. tostring(warp)) end
    end
  end)

  it("reads vectors of words from a file, or makes them of a text", function()
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write "a 1 5\nb 3 5\nc 5 2\n"
    file:flush()
    local vectors, words = parts.word_vectors.read(path, "no_such", 9)
    assert.same({ "a", "b", "c" }, words)
    checks.near(fm.tensor { { -2, 1 }, { 0, 1 }, { 2, -2 } } / (14 / 6) ^ 0.5, vectors, 1e-5)
    os.remove(path)
    local _, message <const> = fm.data.vectors(path)
    assert.same({ false, message }, { pcall(parts.word_vectors.read, path, "no_such", 9) })
    assert.truthy(message:find("No such file or directory", 1, true), message)
    checks.raises_text("no_such", parts.word_vectors.read, "", "no_such", 9)
    assert(fm.file.write(path, ("a b c d. b a d c. c a b.\n"):rep(30)))
    vectors, words = parts.word_vectors.read("", path, 99)
    assert.same({ { 4, 4 }, 4 }, { vectors:shape(), #words }) -- no more columns than words
    os.remove(path)
    vectors, words = parts.word_vectors.read("", "datasets/corpus.txt", 9)
    assert.same({ #words, 9 }, vectors:shape())
    assert.equal("the", words[1])
    assert.near(0, vectors:mean(1):abs():max():item(), 1e-5)
    assert.near(1, vectors:square():mean():item(), 1e-5)
  end)

  it("decodes to the word with the largest cosine, and compares samples with words and noise", function()
    local vectors, words = fm.tensor { { 4, 0 }, { 0, 4 }, { -4, 0 } }, { "a", "b", "c" }
    local found, near = parts.word_vectors.decode(fm.tensor { { 1, 0 }, { -3, 4 }, { -9, 0 } }, vectors, words)
    assert.same({ "a", "b", "c" }, found)
    assert.near((1 + 0.8 + 1) / 3, near, 1e-5)
    found, near = parts.word_vectors.decode(fm.tensor { { 0, 3 }, { 1e-9, 0 } }, vectors, words)
    assert.same({ "b", "a" }, found)
    assert.near(1 - 0.25 / 4, near, 1e-4) -- a row of hardly any length is half as long as a word
    local _, of_nothing <const> = parts.word_vectors.decode(fm.zeros(1, 2), vectors, words)
    assert.near(0.5, of_nothing, 1e-5)
    -- on a word: no farther than 95 % of true rows are, here than the seventh of seven
    local rows = {}
    for i = 1, 7 do rows[i] = { 4 + i / 10, 0 } end
    local spread <const> = fm.tensor(rows)
    local at <const> = parts.word_vectors.compare(fm.tensor { { 4, 0.69 }, { 4, 0.71 }, { 0, 4.61 }, { 0, 9 }, { 0, 9 }, { 0, 9 }, { 0, 9 } }, spread,
      spread, vectors)
    assert.same({ 2 / 7, 2 / 3 }, { at.on_word, at.words_hit })
    local rng = fm.rng(6)
    local function draw(list) return vectors:index_select(fm.tensor(list), 1) + rng:normal(#list, 2) * 0.1 end
    local all = {}
    for i = 1, 600 do all[i] = i % 3 + 1 end
    local truth, other = draw(all), draw(all)
    local result = parts.word_vectors.compare(other, truth, other, vectors)
    for _, name in ipairs { "energy", "w2" } do assert.equal(result[name], result[name .. "_floor"]) end
    assert.near(0.95, result.on_word, 0.04)
    assert.equal(1, result.words_hit)
    -- a third of the mass on another word, half of the rest between words
    for i, word in ipairs(all) do all[i] = word == 3 and 1 or word end
    local x = draw(all)
    x[{ 1, 300 }] = x[{ 1, 300 }] * 0.5
    result = parts.word_vectors.compare(x, truth, other, vectors)
    assert.near(0.95 / 2, result.on_word, 0.04)
    assert.near(2 / 3, result.words_hit, 1e-6)
    assert.truthy(result.energy > 10 * result.energy_floor and result.w2 > 3 * result.w2_floor)
    assert.near(fm.metrics.energy_distance(x, truth), result.energy, 1e-9)
    assert.near(fm.metrics.wasserstein2(other, truth), result.w2_floor, 1e-9)
  end)
end)
