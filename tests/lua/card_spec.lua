-- The field `card` of an experiment, the interval of a mean over seeds, and the verdict.
local card_result <const> = require "fm.records.card_result"
local checks <const> = require "lua.checks"
local fm <const> = require "fm"
local t_interval <const> = require "fm.records.t_interval"
local verdict <const> = require "fm.records.verdict"

checks.no_bytes_stay(before_each, after_each)

local params <const> = { kind = { "a", choices = { "a", "b" } }, lr = 0.5, n = 3 }

--- An experiment with a card that is well but for `changes`.
local function experiment(changes)
  local card = { title = "A toy", source = "nobody", seeds = 2, data = function(rng) return rng:normal(4, 2) end,
    protocol = { { "solver", "none" } }, results = { { "w2", "the distance", floor = "w2_floor" }, { "share", "a share", better = "higher" } },
    rows = { { "first", {}, w2 = { 1, 0.5 } }, { "second", { kind = "b", lr = 1 }, w2 = { 2 }, share = { 0.5, 0 }, because = "it is so" } } }
  for key, value in pairs(changes or {}) do card[key] = value end
  return fm.experiment { name = "toy", params = params, run = function() end, card = card }
end

describe("the card of an experiment", function()
  it("is kept with what it means", function()
    local card = experiment().card
    assert.same({ key = "w2", label = "the distance", floor = "w2_floor", better = "lower" }, card.results[1])
    assert.same({ key = "share", label = "a share", better = "higher" }, card.results[2])
    assert.same({ name = "first", params = {}, values = { kind = "a", lr = 0.5, n = 3 }, published = { w2 = { 1.0, 0.5 } } }, card.rows[1])
    assert.same({ kind = "b", lr = 1.0 }, card.rows[2].params)
    assert.equal("float", math.type(card.rows[2].values.lr))
    assert.same({ w2 = { 2.0 }, share = { 0.5, 0.0 } }, card.rows[2].published)
    assert.equal("it is so", card.rows[2].because)
    assert.same({ { "solver", "none" } }, card.protocol)
    assert.is_nil(fm.experiment { run = function() end }.card)
  end)

  it("says what is wrong with it", function()
    local function raises(text, changes) checks.raises_text("experiment: card: " .. text, experiment, changes) end
    local function rows(...) return { rows = { ... } } end
    checks.raises_text("experiment: card: expected a table, found string", fm.experiment, { run = function() end, card = "x" })
    checks.raises_text("experiment: card: data is missing: expected a function", fm.experiment, { run = function() end, card = {} })
    raises('unknown field "sead"; did you mean "seeds"?', { sead = 1 })
    raises("title: expected a string, found boolean", { title = true })
    raises("data: expected a function, found table", { data = {} })
    for _, seeds in ipairs { 0, -1, 1.5 } do raises("seeds: expected a whole number >= 1, found " .. seeds, { seeds = seeds }) end
    raises("protocol: expected a list, found none", { protocol = {} })
    raises("protocol: expected a list, found the field solver", { protocol = { { "a", "b" }, solver = "c" } })
    raises("protocol[1]: expected two texts", { protocol = { { "a", 2 } } })
    raises("protocol[1]: expected two texts", { protocol = { { "a", "b", "c" } } })
    raises('results[1]: expected { "name in the summary", "what it is" }', { results = { "w2" } })
    raises('results[1]: unknown field "flor"; did you mean "floor"?', { results = { { "w2", "x", flor = "y" } } })
    raises('results[1]: better: expected "lower" or "higher", found "less"', { results = { { "w2", "x", better = "less" } } })
    raises("results[1]: floor: expected a string, found number", { results = { { "w2", "x", floor = 1 } } })
    raises("results[2]: w2 is there twice", { results = { { "w2", "x" }, { "w2", "y" } } })
    raises("rows: expected a list, found none", rows())
    raises('rows[1]: expected { "name", { parameters }, result = { value, error } }', rows { "first" })
    raises('rows[1] (first): unknown key "kid"; did you mean "kind"?', rows { "first", { kid = "a" } })
    raises('rows[1] (first): kind: expected one of a, b, found "c"', rows { "first", { kind = "c" } })
    raises("rows[1] (first): n: expected integer, found 1.5", rows { "first", { n = 1.5 } })
    raises("rows[1] (first): seed: the card runs every row with its seeds", rows { "first", { seed = 1 } })
    raises('rows[1] (first): unknown result "w"', rows { "first", {}, w = { 1 } })
    for _, value in ipairs { 1, {}, { "1" }, { 1, -1 }, { 1, 2, 3 }, { 0 / 0 }, { 1, math.huge } } do
      raises("rows[1] (first): w2: expected { value } or { value, error }, numbers and the error >= 0", rows { "first", {}, w2 = value })
    end
    raises("rows[1] (first): because: expected a text, found number", rows { "first", {}, because = 1 })
    raises('rows[1] and rows[2] are both called "first"', rows({ "first", {} }, { "first", { n = 4 } }))
    raises("rows[1] and rows[2] have the same parameters", rows({ "first", {} }, { "second", { n = 3 } }))
  end)
end)

