-- tests/bench/history: what makes a build slower, from times that are made up (no test depends on
-- how fast the machine is); and the whole program over builds that print such times.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"
local slower <const> = dofile "tests/bench/slower.lua"

local has <const> = shell.has

--- n pairs of times: all pairs share the load of the machine at their time, and each time has a
--- noise of its own; the newer build takes `factor` times as long.
local function pairs_of_times(n, factor, noise, seed)
  local rng <const> = fm.rng(seed, "history_spec")
  local load, one, two = rng:normal(n):exp():totable(), rng:normal(n):totable(), rng:normal(n):totable()
  local old, new = {}, {}
  for i = 1, n do
    old[i] = load[i] * math.exp(noise * one[i])
    new[i] = load[i] * factor * math.exp(noise * two[i])
  end
  return old, new
end

describe("slower", function()
  local judge <const> = slower.judge

  it("finds 10 % under a load that changes sevenfold, and not what is the same", function()
    local noticed, alarms = 0, 0
    for seed = 1, 200 do
      if judge(pairs_of_times(9, 1.1, 0.02, seed)).slower then noticed = noticed + 1 end
      if judge(pairs_of_times(9, 1, 0.02, seed)).slower then alarms = alarms + 1 end
    end
    assert.is_true(noticed >= 198, noticed)
    assert.is_true(alarms <= 2, alarms)
  end)

  it("gives the median of the ratios and an interval that holds the true one 95 times in 100", function()
    for _, n in ipairs { 6, 8, 9, 12, 25 } do
      local inside, draws = 0, 2000
      for seed = 1, draws do
        local f = judge(pairs_of_times(n, 1.05, 0.3, seed))
        if f.low <= 1 / 1.05 and 1 / 1.05 <= f.high then inside = inside + 1 end
      end
      assert.is_true(inside / draws > 0.95 - 3 * 0.005 and inside < draws, n .. ": " .. inside)
    end
  end)

  it("leaves out as many ratios of each side as chance allows: none of 8, one of 9, two of 12", function()
    local function of(n)
      local old, new = {}, {}
      for i = 1, n do old[i], new[n + 1 - i] = (7 * i - 1) % n + 1, 1 end -- 1 to n in some order, n prime to 7
      local f = judge(old, new)
      return { f.ratio, f.low, f.high }
    end
    assert.same({ 3.5, 1, 6 }, of(6))
    assert.same({ 4.5, 1, 8 }, of(8))
    assert.same({ 5, 2, 8 }, of(9))
    assert.same({ 6.5, 3, 10 }, of(12))
  end)

  it("marks below 0.97 alone, and only when the interval is below 1", function()
    local function of(ratio, last)
      local f = judge({ ratio, ratio, ratio, ratio, ratio, last or ratio }, { 1, 1, 1, 1, 1, 1 })
      return f.slower
    end
    assert.is_true(of(0.9699))
    assert.is_false(of(0.97))
    assert.is_false(of(1.2))
    assert.is_true(of(0.5, 0.9999))
    assert.is_false(of(0.5, 1))
    assert.is_false(pcall(judge, { 1, 1, 1, 1, 1 }, { 1, 1, 1, 1, 1 }))
    assert.is_false(pcall(judge, { 1, 1, 1, 1, 1, 1 }, { 1, 1, 1, 1, 1 }))
  end)
end)

