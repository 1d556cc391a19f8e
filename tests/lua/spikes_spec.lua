-- Spikes: the running median against one that sorts every time, and what counts as a spike, is said
-- and ends a loop.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local running_median <const> = require "fm.run.running_median"
local spikes <const> = require "fm.run.spikes"

local function plain_median(list)
  local sorted = table.move(list, math.max(1, #list - 100), #list, 1, {})
  table.sort(sorted)
  local n = #sorted
  if n < 20 or sorted[1] <= 0 then return nil end
  return n % 2 == 1 and sorted[n // 2 + 1] or sorted[n // 2] + (sorted[n // 2 + 1] - sorted[n // 2]) / 2
end

--- As much of a run as spikes need, in a loop.
local function new_run()
  local run = { name = "x", record = {}, said = {}, written = {}, spikes = spikes.new(), loop = { step = 0, thread = true }, over = false }
  run.listener = { note = function(_, text) table.insert(run.said, text) end }
  run.folder = { add_line = function(_, _, line) table.insert(run.written, line) end, write_json = function() run.wrote = true end }
  return run
end

--- Logs values, a step each; returns why the loop ends.
local function log(run, name, ...)
  local why
  for _, value in ipairs { ... } do
    run.loop.step = run.loop.step + 1
    why = spikes.heed(run, name, value) or why
  end
  return why
end

local function calm(run, count, value, name)
  for _ = 1, count do assert.is_nil(log(run, name or "loss", value or 2)) end
end

describe("the running median", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is that of the last 101 values, whatever they are", function()
    local rng = fm.rng(1)
    local draws <const> = { function() return rng:number() + 0.01 end, function(i) return i * 7919 % 13 // 4 + 1 end, function(i) return i end,
      function(i) return 1000 - i end, function() return 7 end, function() return rng:number() - 0.02 end,
      function(i) return i % 2 == 0 and 5e-324 or 1.7e308 end }
    for _, draw in ipairs(draws) do
      local window, list = running_median.new(), {}
      for i = 1, 350 do
        local value = draw(i)
        local median = plain_median(list)
        for _, factor in ipairs { 1, 1.5, 3, 10 } do
          assert.equal(median and value > factor * median and median or nil, running_median.exceeded(window, value, factor), i)
        end
        list[i] = value
        running_median.add(window, value)
        assert.equal(plain_median(list), running_median.of(window), i)
        if i % 50 == 0 or i == 101 then -- as a checkpoint has it
          local other = running_median.new()
          for _, kept in ipairs(running_median.values(window)) do running_median.add(other, kept) end
          assert.same(running_median.values(window), running_median.values(other))
          window = other
        end
      end
      assert.equal(101, #window.recent)
    end
  end)
end)

describe("a spike", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is a value above ten times the median, not one that equals this", function()
    local run = new_run()
    calm(run, 20)
    log(run, "loss", 20)
    assert.same({ count = 0 }, run.record.spikes.loss)
    log(run, "loss", 20.000001)
    assert.same({ count = 1, first = 22, worst = 20.000001 / 2 }, run.record.spikes.loss)
    assert.same({ "x: a spike at step 22: loss is 20, 10 times the median of the values before it, 2" }, run.said)
    assert.same({ "a spike at step 22: loss is 20, 10 times the median of the values before it, 2" }, run.written)
  end)

  it("needs 20 values before it", function()
    local run = new_run()
    calm(run, 19)
    log(run, "loss", 1000)
    assert.equal(0, run.record.spikes.loss.count)
    log(run, "loss", 1000)
    assert.equal(1, run.record.spikes.loss.count)
  end)

  it("may last: values above the limit in a row are one, until the median has come after them", function()
    local run = new_run()
    calm(run, 101)
    log(run, "loss", 30, 50, 40, 2, 30, 19, 60)
    assert.same({ count = 3, first = 102, worst = 30 }, run.record.spikes.loss)
    assert.equal(1, #run.said) -- the first alone
    run = new_run()
    calm(run, 101)
    for _ = 1, 51 do log(run, "loss", 30) end -- a new level
    assert.equal(30.0, running_median.of(run.spikes.watched.loss.window))
    log(run, "loss", 299, 2, 301)
    assert.same({ count = 2, first = 102, worst = 15 }, run.record.spikes.loss)
  end)

  it("is none while one of the values is 0 or below, and again when these are gone", function()
    for _, low in ipairs { 0, 0.0, -0.0, -3 } do
      local run = new_run()
      calm(run, 50)
      log(run, "loss", low)
      for _ = 1, 100 do log(run, "loss", 2) end
      log(run, "loss", 1e6) -- the low one is the oldest of 101
      assert.equal(0, run.record.spikes.loss.count)
      log(run, "loss", 2, 1e6)
      assert.equal(1, run.record.spikes.loss.count)
    end
  end)

  it("is none in a noisy loss that falls through zero, or stays near it", function()
    local rng = fm.rng(3)
    for _, slope in ipairs { 0, 0.002, 0.05 } do
      local run = new_run()
      for i = 1, 3000 do log(run, "loss", 3 - slope * i + rng:normal(1):item() * (slope == 0 and 1 or 0.1)) end
      assert.equal(0, run.record.spikes.loss.count, slope)
    end
  end)

  it("belongs to its name, and to losses alone", function()
    local run = new_run()
    calm(run, 30, 2, "loss")
    calm(run, 30, 2000, "valid_loss")
    log(run, "loss", 2000)
    log(run, "valid_loss", 2000)
    assert.same({ loss = { count = 1, first = 61, worst = 1000 }, valid_loss = { count = 0 } }, run.record.spikes)
    assert.same({ true, true, false }, { spikes.is_watched(run, "loss"), spikes.is_watched(run, "valid_loss"), spikes.is_watched(run, "valid") })
  end)

  it("of an immense ratio has a finite one", function()
    local run = new_run()
    calm(run, 30, 5e-324)
    log(run, "loss", 1e308)
    assert.equal(1e300, run.record.spikes.loss.worst)
    run = new_run()
    calm(run, 30, 1.7e308)
    log(run, "loss", 1.79e308) -- ten times the median is inf
    assert.equal(0, run.record.spikes.loss.count)
  end)

  it("is written into run.json at the next flush, once, and not after the end", function()
    local run = new_run()
    calm(run, 30)
    spikes.say(run)
    assert.is_nil(run.wrote)
    log(run, "loss", 100, 101)
    spikes.say(run)
    assert.is_true(run.wrote)
    run.wrote = nil
    spikes.say(run)
    assert.is_nil(run.wrote)
    log(run, "loss", 2, 100)
    run.over = true
    spikes.say(run)
    assert.is_nil(run.wrote)
  end)

  it("makes no garbage", function()
    local run = new_run()
    for i = 1, 200 do log(run, "loss", 1 + i % 7) end
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    for i = 1, 1000 do spikes.heed(run, "loss", 1.5 + i % 7) end
    local grown = collectgarbage "count" - before
    collectgarbage "restart"
    assert.is_true(grown < 1, grown)
  end)
end)

describe("stop_when", function()
  checks.no_bytes_stay(before_each, after_each)

  it("ends the loop at a spike of its own factor, once", function()
    local run = new_run()
    spikes.stop_when(run, { spike = 3 })
    calm(run, 30)
    assert.is_nil(log(run, "loss", 6))
    assert.equal("loss is 6.1, 3.05 times the median of the values before it, 2", log(run, "loss", 6.1))
    assert.same({ count = 0 }, run.record.spikes.loss)
    assert.is_nil(log(run, "loss", 7)) -- the next loop goes on
  end)

  it("heeds one metric, or every loss; nothing outside of loops", function()
    local run = new_run()
    spikes.stop_when(run, { spike = 10, metric = "energy" })
    spikes.stop_when(run, { spike = 5, metric = "valid_loss" })
    assert.is_true(spikes.is_watched(run, "energy"))
    calm(run, 30)
    calm(run, 30, 2, "energy")
    calm(run, 30, 2, "valid_loss")
    assert.is_nil(log(run, "loss", 100))
    run.loop.thread = false
    assert.is_nil(log(run, "energy", 100))
    run.loop.thread = true
    assert.equal("energy is 100, 50 times the median of the values before it, 2", log(run, "energy", 100))
    assert.equal("valid_loss is 11, 5.5 times the median of the values before it, 2", log(run, "valid_loss", 11))
    run = new_run()
    spikes.stop_when(run, { spike = 10 })
    calm(run, 30, 2, "valid_loss")
    assert.truthy(log(run, "valid_loss", 100))
  end)

  it("takes a value that is not finite for a spike, and does not count it", function()
    for value, text in pairs { [math.huge] = "energy is inf", [-math.huge] = "energy is -inf" } do
      local run = new_run()
      spikes.stop_when(run, { spike = 10, metric = "energy" })
      assert.equal(text, log(run, "energy", value))
      assert.same({ energy = { count = 0 } }, run.record.spikes)
    end
    local run = new_run()
    spikes.stop_when(run, { spike = 10, metric = "energy" })
    assert.equal("energy is nan", log(run, "energy", 0 / 0))
    assert.same({}, running_median.values(run.spikes.watched.energy.window))
  end)
end)

describe("a checkpoint", function()
  checks.no_bytes_stay(before_each, after_each)

  it("holds all that is known: cut anywhere, a series ends alike", function()
    local rng, values = fm.rng(5), {}
    for i = 1, 400 do values[i] = (1 + rng:number()) * (i % 37 < 3 and 25 or 1) end
    values[160], values[270] = -1, 3
    local function series(cut)
      local run = new_run()
      spikes.stop_when(run, { spike = 28 })
      local stopped
      for i, value in ipairs(values) do
        if log(run, "loss", value) then stopped = i end
        if i == cut then
          local state = fm.json.decode(fm.json.encode(spikes.state(run)))
          local other = new_run()
          spikes.stop_when(other, { spike = 28 })
          spikes.restore(other, state)
          other.loop.step, other.said, other.written, run = i, run.said, run.written, other
        end
      end
      return { stopped, run.record.spikes, running_median.values(run.spikes.watched.loss.window), run.said, run.written }
    end
    local whole = series()
    assert.is_true(whole[1] ~= nil and whole[2].loss.count > 5)
    for cut = 1, 399, 7 do assert.same(whole, series(cut), cut) end
    for _, cut in ipairs { 74, 75, 76, 111, 160, 261 } do assert.same(whole, series(cut), cut) end
    spikes.restore(new_run(), nil) -- of an earlier version
  end)
end)
