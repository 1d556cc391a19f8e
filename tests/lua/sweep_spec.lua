-- From words to runs: axes, trials, presets, combinations. Processes are tested in
-- tests/cli/sweep_spec.lua.
local fm <const> = require "fm"
local axes <const> = require "fm.cli.words.axes"
local expand <const> = require "fm.cli.words.expand"
local parameters <const> = require "fm.run.parameters"

local live <const> = fm.live_bytes()
local list <const> = parameters.declare { steps = { 20, min = 1, max = 100 }, lr = { 1e-3, min = 0 }, path = { "linear", choices = { "linear", "vp" } },
  note = "", shout = false }
local presets <const> = parameters.declare_presets(list, { fast = { steps = 2, lr = 1 }, slow = { steps = 90 } })
local script <const> = { path = "x.lua", experiment = { parameters = list, presets = presets } }

local function values_of(key, text)
  local axis, values = axes.new(list[key], text), {}
  for i = 1, axis.count do values[i] = axis.at(i) end
  return values
end

local function refused(message, f, ...)
  local ok, problem = pcall(f, ...)
  assert.is_false(ok)
  assert.equal(message, problem.usage)
end

local function runs_of(words, line)
  line = line or { multirun = true }
  line.words = words
  return expand({ script }, line)
end

local function texts(plan)
  local result = {}
  for i, run in ipairs(plan.runs) do
    local parts = {}
    for j, pair in ipairs(run.changed) do parts[j] = pair[1] .. "=" .. tostring(pair[2]) end
    result[i] = table.concat(parts, " ")
  end
  return result
end

local function temporary(ending, text)
  local name = os.tmpname()
  os.remove(name)
  local path = name .. ending
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
  return path
end