describe("tests/bench/history", function()
  local script <const> = lfs.currentdir() .. "/tests/bench/history.lua"

  --- A build that prints one line for whatever script it is given: times of a list in turn.
  local function build(name, field, times, more)
    shell.write(name .. ".times", table.concat(times, "\n") .. "\n")
    shell.write(name, ([[#!/bin/sh
n=$(cat %s.count 2>/dev/null || echo 0); n=$((n + 1)); echo $n >%s.count; echo %s >>order
ms=$(sed -n "$(((n - 1) %% $(wc -l <%s.times) + 1))p" %s.times)
echo '{"peer":"fmrun","threads":1,"work":"conv","%s":'$ms'}'
%s
]]):format(name, name, name, name, name, field, more or ""))
    assert(os.execute(("chmod +x %s/%s"):format(shell.folder, name)))
  end
  local function history(words)
    return shell.run(("%s %s -- --only conv_step --pairs 6 --old ./old --new ./new %s"):format(shell.fmrun, script, words or ""))
  end

  before_each(shell.open)
  after_each(shell.close)

  it("prints a row, in turn, and ends with 0 when all is as fast", function()
    build("old", "ms_per_step", { 99, 10, 20, 30, 40, 50, 60 }) -- the first asks whether the script runs
    build("new", "ms_per_step", { 10, 20, 30, 40, 50, 60 })
    local code, out, err = history()
    assert.same({ 0, "" }, { code, err })
    has(out, "./new beside the older ./old, 6 pairs, kernels for", "conv_step", "35", "1.000  1.000 .. 1.000\n", "0 of 1 are slower")
    assert.equal("old old new new old old new new old old new new old", (shell.read(shell.folder .. "/order"):gsub("\n", " "):gsub(" $", "")))
  end)

  it("marks what is slower twice, and ends with 1", function()
    build("old", "ms_per_step", { 10 })
    build("new", "ms_per_step", { 11, 12, 11, 12, 11, 12 })
    local code, out = history()
    assert.equal(1, code)
    has(out, "0.871  0.833 .. 0.909  SLOWER\n", "1 of 1 are slower: ratio below 0.97, interval below 1, twice")
    assert.equal(1 + 2 * 12, #shell.lines(shell.read(shell.folder .. "/order")))
  end)

  it("believes the second time where the first was chance", function()
    build("old", "ms_per_step", { 10 })
    build("new", "ms_per_step", { 11, 11, 11, 11, 11, 11, 10, 10, 10, 10, 10, 10 })
    local code, out = history()
    assert.equal(0, code)
    has(out, "1.000  1.000 .. 1.000\n", "0 of 1 are slower")
  end)

  it("says what the older build does not have, and what fails in the newer one", function()
    build("old", "ms_per_step", { 10 }, "echo no such op >&2; echo traceback >&2; exit 1")
    build("new", "ms_per_step", { 10 })
    local code, out = history()
    assert.equal(0, code)
    has(out, "not in the older build: no such op\n", "0 of 0 are slower")
    build("old", "steps", { 10 })
    code, out = history()
    assert.equal(0, code)
    has(out, "conv_step: only in the newer build: conv_step\n")
    build("new", "ms_per_step", { 10 }, "exit 3")
    local failed, _, err = history()
    assert.equal(2, failed)
    has(err, "conv_step.lua failed in ./new: it failed")
  end)

  it("keeps a line when it is asked to", function()
    assert(os.execute(("cp %s/tests/bench/history.lua %s/tests/bench/slower.lua %s"):format(lfs.currentdir(), lfs.currentdir(), shell.folder)))
    build("old", "ms_per_step", { 10 })
    build("new", "ms_per_step", { 20 })
    local command <const> = shell.fmrun .. " history.lua -- --only conv_step --pairs 6 --old ./old --new ./new"
    assert.equal(1, (shell.run(command)))
    assert.is_nil(lfs.attributes(shell.folder .. "/history.jsonl"))
    for _ = 1, 2 do assert.equal(1, (shell.run(command .. " --keep"))) end
    local lines <const> = shell.lines(shell.read(shell.folder .. "/history.jsonl"))
    assert.equal(2, #lines)
    local line = assert(fm.json.decode(lines[2]))
    assert.truthy(line.date:find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$")
    line.date = nil
    local kernels <const> = select(2, fm.system.blas())
    assert.same({ old = "./old", new = "./new", kernels = kernels, pairs = 6, ratios = { conv_step = 0.5 }, slower = { "conv_step" } }, line)
  end)

  it("gives scripts the processor's time, and their words", function()
    shell.write("s.lua", 'print(require "fm".system.seconds == os.clock, #arg, arg[1], arg[2])')
    local code, out, err = shell.call(lfs.currentdir() .. "/tests/bench/processor.lua -- ./s.lua one 2")
    assert.same({ 0, "true\t2\tone\t2\n", "" }, { code, out, err })
  end)

  it("refuses words it does not know", function()
    for words, message in pairs {
      ["--pairs 5 a1b2"] = "--pairs: expected a whole number >= 6, found 5", ["--only nothing a1b2"] = "--only: there is no benchmark nothing",
      [""] = "expected either a commit or --old FMRUN", ["--old x a1b2"] = "expected either a commit or --old FMRUN",
      ["--pair 9 a1b2"] = "unexpected word --pair", ["a1b2 --old"] = "--old wants a value",
    } do
      local code, _, err = shell.run(("%s %s -- %s"):format(shell.fmrun, script, words))
      assert.equal(2, code, words)
      has(err, "history: " .. message)
    end
  end)

  it("has a script for every benchmark", function()
    local count = 0
    for name in shell.read(script):gmatch 'script = "([%w_]+)"' do
      assert.truthy(lfs.attributes(("tests/bench/%s.lua"):format(name)), name)
      count = count + 1
    end
    assert.is_true(count >= 10)
  end)
end)
