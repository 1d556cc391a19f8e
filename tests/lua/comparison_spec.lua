-- What compare and ls make of runs, as numbers: which seeds count, what a condition on a column of
-- numbers and texts keeps, and the values of logged metrics, for single runs and for groups.
local fm <const> = require "fm"
local comparison <const> = require "fm.records.comparison"
local filter <const> = require "fm.records.filter"
local objective <const> = require "fm.records.objective"
local value_of <const> = require "fm.records.value_of"

describe("runs that are compared", function()
  local folder
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(require "lfs".mkdir(folder))
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  --- A run of a seed that logged these losses.
  local function run_of(seed, lr, w2, status, losses)
    local path, lines = ("%s/%s-%d"):format(folder, lr, seed), {}
    os.execute("mkdir -p " .. path)
    for step, loss in ipairs(losses or { 1 }) do lines[step] = fm.json.encode { step = step, loss = loss } .. "\n" end
    assert(fm.file.write(path .. "/metrics.jsonl", table.concat(lines)))
    return { experiment = "x", path = path, status = status or "done", config = { seed = seed, lr = lr }, summary = { w2 = w2 } }
  end

  local function compared(runs, words)
    local metrics
    if words then
      metrics = {}
      for i, word in ipairs(words) do metrics[i] = assert(value_of.parse(word)) end
    end
    return comparison.of(runs, { metrics = metrics })
  end

  it("have the mean and deviation of the seeds that are done, each once, with finite numbers", function()
    local result = compared { run_of(1, 0.1, 2), run_of(2, 0.1, 4), run_of(3, 0.1, 100, "failed"), run_of(4, 0.1, 100, "killed"),
      run_of(5, 0.1, 100, "diverged"), run_of(6, 0.1, 100, "running"), run_of(1, 0.1, 50), run_of(7, 0.1, "nan"), run_of(8, 0.1, math.huge),
      run_of(1, 0.2, 7), run_of(2, 0.2, 8, "failed") }
    assert.is_true(result.over_seeds)
    assert.same({ "lr" }, result.keys)
    local first, second = result.rows[1], result.rows[2]
    assert.same({ 3, math.sqrt(2), 2 }, { first.summary.w2, first.deviation.w2, first.count.w2 })
    assert.same({ 8, "1 diverged, 5 done, 1 failed, 1 killed, 1 running" }, { first.seeds, first.status })
    assert.same({ 7, 1, 2 }, { second.summary.w2, second.count.w2, second.seeds })
    assert.is_nil(second.deviation.w2)
  end)

  it("have the last, least, largest and mean logged value, in groups too", function()
    local runs <const> = { run_of(1, 0.1, 1, "done", { 3, 9, 1, 5 }), run_of(2, 0.1, 1, "done", { 4, 5, 2, "nan" }), run_of(3, 0.1, 1, "failed", { 99, -99 }),
      run_of(1, 0.2, 1, "done", { 8, "inf", 7 }) }
    local words <const> = { "loss:max", "loss:min", "loss:mean", "loss:mean:2", "loss:last", "loss" }
    local rows = compared(runs, words).rows
    local wanted <const> = { ["loss:max"] = 7, ["loss:min"] = 1.5, ["loss:mean"] = (18 / 4 + 11 / 3) / 2, ["loss:mean:2"] = (3 + 2) / 2, ["loss:last"] = 5,
      loss = 5 } -- over seeds 1 and 2; nan counts only as the last value
    for word, value in pairs(wanted) do assert.near(value, rows[1].summary[word], 1e-12, word) end
    assert.near(math.sqrt(8), rows[1].deviation["loss:max"], 1e-12)
    assert.equal(7, rows[2].summary["loss:min"])
    local each = comparison.of(runs, { each = true, metrics = { value_of.parse "loss:max" } }).rows
    assert.same({ 9, 5, 99, 4 }, { each[1].summary["loss:max"], each[2].summary["loss:max"], each[3].summary["loss:max"], #each })
  end)

  it("are ranked by the lowest, or with :max by the highest, of those that are done", function()
    local runs <const> = { run_of(1, 0.1, 2), run_of(2, 0.1, 1), run_of(3, 0.1, 0, "failed"), run_of(4, 0.1, 3), run_of(5, 0.1, 1) }
    for i, run in ipairs(runs) do run.index = i end
    local function order(words)
      local list = {}
      for i, run in ipairs(objective.ranked(objective.choose(runs, words), runs)) do list[i] = run.index end
      return list
    end
    assert.same({ 2, 5, 1, 4 }, order "w2")
    assert.same({ 2, 5, 1, 4 }, order "w2:min")
    assert.same({ 4, 1, 2, 5 }, order "w2:max")
    assert.same({ 2, 5, 1, 4 }, order(nil))
    for name, highest in pairs { accuracy = true, class_accuracy = true, error = false, w2 = false } do
      local chosen = objective.choose({ { summary = { [name] = 1 } } }, nil)
      assert.same({ name, highest }, { chosen.name, chosen.highest })
    end
  end)

  it("are kept by a condition on a column of numbers and texts: < and > only hold for numbers", function()
    local values <const> = { 1, "auto", 2, "nan", "3", 10, false }
    local runs = {}
    for i, value in ipairs(values) do runs[i] = { config = { x = value }, summary = {}, index = i } end
    runs[8] = { config = {}, summary = {}, index = 8 }
    local function kept(condition)
      local list = {}
      for i, run in ipairs(filter.apply(runs, { assert(filter.parse(condition)) })) do list[i] = run.index end
      return list
    end
    assert.same({ 1 }, kept "x<2")
    assert.same({ 1, 3 }, kept "x<=2")
    assert.same({ 6 }, kept "x>2")
    assert.same({ 3, 6 }, kept "x>=2")
    assert.same({ 2 }, kept "x=auto")
    assert.same({ 3 }, kept "x=2")
    assert.same({ 1, 2, 4, 5, 6, 7 }, kept "x!=2")
    assert.same({ 6 }, kept "x=10.0")
  end)

  it("have ages in seconds, minutes, hours and days", function()
    for text, seconds in pairs { ["5s"] = 5, ["2m"] = 120, ["3h"] = 10800, ["2d"] = 172800, ["1.5h"] = 5400 } do
      assert.equal(seconds, tonumber(assert(filter.parse("age<" .. text)).text))
      assert.equal(seconds, tonumber(assert(filter.parse("time>=" .. text)).text))
    end
    assert.equal("2d", filter.parse("note=2d").text)
  end)

  it("quote a cell of a CSV file that holds a quote, a comma or an end of line", function()
    local csv <const> = require "fm.records.csv"
    for _, mark in ipairs { ",", "\n", "\r" } do assert.equal(('"a%sb"\n'):format(mark), csv.line({ "a" .. mark .. "b" }, 1)) end
    assert.equal('"a""b",c\td\n', csv.line({ 'a"b', "c\td" }, 2))
  end)
end)
