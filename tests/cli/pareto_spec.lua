-- fmrun pareto: what a script says by run:pareto is measured from the run's last checkpoint.
local fm <const> = require "fm"
local pareto <const> = require "fm.records.pareto"
local stopping <const> = require "cli.stopping"

local call <const>, experiment <const>, read <const>, record <const> = stopping.call, stopping.experiment, stopping.read, stopping.record
local shell <const>, exists <const> = stopping.shell, stopping.exists

local function has(text, ...)
  for _, part in ipairs { ... } do assert(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text:sub(1, 3000))) end
end

local function well(arguments)
  local code, out, err = call(arguments)
  assert.equal(0, code, err)
  return out, err
end

--- The settings of the last command, by title.
local function measured(path)
  local found, list = assert(fm.json.decode(read(path .. "/pareto.json"))), {}
  for _, s in ipairs(found.settings) do list[pareto.title(s)] = s end
  return list, found
end

-- A sampler whose quality is known: for method m and n steps the value of a table.
local by_table <const> = [[
  local values = { a = { [1] = 9, [2] = 5, [4] = 3, [8] = 3 }, b = { [1] = 5, [2] = 4, [4] = 2, [8] = 0 / 0 } }
  run:keeps { n = { 0 } }
  for _ in run:steps(p.steps) do end
  run:pareto { sample = function(n, method) return fm.tensor { values[method][n] or 3 }, n * (method == "a" and 1 or 2) end, methods = { "a", "b" },
    metric = function(x) return x end, floor = 1, name = "distance" }]]

-- dx/dt = x from 1 ends at e; a weight that is trained says how fast.
local growing <const> = [[
  local w = fm.zeros(1)
  run:keeps { w = w }
  for step in run:steps(p.steps) do
    w:fill(step / p.steps)
    if step == p.at and not os.getenv "CALM" then kill "KILL" end
  end
  local x0, calls = fm.ones(4, 1), 0
  run:pareto { field = function(x) return x * w end, x0 = function() return x0 end, name = "distance to e",
    metric = function(x)
      calls = calls + 1
      local file <close> = assert(io.open("calls", "a"))
      file:write "x"
      if calls == p.kill_at and not os.getenv "CALM" then kill(p.how) end
      return (x - math.exp(1)):abs():mean()
    end, floor = 0 }
  run:summary { euler_16 = (fm.ode.solve(function(x) return x * w end, x0, { method = "euler", steps = 16 }) - math.exp(1)):abs():mean() }
  run:print "the end"
  run:save("w.npy", w)]]
local numbers <const> = 'at = 0, kill_at = 0, how = "KILL",'