describe("the interval of a mean", function()
  it("has the quantiles of Student's t", function()
    local known = { 12.7062047, 4.3026527, 3.1824463, 2.7764451, 2.5705818, [9] = 2.2621572, [29] = 2.0452296, [100] = 1.9839715 } -- tables
    for n, value in pairs(known) do assert.near(value, t_interval.quantile(0.95, n), 1e-6) end
    assert.near(6.3137515, t_interval.quantile(0.9, 1), 1e-6)
    assert.near(2.3646243 , t_interval.quantile(0.95, 7), 1e-6)
  end)

  it("is the mean ± t s / sqrt(n), of the finite values", function()
    local found = t_interval.of { 1, 2, 3, 4, 5, 0 / 0, math.huge }
    assert.same({ 3, 5 }, { found.mean, found.n })
    assert.near(math.sqrt(2.5), found.deviation, 1e-12)
    assert.near(2.7764451 * math.sqrt(2.5 / 5), found.half, 1e-6)
    assert.same({ mean = 7.0, n = 1 }, t_interval.of { 7 })
    assert.same({ n = 0 }, t_interval.of {})
    assert.equal(0, t_interval.of({ 2, 2, 2 }).half)
  end)
end)

describe("the verdict", function()
  local function of(mean, half, published, better) return table.concat({ verdict({ mean = mean, half = half }, published, better or "lower") }, ": ") end
  local inside <const>, overlap <const> = "reproduced: mean inside the error bar", "reproduced: intervals overlap"
  local better <const>, worse <const> = "better: the intervals are apart", "not reproduced: the intervals are apart"
  local wide <const> = "too uncertain: the measured interval is too wide"

  it("is reproduced inside the error bar, its ends included", function()
    assert.equal(inside, of(0.08, 0.001, { 0.072, 0.025 }))
    assert.equal(inside, of(0.097, 0, { 0.072, 0.025 })) -- 0.072 + 0.025 is not 0.097 in binary
    assert.equal(inside, of(0.047, 0, { 0.072, 0.025 }))
    assert.equal(inside, of(0.3, 0, { 0.1, 0.2 }))
    assert.equal(worse, of(0.0970001, 0, { 0.072, 0.025 }))
    assert.equal(better, of(0.0469999, 0, { 0.072, 0.025 }))
  end)

  it("is reproduced where the intervals touch, and no further", function()
    assert.equal(overlap, of(0.12, 0.05, { 0.072, 0.025 }))
    assert.equal(overlap, of(0.3, 0.1, { 0.1, 0.1 })) -- both end at 0.2
    assert.equal(overlap, of(-0.1, 0.1, { 0.1, 0.1 }))
    assert.equal(worse, of(0.3, 0.0999, { 0.1, 0.1 }))
    assert.equal(better, of(-0.1, 0.0999, { 0.1, 0.1 }))
    assert.equal(overlap, of(0.5, 0.1, { 0.4 })) -- no published error: a point
    assert.equal(worse, of(0.5, 0.0999, { 0.4 }))
  end)

  it("is that the measurement is too uncertain, when it meets the published one for its width alone", function()
    assert.equal(wide, of(69.8, 185.9, { 2.143, 1.99 }))
    assert.equal(wide, of(5, 100, { 1, 0.1 }))
    assert.equal(wide, of(1, 100, { 1, 0.1 })) -- the mean inside: it says as little
    assert.equal(wide, of(5, 100, { 1, 0.1 }, "higher"))
    assert.equal(wide, of(0.3, 0.2, { 0.1 }))
    assert.equal(wide, of(-5, 100, { -1, 0.1 }))
  end)

  it("takes twice the published error, or half of the value, for narrow enough", function()
    assert.equal(inside, of(8, 13.02, { 8.276, 6.51 })) -- as wide as what was published
    assert.equal(wide, of(8, 13.03, { 8.276, 6.51 }))
    assert.equal(inside, of(1, 0.5, { 1, 0.01 }))
    assert.equal(wide, of(1, 0.5001, { 1, 0.01 }))
    assert.equal("reproduced: the published number", of(0.1, 0.05, { 0.1 }))
    assert.equal(wide, of(0.1, 0.0501, { 0.1 }))
    assert.equal(wide, of(0, 0.1, { 0 }))
    assert.equal(worse, of(9, 3, { 1, 0.1 })) -- wide, but it says enough: it is apart
    assert.equal(better, of(-9, 3, { 1, 0.1 }))
  end)

  it("is none of one seed", function()
    assert.same({ nil, "one seed has no interval" }, { verdict({ mean = 1.0, n = 1 }, { 1, 0.1 }, "lower") })
    assert.same({ nil, "one seed has no interval" }, { verdict({ mean = 5.0, n = 1 }, { 1 }, "lower") })
  end)

  it("turns over where higher is better", function()
    assert.equal(better, of(0.9, 0.01, { 0.5, 0.1 }, "higher"))
    assert.equal(worse, of(0.1, 0.01, { 0.5, 0.1 }, "higher"))
    assert.equal(inside, of(0.55, 0.01, { 0.5, 0.1 }, "higher"))
  end)

  it("knows equal points, and that nothing finite is not reproduced", function()
    assert.equal("reproduced: the published number", of(0.1, 0, { 0.1, 0 }))
    assert.equal("reproduced: the published number", of(0, 0, { 0 }))
    assert.equal("not reproduced: no finite result", of(nil, nil, { 0.1, 1 }))
  end)
end)