describe("an axis", function()
  it("is a list, typed by the declaration", function()
    assert.same({ 1e-3, 3.0 }, values_of("lr", "1e-3,3"))
    assert.equal("float", math.type(values_of("lr", "1e-3,3")[2]))
    assert.same({ "linear", "vp" }, values_of("path", "linear,vp"))
    assert.same({ true, false }, values_of("shout", "true,false"))
    assert.same({ "a:b", "(c" }, values_of("note", "a:b,(c"))
  end)

  it("has ranges with both ends", function()
    assert.same({ 1, 2, 3, 4, 5 }, values_of("steps", "1:5"))
    assert.same({ 5, 3, 1 }, values_of("steps", "5:1:-2"))
    assert.same({ 0.0, 0.25, 0.5, 0.75, 1.0 }, values_of("lr", "0:1:0.25"))
    assert.same({ 0.0, 0.1, 0.2, 0.3 }, values_of("lr", "0:0.3:0.1"))
    assert.same({ 1, 3, 4, 9 }, values_of("steps", "1,3:4,9"))
    assert.same({ 1, 2, 3 }, values_of("steps", " 1, 2 : 3 "))
  end)

  it("has ranges that name what a list would, to the last digit", function()
    local any = parameters.declare { x = 1.0 }.x
    for range, texts_of_list in pairs {
      ["0.1:0.3:0.1"] = "0.1 0.2 0.3", ["-0.2:0.2:0.1"] = "-0.2 -0.1 0 0.1 0.2", ["16777217.5:16777219.5"] = "16777217.5 16777218.5 16777219.5",
      ["1e15:1000000000000002:0.5"] = "1000000000000000 1000000000000000.5 1000000000000001 1000000000000001.5 1000000000000002",
      ["1e-320:3e-320:1e-320"] = "1e-320 2e-320 3e-320", ["0:1e300:5e299"] = "0 5e299 1e300", ["9007199254740991:9007199254740993"] =
      "9007199254740991 9007199254740992 9007199254740993", ["1:1e-3:-0.333"] = "1 0.667 0.334 0.001", [".5:2"] = "0.5 1.5", ["3:1:-1e0"] = "3 2 1",
    } do
      local axis, n = axes.new(any, range), 0
      for text in texts_of_list:gmatch "%S+" do
        n = n + 1
        assert.equal(tonumber(text) + 0.0, axis.at(n), range)
      end
      assert.equal(n, axis.count, range)
    end
    assert.equal(3.0, axes.new(any, "1:1.7976931348623157e308:8e307").count) -- too far apart for one grid in tens
  end)

  it("counts in decimals as long as 64 bits hold them, and else in binary", function()
    local decimal <const> = require "fm.cli.words.decimal"
    local function points(first, last, step)
      local found, list = decimal.grid(first, last, step), {}
      for i = 1, found and found.count or 0 do list[i] = found.at(i) end
      return found and list
    end
    assert.same({ 0.1, 0.2, 0.3 }, points("0.1", "0.3", "0.1"))
    assert.same({ 0 }, points("0", "0.0", "0.1"))
    assert.same({ 0, 100, 200 }, points("0", "2e2", "1e+2"))
    assert.same({ 300, 200, 100 }, points("3e2", "1e2", "-100"))
    assert.same({ 0.5, 1.5 }, points(".5", "2", "+1"))
    assert.same({ 1, 2 }, points("0000000000000000000001", "00000000000000000000002", "1"))
    assert.same({ -99999999999999999.5 }, points("-99999999999999999.5", "-99999999999999999.5", "1"))
    assert.same({ 0, 0, 0 }, { decimal.grid("0", "0", "1").at(1), decimal.grid("00", "-0", "1").at(1), decimal.grid("0e5", "0", "2").at(1) })
    assert.same({ 999999999999999998, 999999999999999999 }, points("999999999999999998", "999999999999999999", "1"))
    assert.same({}, points("1", "0", "1"))
    for _, words in ipairs { { "x", "1", "1" }, { "1", "0x2", "1" }, { "1", "2", "1e1e1" }, { "1000000000000000000", "1000000000000000001", "1" },
      { "0.1234567890123456789", "1", "0.1" }, { "1e18", "2e18", "1" }, { "1", "2", "1e-18" }, { "1e-30", "1", "1" },
      { "-123456789012345678", "0", "0.1" }, { "100000000000000000", "100000000000000001", "0.1" } } do
      assert.is_nil(points(table.unpack(words)), words[1])
    end
    assert.equal(2, decimal.grid("1e-17", "2e-17", "1e-17").count)
    assert.equal(0.9, decimal.grid("0.9", "1", "1e-16").at(1))
  end)

  it("has values with commas in quotes, as CSV", function()
    assert.same({ "a,b", "c", 'd"e', "", "f" }, values_of("note", '"a,b",c,"d""e","",f'))
    assert.same({ "a", "", 'b"c' }, values_of("note", 'a,,b"c'))
    assert.same({ 1, 3 }, values_of("steps", '"1",3'))
    for text, value in pairs { ['"a,b"'] = "a,b", [""] = "", a = "a" } do
      local axis, one = axes.new(list.note, text)
      assert.same({ nil, value }, { axis, one })
    end
    refused('note: "a: a quote stays open', axes.new, list.note, '"a')
    refused('note: "a"b,c: expected a comma after the quote that closes, found "b"', axes.new, list.note, '"a"b,c')
    assert.same({ note = "a,b" }, runs_of({ 'note="a,b"', "seed=1,2" }).fixed)
    assert.equal('"a"', runs_of({ 'note="a"' }, {}).runs[1].values.note)
  end)

  it("counts without making", function()
    local whole = parameters.declare { n = 1 }.n
    local beyond = axes.new(whole, "9007199254740993:9007199254740997:2") -- beyond the whole numbers of a double
    assert.same({ 3, 9007199254740993, 9007199254740995, 9007199254740997 }, { beyond.count, beyond.at(1), beyond.at(2), beyond.at(3) })
    assert.equal("float", math.type(axes.new(list.lr, "1:3").at(2)))
    assert.equal(1000000001, axes.new(whole, "0:1000000000").count)
    assert.equal(2.0 ^ 64, axes.new(whole, "-9223372036854775808:9223372036854775807").count)
    local two = axes.new(whole, "1:9223372036854775807:4611686018427387904")
    assert.same({ 2, 1, 4611686018427387905 }, { two.count, two.at(1), two.at(2) })
    assert.equal(2, axes.new(whole, "9223372036854775806:9223372036854775807").count)
  end)

  it("draws from continuous ranges", function()
    local axis = axes.new(list.lr, "log(1e-4,1e-2)")
    assert.equal(1e-4, axis.draw(0))
    assert.equal(1e-3, axis.draw(0.5))
    assert.equal(0.5, axes.new(list.lr, "uniform(0,1)").draw(0.5))
    local whole = axes.new(list.steps, "uniform(1,3)")
    assert.same({ 1, 2, 3 }, { whole.draw(0), whole.draw(0.5), whole.draw(0.9999) })
    assert.equal(32, axes.new(list.steps, "log(16,64)").draw(0.5))
    assert.equal(1e-3, axes.new(list.lr, "log(1e-4, 1e-2)").draw(0.5))
  end)

  it("draws with as many digits as its range wants, and never beyond it", function()
    local any, whole = parameters.declare { x = 1.0 }.x, parameters.declare { x = 1 }.x
    for _, range in ipairs {
      "uniform(16777217,16777219)", "uniform(0.99999,1)", "uniform(-1.7e308,1.7e308)", "log(1e-300,1e300)", "log(5e-324,1)",
      "log(1,1.001)", "uniform(-1e-310,1e-310)", "uniform(0,1)", "uniform(-9223372036854775808,9223372036854775807)",
      "log(1,9223372036854775807)", "uniform(1,3)",
    } do
      local low, high = range:match "%((.-),(.-)%)"
      low, high = tonumber(low), tonumber(high)
      for _, declaration in ipairs { any, math.type(low) == "integer" and math.type(high) == "integer" and whole or any } do
        local axis, seen, n = axes.new(declaration, range), {}, 0
        for i = 0, 200 do
          local value = axis.draw(i / 201)
          assert.truthy(value >= low and value <= high, range)
          if not seen[value] then n = n + 1 end
          seen[value] = true
        end
        local most = declaration == whole and math.ult(high - low, 190) and high - low + 1 or 190
        assert.truthy(n >= most, range .. n)
      end
    end
    assert.equal(0.4321, axes.new(any, "uniform(0,1)").draw(0.43210987))
  end)

  it("refuses what says nothing, in one line", function()
    refused("lr: empty list", axes.new, list.lr, "")
    refused("lr: empty value", axes.new, list.lr, "1,,2")
    refused('steps: expected an integer, found "1.5"', values_of, "steps", "1,1.5")
    refused('steps: expected an integer, found "0.5"', values_of, "steps", "1:3:0.5")
    refused("steps: the step of 1:3:0 is 0", axes.new, list.steps, "1:3:0")
    refused("steps: empty list: 3:1 has no values (downwards: 3:1:-1)", axes.new, list.steps, "3:1")
    refused("steps: empty list: 1:3:-1 has no values", axes.new, list.steps, "1:3:-1")
    refused('steps: expected first:last or first:last:step, found "1:2:3:4"', axes.new, list.steps, "1:2:3:4")
    refused("steps: must be <= 100", values_of, "steps", "99:101")
    refused('path: expected one of linear, vp, found "liner"; did you mean "linear"?', axes.new, list.path, "vp,liner")
    refused('lr: expected log(low,high) or uniform(low,high), found "lag(1,2)"', axes.new, list.lr, "lag(1,2)")
    refused("lr: log(0,1): a logarithm needs numbers above 0", axes.new, list.lr, "log(0,1)")
    refused("lr: uniform(1,0): the first number must be the smaller one", axes.new, list.lr, "uniform(1,0)")
  end)
end)

