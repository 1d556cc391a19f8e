-- nn.standardise: columns in units of their mean and deviation, which a model keeps.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const> = fm.nn

describe("nn.standardise", function()
  checks.no_bytes_stay(before_each, after_each)

  local function rows() return fm.tensor { { 1, 10 }, { 3, 20 }, { 8, 30 } } end

  it("gives columns mean 0 and deviation 1, and goes back", function()
    local x = rows()
    local units = nn.standardise(x)
    checks.near(units(x), fm.tensor { { -3 / 13 ^ 0.5, -1 }, { -1 / 13 ^ 0.5, 0 }, { 4 / 13 ^ 0.5, 1 } })
    checks.near(units(x):std(1), fm.ones(2))
    checks.near(units:inverse(units(x)), x, 1e-5)
    checks.near(units(fm.tensor { 4, 30 }), fm.tensor { 0, 1 })                           -- [D]
    checks.near(units:inverse(fm.zeros(2, 3, 2)), fm.zeros(2, 3, 2) + fm.tensor { 4, 20 }) -- [A, B, D]
  end)

  it("knows the log-determinant: a density of x integrates to 1", function()
    local units = nn.standardise(rows())
    assert.near(-math.log(13 ^ 0.5 * 10), units:log_det(), 1e-6)
    -- that of N(mean, std) on a grid of x
    local u, v = fm.linspace(-30, 38, 101), fm.linspace(-60, 100, 101)
    local grid = fm.stack(u:reshape(-1, 1) + fm.zeros(101, 101), v + fm.zeros(101, 101), { axis = 3 })
    local log_p = units(grid):square():sum(3) * -0.5 - math.log(2 * math.pi) + units:log_det()
    assert.near(1, log_p:exp():sum():item() * 0.68 * 1.6, 1e-4)
  end)

  it("is part of a model's state, and no parameter", function()
    local units, net = nn.standardise(rows()), nn.linear(2, 1)
    assert.same({ 0, {} }, { units:count(), units:parameters() })
    local model = nn.sequential { units, net }
    assert.equal(3, model:count())
    local other = nn.sequential { nn.standardise(2), nn.linear(2, 1) }
    checks.same(other.parts[1][2](rows()), rows()) -- units of one until it is loaded
    local path = os.tmpname()
    assert(fm.save(path, model:state()))
    other:load_state(fm.load(path))
    os.remove(path)
    checks.same(model(rows()), other(rows()))
    assert.equal(units:log_det(), other.parts[1][2]:log_det())
  end)

  it("refuses units that are none, alone and within a model, and keeps what it has", function()
    local raises <const> = checks.raises_text
    local units, deep = nn.standardise(rows()), nn.sequential { nn.sequential { nn.standardise(rows()) }, nn.linear(2, 1) }
    for _, case in ipairs { { "std", 0, "0", " above 0" }, { "std", -1, "-1", " above 0" }, { "std", 0 / 0, "NaN", " above 0" },
      { "std", math.huge, "inf", " above 0" }, { "mean", 0 / 0, "NaN", "" }, { "mean", -math.huge, "-inf", "" } } do
      local name, value, shown, what = table.unpack(case)
      local state = { mean = fm.tensor { 0, 1 }, std = fm.tensor { 1, 2 } }
      state[name][2] = value
      raises(('load_state: "%s": column 2 has %s, expected a finite number%s'):format(name, shown, what), units.load_state, units, state)
      local all = deep:state()
      for key in pairs(all) do
        if key:match "std$" then all[key:gsub("std$", name)] = state[name] end
      end
      raises(('0.0.%s": column 2 has %s'):format(name, shown), deep.load_state, deep, all)
    end
    checks.near(units.mean, rows():mean(1))
    checks.near(deep.parts[1][2].parts[1][2].std, rows():std(1))
  end)

  it("passes gradients and tangents on, and outlives the scope in which it is made", function()
    local units
    do
      local scope <close> = fm.scope()
      units = nn.standardise(rows() * 2)
    end
    local x, tape <close> = fm.parameter(rows()), fm.record()
    units(x):sum():backward()
    checks.near(x:grad(), (fm.zeros(3, 2) + 1) / units.std)
    local _, dz = fm.jvp(function(y) return units:inverse(y) end, { rows() }, { 1 })
    checks.near(dz, fm.zeros(3, 2) + units.std)
  end)

  it("refuses what has no deviation, and misuse", function()
    local raises <const> = checks.raises_text
    raises("standardise: column 2 is 7 in every row: it has no deviation", nn.standardise, fm.tensor { { 1, 7 }, { 2, 7 }, { 3, 7 } })
    raises("standardise: column 1 has a number that is not finite", nn.standardise, fm.tensor { { 0 / 0, 7 }, { 2, 8 } })
    raises("standardise: column 2 has a number that is not finite", nn.standardise, fm.tensor { { 1, 7 }, { 2, -math.huge } })
    raises("standardise: expected rows [N, D] of at least two, or a number of columns, found a tensor [1, 2]", nn.standardise, fm.ones(1, 2))
    raises("or a number of columns, found a tensor [3]", nn.standardise, fm.ones(3))
    raises("or a number of columns, found nil", nn.standardise)
    raises("standardise: columns: expected a whole number >= 1, found 0", nn.standardise, 0)
    raises("standardise: unexpected argument 2, a table: it takes 1", nn.standardise, 2, {})
    local units = nn.standardise(2)
    raises("standardise: x: expected a tensor [..., 2], found a tensor [2, 3]", units, fm.ones(2, 3))
    raises("standardise: z: expected a tensor [..., 2], found 1", units.inverse, units, 1)
  end)
end)
