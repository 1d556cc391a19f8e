-- What fmrun pareto measures of what a script gave it: which settings, in which order, what is kept
-- in the run's folder, and what is measured again. The command: tests/cli/pareto_spec.lua.
local checks <const> = dofile "tests/lua/checks.lua"
local ending <const> = require "fm.run.ending"
local files <const> = dofile "tests/whole_files.lua"
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local measured <const> = require "fm.run.pareto_measured"
local records <const> = require "fm.records.pareto"
local settings <const> = require "fm.run.pareto_settings"

local nan <const> = 0 / 0

local function titles(list)
  local words <const> = {}
  for i, s in ipairs(list) do words[i] = records.title(s) end
  return table.concat(words, ", ")
end

describe("what fmrun pareto measures", function()
  setup(function() return fm.ode end)
  checks.no_bytes_stay(before_each, after_each)
  local folder, shown
  before_each(function()
    folder, shown = os.tmpname(), {}
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end)
  after_each(function() os.execute("rm -r " .. folder) end)

  local function screen()
    return { next_time = 0, begin = function(_, ...) shown[#shown + 1] = table.concat({ ... }, " ", 1, 3) end,
      show = function(_, i, text) shown[#shown + 1] = ("%d %s"):format(i, text) end, clear = function() shown[#shown + 1] = "clear" end }
  end

  local function all(what, how, identity)
    local o <const> = { path = folder, most = 8, screen = screen() }
    for key, value in pairs(how or {}) do o[key] = value end
    what.name = what.name or "score"
    return measured.all(what, { step = 7, identity = identity or "same" }, o)
  end

  it("is every number of steps up to the most, by powers of two, for each method once", function()
    assert.equal("euler 1, euler 2, euler 4, euler 8", titles(settings.of_field({ "euler", "euler" }, 8)))
    assert.equal("euler 1, euler 2, euler 4", titles(settings.of_field({ "euler" }, 7)))
    assert.equal("dopri5 0.3, dopri5 0.1, dopri5 0.03, dopri5 0.01, dopri5 0.001, dopri5 0.0001", titles(settings.of_field({ "rk45", "dopri5" }, 1)))
    assert.equal("heun3 1, heun3 2, ab3 4, ab3 8", titles(settings.of_field({ "ab3" }, 8)))
    assert.equal("b 1, b 2, a 1, a 2", titles(settings.of_sample({ "a", "b" }, { "b", "a", "b" }, 3)))
    assert.equal("a 1, b 1", titles(settings.of_sample({ "a", "b" }, nil, 1)))
    local ok, problem = pcall(settings.of_field, { "eulr" }, 8)
    assert.same({ false, { status = "refused", message = '--solvers: there is no "eulr"; did you mean "euler"?' } }, { ok, ending.of(problem) })
    ok, problem = pcall(settings.of_sample, { "a", "b" }, { "velocity" }, 8)
    assert.same({ false, { status = "refused", message = '--solvers: there is no "velocity" (one of: a, b)' } }, { ok, ending.of(problem) })
    local kept <const> = settings.by_their_names { { method = "ab3", steps = 2 }, { method = "ab3", steps = 4 }, { method = "euler", steps = 2 },
      { method = "dopri5", tolerance = 0.1 } }
    assert.equal("ab3 4, euler 2, dopri5 0.1", titles(kept))
  end)

  it("goes into files, in order; less of the metric is better, and what is not finite is a note", function()
    local values <const> = { 8, 4, nan, 4 }
    local found, asked = all { sample = function(n, method) return fm.full(1, values[math.tointeger(math.log(n, 2)) + 1]), n + #method - 5 end,
      metric = function(x) return x end, methods = { "steps" }, floor = function() return 0.5, fm.full(1, 0.25) end }
    assert.equal("steps 1, steps 2, steps 8, steps 4", titles(found.settings))
    assert.equal('method,steps,tolerance,nfe,score,floor,dominated,note\nsteps,1,,1,8,0.5,no,\nsteps,2,,2,4,0.5,no,\nsteps,8,,8,4,0.5,yes,\n'
      .. 'steps,4,,4,,0.5,yes,not finite\n', files.read(folder .. "/pareto.csv"))
    assert.same({ identity = "same", step = 7, name = "score", floor = 0.5, floor_deviation = 0.25 }, (function()
      local read <const> = assert(fm.json.decode(files.read(folder .. "/pareto.json")))
      read.settings = nil
      return read
    end)())
    assert.same({ ["steps 1"] = true, ["steps 2"] = true, ["steps 4"] = true, ["steps 8"] = true }, asked)
    assert.same({ "pareto 4 0", "1 steps 1: 8", "2 steps 2: 4", "3 steps 4", "4 steps 8: 4", "clear" }, shown)
    assert.truthy(files.read(folder .. "/pareto.png"):find "^\137PNG")
  end)

  it("is not measured twice, unless it is another thing or was over the limit of evaluations", function()
    local calls = {}
    local function measure(how, identity, name)
      calls = {}
      local found <const> = all({ field = function(x)
        return x * 0
      end, x0 = function()
        calls[#calls + 1] = "x0"
        return fm.ones(1, 1)
      end, metric = function(x)
        calls[#calls + 1] = "metric"
        return x:mean()
      end, name = name }, how, identity)
      return table.concat(calls, " "), titles(found.settings)
    end
    assert.same({ "x0 metric metric", "euler 1, euler 2" }, { measure { solvers = { "euler" }, most = 2 } })
    assert.same({ "", "euler 1, euler 2" }, { measure { solvers = { "euler" }, most = 2 } })
    assert.same({ "x0 metric", "euler 1, euler 2, euler 4" }, { measure { solvers = { "euler" }, most = 4 } })
    assert.same({ "", "euler 1, euler 2, euler 4" }, { measure { solvers = { "euler" }, most = 2 } })
    assert.same({ "x0 metric metric", "euler 1, euler 2" }, { measure { solvers = { "euler" }, most = 2, anew = true } })
    assert.same({ "x0 metric metric", "euler 1, euler 2" }, { measure({ solvers = { "euler" }, most = 2 }, "other") })
    assert.same({ "x0 metric metric", "euler 1, euler 2" }, { measure({ solvers = { "euler" }, most = 2 }, "other", "another") })
    assert.same({ "x0 metric", "heun 1" }, { measure { solvers = { "heun" }, most = 2, anew = true } }) -- two steps of it take 4
  end)

  it("is over when a solve takes more evaluations, and is tried again with more", function()
    local function stiff(most)
      local found <const> = all({ field = function(x) return x * -50 end, x0 = fm.ones(1, 1), metric = function(x) return x:mean() end },
        { solvers = { "dopri5" }, most = most })
      local over <const> = {}
      for _, s in ipairs(found.settings) do over[#over + 1] = s.over and ("%g over %d"):format(s.tolerance, s.over) or nil end
      return #over, over[1]
    end
    local n, first = stiff(8)
    assert.equal(6, n)
    assert.truthy(first:find " over 8$")
    local fewer <const> = stiff(200)
    assert.truthy(fewer < 6)
    assert.equal(fewer, (stiff(8))) -- what is known stays
  end)

  it("has no picture without a value, and says what a sampler and a metric are to return", function()
    local function sample(x, n) return { sample = function() return x, n end, metric = function() return 1 / 0 end, methods = { "a" } } end
    local found = all(sample(fm.ones(1), 3), { most = 1 })
    assert.same({ "not finite", nil }, { found.settings[1].note, (lfs.attributes(folder .. "/pareto.png")) })
    assert.truthy(lfs.attributes(folder .. "/pareto.csv"))
    for _, pair in ipairs { { 3, 1 }, { fm.ones(1), 0 }, { fm.ones(1), 1.5 }, { fm.ones(1) }, { fm.ones(1), {} } } do
      checks.raises_text("pareto: sample: expected it to return the samples and the number of evaluations, 1 or more (or an info with nfe)", all,
        sample(pair[1], pair[2]), { most = 1, anew = true })
    end
    found = all(sample(fm.ones(1), { nfe = 5.0 }), { most = 1, anew = true })
    assert.equal(5, found.settings[1].nfe)
    local odd <const> = sample(fm.ones(1), 1)
    odd.metric = function() return "x" end
    checks.raises_text('metric: expected a number, found "x"', all, odd, { most = 1, anew = true })
    odd.metric = function() error("broken", 0) end
    checks.raises_text("broken", all, odd, { most = 1, anew = true })
    odd.metric = function() error("a row is not finite", 0) end
    assert.equal("not finite", all(odd, { most = 1, anew = true }).settings[1].note)
    odd.metric = function() ending.raise("failed", "not finite") end
    assert.is_false((pcall(all, odd, { most = 1, anew = true })))
    odd.metric, odd.floor = function() return 2 end, 3
    local seconds <const>, now = fm.system.seconds, 0
    function fm.system.seconds()
      now = now + 0.00014
      return now
    end
    found = all(odd, { most = 1, anew = true })
    fm.system.seconds = seconds
    assert.same({ "float", "float", 3, 2, 0.0001 }, { math.type(found.floor), math.type(found.settings[1].value), found.floor, found.settings[1].value,
      found.settings[1].seconds })
    for _, floor in ipairs { nan, "x" } do
      odd.floor = function() return floor end
      checks.raises_text("pareto: floor: expected a finite number", all, odd, { most = 1, anew = true })
    end
    odd.floor = function() return 1, "x" end
    checks.raises_text("pareto: floor: its deviation: expected a finite number", all, odd, { most = 1, anew = true })
  end)
end)
