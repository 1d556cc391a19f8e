-- run:floor: where a run says it, and who shows it.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, experiment <const>, read <const>, record <const> = stopping.call, stopping.experiment, stopping.read, stopping.record

local body <const> = [[
  run:floor(fm.tensor { 0.5 })
  run:floor { valid_loss = 2, ["strange <b>"] = -1, never = 3 }
  local n = { 0 }
  run:keeps { n = n }
  for step in run:steps(p.steps) do
    run:log { loss = 0.6 + 1 / step, valid_loss = 2 - step / 1000, ["strange <b>"] = step, other = 1 }
    if step == p.at and not os.getenv "CALM" then kill "KILL" end
  end
]]

describe("the floor of a run", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("stands in run.json, and show, the report and events tell the gap", function()
    experiment("x.lua", body, "at = 0,")
    local code, out, err = call "x.lua --folder r --json"
    assert.equal(0, code, err)
    assert.same({ loss = 0.5, valid_loss = 2, ["strange <b>"] = -1, never = 3 }, record "r".floors)
    assert.is_nil(record "r".floor_errors)
    assert.falsy(read "r/metrics.jsonl":find "gap")
    local _, shown = call "show r"
    assert.truthy(shown:find("floor     0.5; the last tenth of the values is 0.626, 0.126 above it", 1, true), shown)
    assert.truthy(shown:find("floor     2; the last tenth of the values is 1.962, 0.0385 below it", 1, true), shown)
    assert.truthy(shown:find("never       floor 3; nothing was logged", 1, true), shown)
    experiment("nan.lua", "run:floor { m = 1 } for _ in run:steps(2) do run:log { m = 0 / 0 } end")
    assert.equal(0, (call "-q nan.lua --folder s"))
    assert.truthy(select(2, call "show s"):find("floor     1; the last tenth of the values has no finite one", 1, true))
    local _, json = call "show r --json"
    assert.same(record "r".floors, fm.json.decode(json).floors)
    assert.equal(0, (call "report r"))
    local page = read "r/report.html"
    for _, text in ipairs { 'class="line floor"', "Floor 0.5; the last tenth", '"floor":0.5', '"floor":null', '<i class="floor">' } do
      assert.truthy(page:find(text, 1, true), text)
    end
    assert.equal(3, select(2, page:gsub('class="line floor"', "")))
    out = out:match '"text":"([^"]*)"'
    assert.is_true(out == nil or out:find("(gap ", 1, true) ~= nil, out)
  end)

  it("is told in the progress line, from the mean of the last values", function()
    experiment("x.lua", [[
      run:floor { loss = 1 }
      for step in run:steps(300) do
        run:log { loss = fm.tensor { step % 2 == 0 and 1 or 2 }, word = "a" }
        if step == 299 then os.execute "sleep 1.3" end
      end]])
    local code, out, err = call "x.lua --folder r --json"
    assert.equal(0, code, err)
    local text
    for line in out:gmatch "[^\n]+" do
      local event = fm.json.decode(line)
      if event.event == "progress" then text = event.text end
    end
    assert.truthy(text and text:find("loss=%d %(gap 0%.5%d*%) word=a"), text)
  end)

  it("tells the standard error of flow.loss_floor", function()
    experiment("x.lua", [[
      local points = fm.rng(1):normal(50, 2)
      run:floor(fm.flow.loss_floor(points, { draws = 1 }))
      run:floor(fm.flow.loss_floor(points))
      run:floor({ other = 1 }, { standard_error = 0.25 })
      for _ in run:steps(3) do run:log { loss = 1, other = 2 } end]])
    local code, _, err = call "-q x.lua --folder r"
    assert.equal(0, code, err)
    local said = record "r"
    assert.is_true(said.floor_errors.loss > 0 and said.floor_errors.loss < 0.1)
    assert.equal(0.25, said.floor_errors.other)
    local _, shown = call "show r"
    assert.truthy(shown:find("floor     1 ± 0.25; the last tenth of the values is 2, 1 above it", 1, true), shown)
  end)

  it("is there while the run lasts, after a kill and after it went on", function()
    experiment("x.lua", body, "at = 33,")
    assert.equal(137, (call "-q x.lua --folder r --checkpoint-every 10"))
    assert.equal(0.5, record "r".floors.loss)
    local code, _, err = stopping.shell "CALM=1 $FMRUN -q resume r"
    assert.equal(0, code, err)
    assert.same({ "done", 0.5, 3 }, { record "r".status, record "r".floors.loss, record "r".floors.never })
  end)

  it("is drawn in the page of a sweep when all its runs have one, and a sweep is as ever", function()
    experiment("x.lua", [[
      run:floor { loss = 0.5, other = p.a }
      if p.a == 1 then run:floor { some = 1 } end
      for step in run:steps(p.steps) do run:log { loss = p.a + 1 / step, other = 3, some = 2 } end]], "a = 1,")
    local code, _, err = call "-q -m x.lua a=1,2 -o o"
    assert.equal(0, code, err)
    assert.equal(0, (stopping.shell "$FMRUN report o/x/sweep-* -o page.html"))
    local page = read "page.html"
    assert.equal(2, select(2, page:gsub('class="line floor"', "")))
    assert.truthy(page:find("Floor 0.5.", 1, true))
    assert.truthy(page:find("Floors 1 to 2; the line is their mean.", 1, true))
    assert.truthy(page:find('"floor":1.5', 1, true))
    assert.equal(0, (stopping.shell "$FMRUN compare o/x/sweep-*"))
  end)

  it("is refused at the script's line when it is no floor", function()
    stopping.refused(experiment, {
      ["run:floor()"] = "floor: expected a number, the floor of the loss, or numbers by name, found nil",
      ["run:floor 'x'"] = 'floor: expected a number, the floor of the loss, or numbers by name, found "x"',
      ["run:floor {}"] = "floor: expected numbers by name, found none",
      ["run:floor { 0.5 }"] = "floor: names are strings, found 1",
      ["run:floor { loss = 'x' }"] = 'floor: loss: expected a finite number, found "x"',
      ["run:floor { loss = 0 / 0 }"] = "floor: loss: expected a finite number, found",
      ["run:floor(math.huge)"] = "floor: loss: expected a finite number, found inf",
      ["run:floor(fm.zeros(2))"] = "floor: loss: expected a finite number, found a tensor [2]",
      ["run:floor { step = 1 }"] = 'floor: "step" is no metric',
      ["run:floor(1, 2)"] = "floor: the second argument: expected the info of flow.loss_floor, found 2",
      ["run:floor({ a = 1, b = 2 }, { standard_error = 1 })"] = "floor: the second argument belongs to one floor, found several",
      ["run:floor(1, nil, 3)"] = "floor: unexpected argument 3",
    })
  end)

  it("that is damaged in run.json is a damaged record", function()
    experiment("x.lua", "run:floor(1)")
    assert.equal(0, (call "-q x.lua --folder r"))
    stopping.write("r/run.json", (read "r/run.json":gsub('"floors":{"loss":1.0}', '"floors":{"loss":"x"}')))
    local _, shown = call "show r"
    assert.truthy(shown:find('run.json: floors: expected names with numbers, found {"loss":"x"}', 1, true), shown)
  end)
end)
