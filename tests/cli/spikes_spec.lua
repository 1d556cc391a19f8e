-- Spikes of a loss: who says them, and how they end a loop.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, shell <const>, experiment <const>, read <const>, record <const> =
  stopping.call, stopping.shell, stopping.experiment, stopping.read, stopping.record

-- spikes at the steps 50 to 52, 60 and 80; the script may kill itself
local body <const> = [[
  local n = { 0 }
  run:keeps { n = n }
  if p.stop > 0 then run:stop_when { spike = p.stop } end
  for step in run:steps(100) do
    local high = (step >= 50 and step <= 52) and 11 or (step == 60 or step == 80) and 15 or 1
    run:log { loss = (1 + run.rng:number() / 100) * high, other_loss = p.calm and 0 or -step, word = "loss" }
    if step == p.at and not os.getenv "CALM" then kill "KILL" end
  end
  run:summary { last = run.step }
]]
local params <const> = "at = 0, stop = 0, calm = false,"

local function has(text, ...)
  for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

describe("the spikes of a run", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("stand in run.json; the screen, the log, show, ls and the report say them", function()
    experiment("x.lua", body, params)
    local code, _, err = call "x.lua --folder r"
    assert.equal(0, code, err)
    local found = record "r".spikes
    assert.same({ { count = 0 }, 3, 50 }, { found.other_loss, found.loss.count, found.loss.first })
    assert.is_true(found.loss.worst > 14.8 and found.loss.worst < 15.2)
    assert.equal(1, select(2, err:gsub("x: a spike at step 50: loss is 11%.%d+, 1[01]%.?%d* times the median of the values before it, 1%.0", "")), err)
    assert.equal(1, select(2, read "r/log.txt":gsub("a spike at step 50: loss is 11%.", "")))
    assert.falsy(read "r/metrics.jsonl":find "spike")
    local _, shown = call "show r"
    assert.truthy(shown:find "\nspikes      loss: 3 spikes: the first at step 50, the worst 1[45]%.?%d* times the running median\n", shown)
    assert.same(found, fm.json.decode((select(2, call "show r --json"))).spikes)
    has(select(2, call "ls --runs ."), "spikes=3 last=100")
    assert.equal(0, (call "report r"))
    local page = read "r/report.html"
    has(page, "<span>3 spikes</span>", '<p class="note">3 spikes: the first at step 50, the worst 1')
    assert.equal(1, select(2, page:gsub("the first at step 50", "")))
  end)

  it("are no word where there are none", function()
    experiment("x.lua", "for _ in run:steps(p.steps) do run:log { loss = 1 } end")
    local code, _, err = call "x.lua --folder r"
    assert.equal(0, code)
    assert.same({ loss = { count = 0 } }, record "r".spikes)
    assert.equal(0, (call "report r"))
    for _, text in ipairs { err, select(2, call "show r"), select(2, call "ls --runs ."), (read "r/report.html":gsub("%.spikes", "")) } do
      assert.falsy(text:find "spikes?[ ,:=]", text)
    end
    experiment("y.lua", "for _ in run:steps(p.steps) do run:log { other = 1 } end")
    assert.equal(0, (call "y.lua --folder s"))
    assert.is_nil(record "s".spikes)
  end)

  it("are a field to choose, sort and compare by, and a column of the page of a sweep", function()
    experiment("x.lua", [[
      for step in run:steps(100) do run:log { loss = step > 30 and step % 10 == 0 and p.high or 1 } end
      run:summary { w2 = p.high }]], "high = 1,")
    local code, _, err = call "-q -m x.lua high=1,20 seed=1,2 -o o"
    assert.equal(0, code, err)
    assert.equal(2, select(2, select(2, call "ls --runs o --where 'spikes>0'"):gsub("spikes=7", "")))
    assert.equal(2, select(2, select(2, call "ls --runs o --where 'spikes=0' --json"):gsub('"status":"done"', "")))
    assert.truthy(select(2, call "ls --runs o --sort -spikes"):find "^[^\n]*\n[^\n]*spikes=7[^\n]*\n[^\n]*spikes=7")
    local _, compared = call "compare o/x/sweep-* --metric spikes --metric w2 --sort -spikes"
    assert.truthy(compared:find "high%s+spikes%s+w2\n2 seeds%s+20%s+7 ± 0%s+20 ± 0\n2 seeds%s+1%s+0 ± 0%s+1 ± 0\n", compared)
    assert.equal(0, (shell "$FMRUN report o/x/sweep-* -o page.html"))
    local page = read "page.html"
    assert.equal(2, select(2, page:gsub('<th[^>]*data%-name="spikes"', ""))) -- runs, means
    assert.truthy(page:find "run %d+, 7 spikes: the first at step 40, the worst 20 times the running median; run %d+, 7 spikes", page)
    code, _, err = call "ls --runs o --where 'spike>0'"
    assert.not_equal(0, code)
    has(err, 'no run has "spike"; did you mean "spikes"?')
    experiment("y.lua", "for _ in run:steps(3) do run:log { spikes = run.step } end") -- a metric of this name is not hidden
    assert.equal(0, (call "-q y.lua --folder r"))
    assert.truthy(select(2, call "compare r --metric spikes"):find "spikes\n%S+%s+3\n")
  end)

  it("are there while the run lasts, and when it was killed", function()
    experiment("x.lua", [[
      for step in run:steps(100) do
        run:log { loss = step == 50 and 11 or 1 }
        if step == 60 then run:flush() kill "KILL" end
      end]])
    assert.equal(137, (call "-q x.lua --folder r"))
    assert.same({ "running", { count = 1, first = 50, worst = 11 } }, { record "r".status, record "r".spikes.loss })
    local _, listed = call "ls --runs ."
    assert.truthy(listed:find "lost%s.*spikes=1 step=60", listed)
  end)

  it("and what they stop are the same after a kill", function()
    experiment("x.lua", body, params)
    for stop, ats in pairs { [0] = { 15, 51, 61 }, [12] = { 55, 61 }, [10] = { 50 } } do
      assert.equal(0, (shell(("CALM=1 $FMRUN -q x.lua --folder calm%d stop=%d"):format(stop, stop))))
      for _, at in ipairs(ats) do
        shell "rm -rf r"
        local code = call(("-q x.lua --folder r --checkpoint-every %d stop=%d at=%d"):format(at == 51 and 51 or 7, stop, at))
        local stopped_before = stop == 12 and at > 60
        assert.equal(stopped_before and 0 or 137, code)
        local _, _, err = shell "CALM=1 $FMRUN -q resume r"
        assert.equal("done", record "r".status, err)
        stopping.same("calm" .. stop, "r", { "metrics.jsonl", "log.txt", "checkpoint.safetensors" })
        assert.same({ record("calm" .. stop).spikes, record("calm" .. stop).summary }, { record "r".spikes, record "r".summary })
      end
      assert.equal(({ [0] = 100, [12] = 60, [10] = 50 })[stop], record "r".summary.last)
    end
  end)

  it("end the loop, not the run: what comes after it is done", function()
    experiment("x.lua", body .. "for _ in run:steps(5) do run:log { loss = 100 } end run:summary { after = run.step }", params)
    local code, _, err = call "x.lua --folder r stop=12"
    assert.equal(0, code, err)
    assert.same({ "done", { last = 60, after = 65 } }, { record "r".status, record "r".summary })
    assert.truthy(err:find "x: stops at step 60: loss is 15%.?%d*, 1[45]%.?%d* times the median of the values before it, 1%.0", err)
    assert.truthy(read "r/log.txt":find "stopped at step 60: loss is 15")
  end)

  it("do not hide that a loss is not finite: the run diverged", function()
    experiment("x.lua", "run:stop_when { spike = 10 } for step in run:steps(p.steps) do run:log { loss = step < 30 and 1 or math.huge } end")
    local code, _, err = call "-q x.lua --folder r"
    assert.not_equal(0, code)
    has(err, "loss is inf at step 30")
    assert.same({ "diverged", { count = 0 } }, { record "r".status, record "r".spikes.loss })
  end)

  it("are refused at the script's line when what is asked is wrong", function()
    for text, message in pairs {
      ["run:stop_when { spike = 0.5 }"] = "stop_when: spike: expected a number in 1..1e+300, found 0.5",
      ["run:stop_when { spike = '10' }"] = 'stop_when: spike: expected a number in 1..1e+300, found "10"',
      ["run:stop_when { spike = true }"] = "stop_when: spike: expected a number in 1..1e+300, found true",
      ["run:stop_when { spike = 10, metric = 3 }"] = "stop_when: metric: expected the name of a logged number, found 3",
      ["run:stop_when { spike = 10, patience = 3 }"] = 'stop_when: unknown option "patience" (one of: metric, spike)',
      ["run:stop_when { spikes = 10 }"] = 'stop_when: unknown option "spikes"; did you mean "spike"?',
      ["for _ in run:steps(1) do run:stop_when { spike = 10 } end"] = "stop_when: call it before the loop",
    } do
      shell "rm -rf r"
      experiment("x.lua", text)
      local code, _, err = call "-q x.lua --folder r"
      assert.equal(1, code, text)
      has(err, "fmrun: x.lua:4: " .. message)
    end
  end)

  it("that are damaged in run.json are a damaged record", function()
    experiment("x.lua", "run:log { loss = 1 }")
    assert.equal(0, (call "-q x.lua --folder r"))
    for _, damaged in ipairs { '3', '{"loss":3}', '{"loss":{}}', '{"loss":{"count":-1}}', '{"loss":{"count":1}}',
      '{"loss":{"count":1,"first":"x","worst":2}}' } do
      local whole = read "r/run.json"
      stopping.write("r/run.json", (whole:gsub('"spikes":{"loss":{"count":0}}', '"spikes":' .. damaged)))
      has(select(2, call "show r"), "run.json: spikes: expected names with count, first and worst, found")
      stopping.write("r/run.json", whole)
    end
  end)
end)