describe("the front", function()
  --- The titles of the front of { method, nfe, value } rows, steps = 1.
  local function front(rows)
    local settings, names = {}, {}
    for i, row in ipairs(rows) do settings[i] = { method = row[1], steps = 1, nfe = row[2], value = row[3] } end
    pareto.order(settings)
    for _, s in ipairs(settings) do names[#names + 1] = not s.dominated and s.method or nil end
    return table.concat(names, " ")
  end

  it("has what no other setting beats, those that are equal in both among them", function()
    assert.equal("a b d", front { { "d", 4, 1 }, { "c", 4, 2 }, { "a", 1, 9 }, { "b", 2, 3 } })
    assert.equal("a b", front { { "a", 2, 3 }, { "b", 2, 3 }, { "c", 3, 3 }, { "d", 2, 4 } })
    assert.equal("a", front { { "b", 5, 1 }, { "a", 5, 0.5 }, { "c", 5 } }) -- c has no value
    assert.equal("", front { { "a", 5 } })
    assert.equal("b a", front { { "a", 9, -2 }, { "b", 3, -1 } })
  end)

  it("is that of the definition, for random settings", function()
    local rng = fm.rng(1, "front")
    local function draw(low, high) return math.tointeger(rng:integers(1, low, high)[1]) end
    for _ = 1, 200 do
      local settings = {}
      for i = 1, draw(1, 12) do settings[i] = { method = "m", steps = i, nfe = draw(1, 5), value = draw(0, 3) > 0 and draw(1, 5) or nil } end
      pareto.order(settings)
      for _, s in ipairs(settings) do
        local beaten = s.value == nil
        for _, o in ipairs(settings) do
          if s.value and o.value and o.nfe <= s.nfe and o.value <= s.value then beaten = beaten or o.nfe < s.nfe or o.value < s.value end
        end
        assert.equal(beaten, s.dominated)
      end
    end
  end)
end)

describe("fmrun pareto", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("measures a script's own sampler; the front, ties, the floor and what is not finite are shown", function()
    experiment("x.lua", by_table)
    well "-q x.lua --folder r"
    assert.equal("distance", record "r".pareto)
    local out, err = well "pareto r --nfe 8"
    assert.equal("SOLVER  NFE  distance  SECONDS\n", out:match "^[^\n]*\n")
    local names = {}
    for title, nfe, value in out:gmatch "\n(%l %d+) +(%d+) +(%d+) " do names[#names + 1] = ("%s %s %s"):format(title, nfe, value) end
    assert.same({ "a 1 1 9", "a 2 2 5", "b 1 2 5", "a 4 4 3", "b 4 8 2" }, names) -- a 2 and b 1 are equal; b 2 (4, 4) and a 8 (8, 3) are beaten
    has(out, "5 of 7 settings not dominated; floor 1; model of step 40")
    has(err, "r: its script is x.lua", "r/pareto.csv  r/pareto.png")
    assert.equal("method,steps,tolerance,nfe,distance,floor,dominated,note\n", read "r/pareto.csv":match "^[^\n]*\n")
    has(read "r/pareto.csv", "\na,8,,8,3,1,yes,\n", "\nb,4,,8,2,1,no,\n")
    assert.equal("\137PNG", read "r/pareto.png":sub(1, 4))

    out = well "pareto r --nfe 16 --all"
    has(out, "b 8 ", "not finite", "; 1 without a value")
    assert.equal(5, select(2, out:gsub(" yes\n", "")))
    has(read "r/pareto.csv", "\nb,8,,16,,1,yes,not finite\n")

    local json = assert(fm.json.decode((well "pareto r -q --nfe 2 --json")))
    assert.same({ "r", 40, "distance", 1, 3 }, { json.run, json.step, json.name, json.floor, #json.settings })
    json = assert(fm.json.decode((well "pareto r -q --nfe 16 --json --all --solvers b")))
    assert.same({ "b", 1, 2, 5, false }, { json.settings[1].method, json.settings[1].steps, json.settings[1].nfe, json.settings[1].value,
      json.settings[1].dominated })
    assert.same({ "not finite", true, 4 }, { json.settings[4].note, json.settings[4].dominated, #json.settings })
  end)

  it("tries every solver on a field, with the numbers that the script itself gets", function()
    experiment("x.lua", growing, numbers)
    well "-q x.lua --folder r"
    local before = shell "cd r && md5sum run.json config.json w.npy log.txt checkpoint.safetensors timing.jsonl >../before" == 0 and read "before"
    local out = well "pareto r --all --nfe 64"
    shell "cd r && md5sum run.json config.json w.npy log.txt checkpoint.safetensors timing.jsonl >../after"
    assert.equal(before, read "after")
    assert.is_nil(out:find("the end", 1, true))
    local list = measured "r"
    assert.equal(record "r".summary.euler_16, list["euler 16"].value)
    for n = 1, 6 do -- Euler's end is (1 + 1/n)^n
      local steps = 1 << n - 1
      assert.near(math.exp(1) - (1 + 1 / steps) ^ steps, list["euler " .. steps].value, 1e-6)
      assert.equal(steps, list["euler " .. steps].nfe)
    end
    assert.near(math.exp(1) - 2.5, list["heun 1"].value, 1e-6)
    assert.equal(4, list["rk4 1"].nfe)
    local methods, tolerances = {}, 0
    for _, s in pairs(list) do
      methods[s.method] = true
      if s.tolerance then tolerances = tolerances + 1 end
      assert.is_true(s.nfe <= 64)
    end
    for _, name in ipairs(require "fm.parts.by_name".names "fm.ode") do -- every file, under one of its names
      local same = false
      for method in pairs(methods) do same = same or fm.ode[method] == fm.ode[name] end
      assert.is_true(same, name)
    end
    assert.is_nil(methods.rk45) -- it is dopri5
    assert.equal(30, tolerances)
    has(out, "over 64 evaluations") -- adaptive_heun 0.0001
    assert.is_true(list["adaptive_heun 0.0001"].over == 64 and list["adaptive_heun 0.0001"].dominated)
    out = well "pareto r --all --nfe 300 --solvers adaptive_heun" -- with more evaluations it has a value
    assert.is_nil(out:find("over", 1, true))
    assert.is_nil(measured "r"["adaptive_heun 0.0001"].over)
  end)

  it("tries no steps twice: what one method does in a few may be another", function()
    experiment("x.lua", [[
      run:keeps { n = { 0 } }
      for _ in run:steps(2) do end
      run:pareto { field = function(x, t) return (x * 3 + t * 2):sin() end, x0 = fm.rng(1):normal(50, 1),
        metric = function(x) return (x - 0.3):abs():mean() end }]])
    well "-q x.lua --folder r"
    has(well "pareto r --nfe 16 --all", "heun3 2 ", "rk4 2 ", "ab3 4 ")
    local seen, list = {}, measured "r"
    for title, s in pairs(list) do
      local same = s.value and ("%d %.17g"):format(s.nfe, s.value) or title
      assert.is_nil(seen[same], title .. " is " .. tostring(seen[same]))
      seen[same] = title
    end
    for _, title in ipairs { "ab2 1", "ab3 1", "ab3 2", "ab4 1", "ab4 2" } do assert.is_nil(list[title], title) end
    assert.truthy(list["ab2 2"].value and list["ab4 4"].value)
    shell "rm r/pareto.*"
    local out = well "pareto r --solvers ab3,heun3,ab3 --nfe 8 --all"
    assert.same({ "3", "heun3 1", "heun3 2", "ab3 4" }, { out:match "of (%d+) settings", out:match "heun3 1", out:match "heun3 2", out:match "ab3 4" })
    assert.is_nil(out:find("ab3 2", 1, true))
    local text = read "r/pareto.json" -- as it was written before
    stopping.write("r/pareto.json", (text:gsub('"method":"heun3"', '"method":"ab3"')))
    well "pareto r --solvers euler --nfe 8"
    assert.is_nil(measured "r"["ab3 2"])
  end)

  it("solves on a manifold, by every solver", function()
    experiment("x.lua", [[
      local m = fm.manifold.sphere(2)
      run:keeps { n = { 0 } }
      for _ in run:steps(2) do end
      local worst = 0
      local function field(x) -- a turn by one radian
        worst = math.max(worst, (x:norm(2) - 1):abs():max():item())
        return x:matmul(fm.tensor { { 0, 1 }, { -1, 0 } })
      end
      local goal = fm.tensor { { math.cos(1), math.sin(1) } }
      run:pareto { field = field, x0 = fm.tensor { { 1, 0 } }, manifold = m, name = "distance to the turned point", floor = 0,
        metric = function(x)
          worst = math.max(worst, (x:norm(2) - 1):abs():max():item())
          assert(worst < 1e-6)
          return m:distance(x, goal)
        end }]])
    well "-q x.lua --folder r"
    well "pareto r --all --nfe 64"
    local list, methods = measured "r", {}
    assert.near(1 - math.atan(1), list["euler 1"].value, 1e-6) -- a step goes along the tangent and is projected
    assert.near(0, list["rk4 4"].value, 1e-4)
    for _, s in pairs(list) do methods[s.method] = s.value or methods[s.method] end
    for _, name in ipairs(require "fm.parts.by_name".names "fm.ode") do
      local same = false
      for method in pairs(methods) do same = same or fm.ode[method] == fm.ode[name] end
      assert.is_true(same, name)
    end
  end)

  it("draws what the script drew, after loops that ended early", function()
    experiment("x.lua", [[
      run:keeps { n = { 0 } }
      for step in run:steps(p.steps) do if step == 7 then break end end
      for _ in run:steps(3) do end
      local x0 = run.rng:stream "noise":normal(4, 1)
      run:pareto { field = function(x) return x * 0 end, x0 = x0, metric = function(x) return x:mean() end }
      run:summary { mean = x0:mean() }]])
    well "-q x.lua --folder r"
    has(well "pareto r --nfe 1 --solvers euler", "model of step 10")
    assert.equal(record "r".summary.mean, measured "r"["euler 1"].value)
  end)

  it("takes an alias, and a solver beside the script", function()
    stopping.write("half.lua", "return { order = 1, step = function(f, t, x, h) return x + f(x, t) * (h / 2) end }")
    experiment("x.lua", growing, numbers)
    well "-q x.lua --folder r"
    local out = well "pareto r --solvers rk45,half --nfe 20 --all"
    has(out, "dopri5 0.01", "half 1", "half 16")
    assert.near(math.exp(1) - 1.5, measured "r"["half 1"].value, 1e-6)
    stopping.write("half.lua", "return { order = 1, step = function(f, t, x, h) return x + f(x, t) * h end }")
    well "pareto r --solvers half --nfe 1" -- it has changed
    assert.near(math.exp(1) - 2, measured "r"["half 1"].value, 1e-6)
    local code, _, err = call "pareto r --solvers eulr"
    assert.equal(2, code)
    has(err, 'there is no "eulr"; did you mean "euler"?')
  end)

  it("keeps what it measured when it is killed, and goes on", function()
    experiment("x.lua", growing, numbers)
    for i, case in ipairs { { "KILL", 137 }, { "INT", 75 } } do
      shell "rm -rf r calm calls"
      well(("-q x.lua --folder r kill_at=5 how=%s"):format(case[1]))
      well "-q x.lua --folder calm"
      well "pareto calm --nfe 4 --solvers euler,heun,rk4"
      assert.equal("xxxxxx", read "calls", i) -- euler 1 2 4, heun 1 2, rk4 1
      shell "rm calls"
      local code, _, err = call "pareto r --nfe 4 --solvers euler,heun,rk4"
      assert.equal(case[2], code, err)
      if case[1] == "INT" then has(err, "what was measured is kept, and the same command goes on") end
      assert.equal("xxxxx", read "calls")
      code, _, err = shell "CALM=1 $FMRUN pareto r --nfe 4 --solvers euler,heun,rk4"
      assert.equal(0, code, err)
      assert.equal("xxxxxxx", read "calls") -- the fifth was not kept
      assert.equal(read "calm/pareto.csv", read "r/pareto.csv")
      shell "CALM=1 $FMRUN pareto r --nfe 4 --solvers euler,heun,rk4 --anew"
      assert.equal(13, #read "calls")
    end
  end)

  it("takes the last checkpoint of a run that was killed, and disturbs nothing when that goes on", function()
    experiment("x.lua", growing, numbers)
    assert.equal(0, (shell "CALM=1 $FMRUN -q x.lua --folder calm at=30"))
    assert.equal(137, (call "-q x.lua --folder r at=30 --checkpoint-every 10"))
    has(well "pareto r --solvers rk4", "model of step 20")
    assert.near(math.exp(1) - math.exp(0.5), measured "r"["rk4 16"].value, 1e-6) -- w is 20 / 40 there
    assert.equal(0, (call "report r"))
    assert.equal(0, (shell "CALM=1 $FMRUN -q resume r"))
    stopping.same("calm", "r", { "w.npy", "log.txt", "checkpoint.safetensors" })
    has(well "pareto r --solvers rk4", "model of step 40") -- what was measured at step 20 does not count
    assert.near(0, measured "r"["rk4 16"].value, 1e-5)
  end)

  it("says what stands in its way", function()
    experiment("plain.lua", "run:keeps { n = { 0 } } for _ in run:steps(2) do end")
    well "-q plain.lua --folder plain"
    local function refused(arguments, ...)
      local code, _, err = call("pareto " .. arguments)
      assert.equal(1, code, err)
      has(err, ...)
    end
    refused("plain", "plain: the script does not say what to measure (run:pareto)", "Where samples cost one evaluation (a GAN, a VAE",
      "run:pareto { field = model, x0 = noise,", "run:pareto { sample = function(n) return draw(n), n end,", "Then call fmrun pareto --force")
    experiment("bare.lua", "for _ in run:steps(2) do end run:pareto { field = function(x) return x end, x0 = fm.ones(1), metric = function() return 1 end }")
    well "-q bare.lua --folder bare"
    refused("bare", "bare/checkpoint.safetensors is missing: a run that keeps nothing leaves none")
    experiment("two.lua", [[
      run:keeps { n = { 0 } }
      for step in run:steps(20) do if step == 15 then kill "KILL" end end
      for _ in run:steps(2) do end
      run:pareto { field = function(x) return x end, x0 = fm.ones(1), metric = function() return 1 end }]])
    assert.equal(137, (call "-q two.lua --folder two --checkpoint-every 10"))
    refused("two", "the last checkpoint is of step 10, in loop 1 of the script, and the script says what to measure (run:pareto) after its loop 2")
    experiment("odd.lua", [[run:keeps { n = { 0 } }
      for _ in run:steps(2) do end
      run:pareto { field = function(x) return x .. 1 end, x0 = fm.ones(1), metric = function() return 1 end }]])
    well "-q odd.lua --folder odd"
    refused("odd", "odd.lua:6: attempt to concatenate")
    experiment("text.lua", [[run:keeps { n = { 0 } }
      for _ in run:steps(2) do end
      run:pareto { field = function(x) return x end, x0 = fm.ones(1), metric = function() return "good" end }]])
    well "-q text.lua --folder text"
    refused("text", 'pareto: metric: expected a number, found "good"')
    for arguments, message in pairs { ["plain plain"] = "expected one run, found 2", ["plain --nfe 0"] = "--nfe: expected a whole number >= 1",
      ["plain --solvers ,"] = "--solvers: expected names" } do
      local code, _, err = call("pareto " .. arguments)
      assert.equal(2, code, err)
      has(err, message)
    end
    assert.equal(3, (call "pareto nobody"))
  end)

  it("refuses a script that has changed, as resume does", function()
    experiment("x.lua", by_table)
    well "-q x.lua --folder r"
    experiment("x.lua", (by_table:gsub("floor = 1", "floor = 2")))
    local code, _, err = call "pareto r"
    assert.equal(1, code)
    has(err, "r: its files are not what they were", "x.lua: was ", "fmrun pareto --force r asks it nevertheless", "fmrun pareto --kept-code r")
    has(well "pareto r --nfe 8 --kept-code", "floor 1")
    has(well "pareto r --nfe 8 --force", "floor 2") -- other code: measured anew
    experiment("x.lua", by_table)
    assert.equal(137, (call("-q x.lua --folder k steps=40") == 0 and 137)) -- a run of the script as it is
    has(well "pareto k --nfe 2", "floor 1")
  end)

  it("refuses data that has changed, and a run that another process writes", function()
    local file = stopping.path "d.npy"
    assert(fm.npy.save(file, fm.ones(3)))
    experiment("x.lua", [[
      local d = assert(fm.data.npy("d.npy"))
      run:keeps { n = { 0 } }
      for _ in run:steps(2) do end
      run:pareto { sample = function(n) return d, n end, metric = function(x) return x:mean() end, floor = function() return 0.25, 0.125 end }]])
    well "-q x.lua --folder r"
    has(well "pareto r --nfe 2", "floor 0.25 ± 0.12; model of step 2")
    assert(fm.npy.save(file, fm.zeros(3)))
    local code, _, err = call "pareto r --nfe 2"
    assert.equal(1, code)
    has(err, "r: not what wrote the checkpoint of step 2", "d.npy: was ", "fmrun pareto --force r asks it nevertheless")
    has(well "pareto r --nfe 2 --force", "steps 1    1        0")
    local lock = assert(fm.system.lock(stopping.path "r/lock"))
    code, _, err = call "pareto r --nfe 2 --force"
    lock:release()
    assert.equal(1, code)
    has(err, "r: another process writes this run")
  end)

  it("asks a run of a sweep, and goes on over settings that leave the finite numbers", function()
    experiment("x.lua", [[
      run:keeps { n = { 0 } }
      for _ in run:steps(p.steps) do end
      run:pareto { field = function(x) return x * 1e30 end, x0 = fm.ones(1), metric = function() return 1 end }]])
    well "-q -m x.lua steps=2,3 -o o"
    for _, path in ipairs(stopping.lines(select(2, shell "dirname o/x/sweep-*/*/run.json"))) do
      local out = well(("pareto %s --nfe 64 --solvers euler --all"):format(path))
      has(out, "model of step " .. record(path).steps)
      assert.truthy(out:find("\neuler 1 +1 +1 .*\neuler 16 +not finite .*\neuler 32 +not finite .*\neuler 64 +not finite "), out)
      well(("pareto %s --nfe 64 --solvers euler --all --kept-code"):format(path))
    end
  end)

  it("draws a section of the run's page, and rm takes its files", function()
    experiment("x.lua", by_table)
    well "-q x.lua --folder r"
    well "report r"
    assert.is_nil(read "r/report.html":find("Quality against evaluations", 1, true))
    has(well "show r", "fmrun pareto r measures distance")
    well "pareto r --nfe 16"
    has(well "show r", "5 of 9 settings not dominated")
    well "report r"
    local page = read "r/report.html"
    has(page, "<h2>Quality against evaluations</h2>", "<title>a 4, 4 evaluations: distance 3</title>", "<title>a 8, 8 evaluations: distance 3</title>",
      'class="line floor"', "Without a value: b 8 (not finite).", "above the floor")
    assert.equal(5, select(2, page:gsub('class="point s1"', "")))
    assert.equal(3, select(2, page:gsub('class="point s8 scattered"', "")))
    assert.equal(5, select(2, page:match '<table class="front">.-</table>':gsub("<tr>", "")) - 1)
    assert.is_nil(page:find('alt="pareto.png"', 1, true)) -- its section draws the same
    for _, bad in ipairs { "{}", "[", '{"name":"a","step":1,"settings":[{"method":1}]}' } do
      stopping.write("r/pareto.json", bad)
      well "report r"
      has(read "r/report.html", "Not read: pareto.json")
      has(well "show r", "pareto.json")
    end
    well "rm -f r"
    assert.is_false(exists "r")
  end)
end)

describe("run:pareto", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("is refused at the script's line when nothing can be measured", function()
    local rest <const> = "metric = function() return 1 end"
    for text, message in pairs {
      ["run:pareto()"] = "pareto: expected field and x0, or sample",
      ["run:pareto { metric = print }"] = "pareto: expected field and x0, or sample",
      ["run:pareto { field = print, sample = print, metric = print }"] = "pareto: expected field and x0, or sample",
      ["run:pareto { field = 1, x0 = fm.ones(1), " .. rest .. " }"] = "pareto: field: expected a function or a model, found 1",
      ["run:pareto { field = print, " .. rest .. " }"] = "pareto: x0: expected a tensor, or a function that makes it, found nil",
      ["run:pareto { field = print, x0 = fm.ones(1) }"] = "pareto: metric: expected a function, found nil",
      ["run:pareto { field = print, x0 = fm.ones(1), methods = { 'a' }, " .. rest .. " }"] = "pareto: methods: they go with sample",
      ["run:pareto { sample = print, x0 = fm.ones(1), " .. rest .. " }"] = "pareto: x0: it goes with field; sample makes its own",
      ["run:pareto { sample = print, manifold = fm.manifold.sphere(2), " .. rest .. " }"] = "pareto: manifold: it goes with field",
      ["run:pareto { field = print, x0 = fm.ones(1), manifold = 'sphere', " .. rest .. " }"] = "pareto: manifold: expected one of fm.manifold",
      ["run:pareto { sample = print, methods = {}, " .. rest .. " }"] = "pareto: methods: expected a list of names, found a table",
      ["run:pareto { sample = print, methods = { 'a b' }, " .. rest .. " }"] = 'pareto: methods[1]: expected a word, found "a b"',
      ["run:pareto { sample = print, name = '', " .. rest .. " }"] = "pareto: name: expected a text on one line",
      ["run:pareto { sample = print, floor = 'low', " .. rest .. " }"] = 'pareto: floor: expected a finite number, found "low"',
      ["run:pareto { sample = print, flor = 1, " .. rest .. " }"] = 'pareto: unknown option "flor"; did you mean "floor"?',
      ["run:pareto({ sample = print, " .. rest .. " }, 1)"] = "pareto: unexpected argument 2",
      ["for _ in run:steps(1) do run:pareto { sample = print, " .. rest .. " } end"] = "pareto: call it before the loop",
      ["for _ = 1, 2 do run:pareto { sample = print, " .. rest .. " } end"] = "pareto: a run says once what is measured, and this one has said it",
      ["run:save('pareto.csv', 'x')"] = 'save: "pareto.csv" is a file of the run itself',
    } do
      shell "rm -rf r"
      experiment("x.lua", text)
      local code, _, err = call "-q x.lua --folder r"
      assert.equal(1, code, text)
      has(err, "x.lua:4: " .. message)
    end
  end)
end)