describe("expansion", function()
  it("runs the last key fastest, and leaves commas alone without -m", function()
    local plan = runs_of { "lr=1e-3,3e-3", "seed=1:2", "steps=7" }
    assert.same({ "lr=0.001 seed=1", "lr=0.001 seed=2", "lr=0.003 seed=1", "lr=0.003 seed=2" }, texts(plan))
    assert.same({ "lr", "seed" }, plan.keys)
    assert.same({ steps = 7 }, plan.fixed)
    assert.equal(7, plan.runs[3].values.steps)
    assert.equal(0.003, plan.runs[3].values.lr)
    local one = runs_of({ "note=a,b" }, {})
    assert.equal("a,b", one.runs[1].values.note)
    assert.same({}, one.keys)
  end)

  it("lays presets below what is given", function()
    local values = runs_of({ "preset=fast", "lr=0.5" }, {}).runs[1].values
    assert.same({ 2, 0.5 }, { values.steps, values.lr })
    assert.equal("float", math.type(runs_of({ "preset=fast" }, {}).runs[1].values.lr))
    assert.same({ "preset=fast", "preset=slow" }, texts(runs_of { "preset=fast,slow" }))
    refused('x.lua: preset: expected one of fast, slow, found "fats"; did you mean "fast"?', runs_of, { "preset=fats" })
  end)

  it("reads trials from files", function()
    local csv = temporary(".csv", 'lr,note\n0.5,"a, ""b"""\r\n\n1, c \n')
    local plan = runs_of({ "@" .. csv, "steps=3" }, {})
    assert.same({ 'lr=0.5 note=a, "b"', "lr=1.0 note=c" }, texts(plan))
    assert.equal(3, plan.runs[2].values.steps)
    local jsonl = temporary(".jsonl", '{"lr":1,"shout":true}\n{"lr":2.5}')
    assert.same({ "lr=1.0 shout=true seed=1", "lr=1.0 shout=true seed=2", "lr=2.5 seed=1", "lr=2.5 seed=2" }, texts(runs_of { "@" .. jsonl, "seed=1,2" }))
    local unknown = temporary(".jsonl", '{"x":1}')
    refused('x.lua: unknown key "x"', runs_of, { "@" .. unknown })
    for _, path in ipairs { csv, jsonl, unknown } do os.remove(path) end
  end)

  it("reads trials of a spreadsheet, and says the line of what is damaged", function()
    local marked = temporary(".csv", "\xEF\xBB\xBFlr,steps\n0.5,3\n")
    assert.same({ "lr=0.5 steps=3" }, texts(runs_of({ "@" .. marked }, {})))
    local old = temporary(".csv", "lr,steps\r0.5,3\r1,4\n2,5") -- a carriage return ends a line too
    assert.same({ "lr=0.5 steps=3", "lr=1.0 steps=4", "lr=2.0 steps=5" }, texts(runs_of({ "@" .. old }, {})))
    os.remove(old)
    local twice = temporary(".csv", "lr,lr\n1,2\n")
    refused("x.lua: " .. twice .. ": line 1: lr given twice", runs_of, { "@" .. twice })
    local after = temporary(".csv", 'note\n"a"b\n')
    refused("x.lua: " .. after .. ': line 2: expected a comma after the quote that closes, found "b"', runs_of, { "@" .. after })
    os.remove(after)
    local torn = temporary(".jsonl", '{"lr":1}\n{"lr":2')
    refused("x.lua: " .. torn .. ": line 2 col 8: the text ends (expected ',' or '}')", runs_of, { "@" .. torn })
    for _, path in ipairs { marked, twice, torn } do os.remove(path) end
  end)

  it("says which line or trial of a file is wrong, and how", function()
    for text, message in pairs { ["lr,note\n1\n"] = "line 2: expected 2 fields as in the first line, found 1",
      ["lr\n\n1,2\n"] = "line 3: expected 1 fields as in the first line, found 2", ["lr\n"] = "empty list: there are no trials",
      [" \n\n"] = "empty list: there are no trials", ["lr\n1\nx\n"] = 'trial 2: lr: expected a finite number, found "x"',
      ["lr\n1\n\0\n"] = "line 3: a NUL byte; expected text in UTF-8", ["steps\n0\n"] = "trial 1: steps: must be >= 1" } do
      local path <const> = temporary(".csv", text)
      refused(("x.lua: %s: %s"):format(path, message), runs_of, { "@" .. path })
      os.remove(path)
    end
    for text, message in pairs { ["[1]"] = "line 1: expected an object", ['{"lr":1}\n\n3'] = "line 3: expected an object",
      ['"x"'] = "line 1: expected an object", ['{"lr":[1]}'] = "line 1: lr: expected a number, a string or a boolean",
      ['{"lr":1}\n{"lr":null}'] = "line 2: lr: expected a number, a string or a boolean", [""] = "empty list: there are no trials" } do
      local path <const> = temporary(".jsonl", text)
      refused(("x.lua: %s: %s"):format(path, message), runs_of, { "@" .. path })
      os.remove(path)
    end
    local exact <const> = temporary(".jsonl", '{"lr":0.1,"steps":7,"note":"a b","shout":false}\n{"lr":16777217.5,"steps":8}')
    assert.same({ "lr=0.1 note=a b shout=false steps=7", "lr=16777217.5 steps=8" }, texts(runs_of({ "@" .. exact }, {})))
    local plan <const> = runs_of({ "@" .. exact, "seed=3" }, {})
    assert.same({ { "lr", "note", "shout", "steps" }, { seed = 3 }, true, 8 }, { plan.keys, plan.fixed, plan.is_sweep, plan.runs[2].values.steps })
    refused("x.lua: lr given twice", runs_of, { "@" .. exact, "lr=3" })
    refused("x.lua: seed given twice", runs_of, { "seed=1", "seed=2" }, {})
    os.remove(exact)
    refused("x.lua: " .. os.getenv "HOME" .. ": trials are read from .csv or .jsonl", runs_of, { "@" .. os.getenv "HOME" })
  end)

  it("is one run of one script, or a sweep; limits count every script", function()
    local function is_sweep(...) return runs_of(...).is_sweep end
    assert.same({ false, true, true, false }, { is_sweep({ "lr=1" }, {}), is_sweep { "lr=1,2" }, is_sweep { "seed=1:1" }, is_sweep { "lr=1" } })
    local other <const> = { path = "y.lua", experiment = script.experiment }
    local plan <const> = expand({ script, other }, { words = { "seed=1,2" }, multirun = true })
    assert.same({ 4, "x.lua", "y.lua", true }, { #plan.runs, plan.runs[2].script.path, plan.runs[3].script.path, plan.is_sweep })
    assert.is_true(expand({ script, other }, { words = {} }).is_sweep)
    assert.equal(4, #expand({ script, other }, { words = { "seed=1,2" }, multirun = true, max_runs = 4 }).runs)
    refused("sweep has 4 runs, over the limit of 3 (--max-runs N)", expand, { script, other }, { words = { "seed=1,2" }, multirun = true, max_runs = 3 })
    assert.equal(10000, #runs_of({ "seed=1:10000" }).runs)
    refused("sweep has 10001 runs, over the limit of 10000 (--max-runs N)", runs_of, { "seed=1:10001" })
    refused('y.lua: unknown key "lr"', expand, { script, { path = "y.lua", experiment = { parameters = parameters.declare {}, presets = {} } } },
      { words = { "lr=1" } })
    local axes_and_trials <const> = temporary(".csv", "lr,steps\n1,2\n3,4\n")
    assert.same({ "path=linear lr=1.0 steps=2 seed=1", "path=linear lr=1.0 steps=2 seed=2", "path=linear lr=3.0 steps=4 seed=1",
      "path=linear lr=3.0 steps=4 seed=2", "path=vp lr=1.0 steps=2 seed=1" },
      table.move(texts(runs_of { "path=linear,vp", "@" .. axes_and_trials, "seed=1:2" }), 1, 5, 1, {}))
    local drawn <const>, seen = texts(runs_of({ "@" .. axes_and_trials, "seed=1:9" }, { multirun = true, random = 12 })), {}
    for _, text in ipairs(drawn) do seen[text:match "lr=%S+ steps=%d"] = true end
    assert.same({ 12, { ["lr=1.0 steps=2"] = true, ["lr=3.0 steps=4"] = true } }, { #drawn, seen })
    os.remove(axes_and_trials)
  end)

  it("draws the same search again, and a longer one begins with the shorter", function()
    local function search(n, seed) return texts(runs_of({ "lr=log(1e-4,1e-2)", "path=linear,vp" }, { multirun = true, random = n, sweep_seed = seed })) end
    local five, nine = search(5), search(9)
    assert.equal(9, #nine)
    assert.same(five, table.move(nine, 1, 5, 1, {}))
    assert.not_same(five, search(5, 1))
    refused("--random 3: there are only 2 different runs", runs_of, { "path=linear,vp" }, { multirun = true, random = 3 })
  end)

  it("refuses, before anything is made", function()
    refused("sweep has 1000000000 runs, over the limit of 10000 (--max-runs N)", runs_of, { "seed=1:1000000000" })
    refused("sweep has 1000000000000000000000 runs, over the limit of 10000 (--max-runs N)", runs_of, { "seed=1:10000000000", "lr=1:100000000000" })
    refused("sweep has 1e+300 runs, over the limit of 10000 (--max-runs N)", runs_of, { "lr=0:1:1e-300" })
    refused("runs 1 and 3 are identical", runs_of, { "seed=1,2,1" })
    refused("x.lua: lr given twice", runs_of, { "lr=1,2", "lr=3" })
    refused('x.lua: unknown key "lrr"; did you mean "lr"?', runs_of, { "lrr=1,2" })
    refused("lr: log(1,2) is a range to draw from: say how often with --random N", runs_of, { "lr=log(1,2)" })
    refused("--random: nothing to draw from; give a list or a range: lr=log(1e-4,1e-2)", runs_of, { "lr=1" }, { multirun = true, random = 3 })
    refused('x.lua: lr: expected a finite number, found "1,2"; lists and ranges need -m', runs_of, { "lr=1,2" }, {})
    refused('x.lua: steps: expected an integer, found "1:5"; lists and ranges need -m', runs_of, { "steps=1:5" }, {})
    refused("x.lua: none.csv: No such file or directory", runs_of, { "@none.csv" })
    refused("x.lua: a.txt: trials are read from .csv or .jsonl", runs_of, { "@a.txt" })
  end)

  it("leaves no tensors", function()
    collectgarbage()
    assert.equal(live, fm.live_bytes())
  end)
end)

describe("presets", function()
  it("are checked when they are declared", function()
    for message, given in pairs {
      ['preset fast: unknown key "stps"; did you mean "steps"?'] = { fast = { stps = 1 } },
      ["preset fast: steps: expected integer, found 1.5"] = { fast = { steps = 1.5 } },
      ["preset fast: steps: must be >= 1"] = { fast = { steps = 0 } },
      ["presets: expected name = { key = value }, found fast = number"] = { fast = 3 },
    } do
      local ok, problem = pcall(parameters.declare_presets, list, given)
      assert.is_false(ok)
      assert.equal(message, problem)
    end
  end)
end)