describe("a cell of a card's table", function()
  local function cell(values, seeds, published)
    local row = { published = { w2 = published }, runs = {} }
    for i, value in ipairs(values) do row.runs[i] = { seed = i, seconds = i, values = { w2 = value, floor = 0.5 * i } } end
    return card_result.cell({ seeds = seeds, rows = { row } }, row, { key = "w2", floor = "floor", better = "lower" })
  end

  it("has no verdict before all seeds are done, nor without a published number", function()
    local part = cell({ 1, 1 }, 3, { 1, 1 })
    assert.same({ 2, 3, 1, 0.75 }, { part.done, part.wanted, part.measured.mean, part.floor })
    assert.is_nil(part.verdict)
    assert.equal("reproduced", cell({ 1, 1, 1 }, 3, { 1, 1 }).verdict)
    assert.is_nil(cell({ 1, 1, 1 }, 3).verdict)
    assert.is_nil(cell({ 1 }, 1, { 1, 1 }).verdict)
  end)

  it("is not reproduced when a seed has no finite number", function()
    local found = cell({ 1, "inf", 1 }, 3, { 1, 1 })
    assert.same({ "not reproduced", "1 of 3 seeds have no number, or none that is finite", 1 }, { found.verdict, found.why, found.measured.mean })
    assert.equal("not reproduced", cell({ 0 / 0 }, 1, { 1, 1 }).verdict) -- of one seed too
  end)
end)
