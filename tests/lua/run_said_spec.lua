-- What a script says of its run: tables, logs of every kind of value, validation; each as it is on
-- the disk, and what is refused.
local checks <const> = dofile "tests/lua/checks.lua"
local executed <const> = dofile "tests/lua/executed.lua"
local fm <const> = require "fm"

local run <const>, read <const> = executed.run, executed.read

local function error_of(f)
  assert.equal("failed", (run(f, {}, { anew = true })))
  return executed.record().error:match "^tests/lua/run_said_spec.lua:%d+: ([^\n]*)"
end

describe("what a script says of its run", function()
  checks.no_bytes_stay(setup, teardown)
  before_each(executed.open)
  after_each(executed.close)

  it("tables, as CSV and in the record", function()
    local notes <const>, path = { "one", "two" }, nil
    assert.equal("done", run(function(o)
      path = o:table("t", { title = "T", columns = { "a", "b,c", "d" }, rows = { { "x", 0.5, fm.full(1, 2) }, { nil, 3 }, {} }, notes = notes })
      o:table("sub/u", { columns = { "a" }, rows = {}, notes = "alone" })
      o:table("v", { columns = { "a" }, rows = { { 1 / 0 }, { -1 } } })
      notes[1] = "changed"
    end, {}), read "log.txt")
    assert.equal(executed.folder .. "/run/t.csv", path)
    assert.equal('a,"b,c",d\nx,0.5,2\n,3,\n,,\n', (read "t.csv":gsub("2%.0", "2")))
    assert.same({ "a\n", "a\ninf\n-1\n" }, { read "sub/u.csv", read "v.csv" })
    assert.same({ ["t.csv"] = { title = "T", notes = { "one", "two" } }, ["sub/u.csv"] = { title = "", notes = { "alone" } }, ["v.csv"] = { title = "",
      notes = {} } }, executed.record().tables)
    local function refused(message, name, what, ...)
      local more <const> = { ... }
      assert.equal(message, error_of(function(o) o:table(name, what, table.unpack(more)) end))
    end
    local function with(changes)
      local made <const> = { columns = { "a", "b" }, rows = { { 1, 2 } } }
      for key, value in pairs(changes) do made[key] = value end
      return made
    end
    refused("table: expected the name of a file, found 3", 3, with {})
    refused('table: expected the name of a file, found ""', "", with {})
    refused("table: expected a table with columns and rows, found 3", "t", 3)
    refused('table: unknown option "colums"; did you mean "columns"?', "t", { colums = {} })
    refused("table: columns: expected at least one name, found none", "t", with { columns = {} })
    refused("table: columns: expected a list, found nil", "t", { rows = {} })
    refused("table: columns: entry 2: expected a text, found 3", "t", with { columns = { "a", 3 } })
    refused('table: columns: entry 1: expected a text on one line, found "a', "t", with { columns = { "a\nb" } })
    refused("table: rows: expected a list, found nil", "t", { columns = { "a" } })
    refused("table: row 1: expected a list, found 3", "t", with { rows = { 3 } })
    refused("table: rows: expected a list, found the key \"x\"", "t", with { rows = { x = {} } })
    refused("table: row 1: expected a list, found the key 0", "t", with { rows = { { [0] = 1 } } })
    refused("table: rows: entry 2 is missing", "t", with { rows = { { 1 }, nil, { 2 } } })
    refused("table: row 1 has 3 cells, and there are 2 columns", "t", with { rows = { { 1, 2, 3 } } })
    refused("table: row 2: cell 1: expected a number or a text, found a table", "t", with { rows = { {}, { {} } } })
    refused("table: row 1: cell 2: expected a number or a text, found a tensor [2]", "t", with { rows = { { 1, fm.ones(2) } } })
    refused("table: row 1: cell 1: expected a number or a text, found true", "t", with { rows = { { true } } })
    refused("table: title: expected a text, found 3", "t", with { title = 3 })
    refused("table: notes: entry 1: expected a text, found 3", "t", with { notes = { 3 } })
    refused("table: unexpected argument 3, a number: it takes 2", "t", with {}, 3)
  end)

  it("numbers, texts, booleans and tensors of one number, in the order of their names", function()
    assert.equal("done", run(function(o)
      for step in o:steps(7) do
        if step == 1 then o:log { b = 1, a = fm.full(1, 0.5), c = "x\n", d = true }
        elseif step == 2 then o:log { b = 1.0, a = 0.5, c = "x\n", d = false }
        elseif step == 3 then o:log { a = 0.0, b = 1 }
        elseif step == 4 then o:log { a = -0.0, b = 2 }
        elseif step == 5 then o:log { a = 0 / 0, b = 1 / 0, e = -1 / 0 }
        elseif step == 6 then o:log { a = 1 << 60, ["q\"r"] = 1e300 }
        else o:log {} end
      end
    end, {}), read "log.txt")
    assert.equal('{"step":1,"a":0.5,"b":1,"c":"x\\n","d":true}\n{"step":2,"a":0.5,"b":1.0,"c":"x\\n","d":false}\n{"step":3,"a":0.0,"b":1}\n'
      .. '{"step":4,"a":-0.0,"b":2}\n{"step":5,"a":"nan","b":"inf","e":"-inf"}\n{"step":6,"a":1152921504606846976,"q\\"r":1e+300}\n{"step":7}\n',
      read "metrics.jsonl")
    for message, f in pairs {
      ["log: a: expected a number, a string or a boolean, found a tensor [2]"] = function(o) o:log { a = fm.ones(2) } end,
      ["log: unexpected argument 2, a number: it takes 1"] = function(o) o:log({ a = 1 }, 3) end,
      ["summary: unexpected argument 2, a number: it takes 1"] = function(o) o:summary({ a = 1 }, 3) end,
      ["summary: expected values by name, found string"] = function(o) o:summary "a" end,
      ["stop_when: unexpected argument 2, a number: it takes 1"] = function(o) o:stop_when({ metric = "m" }, 3) end,
      ["stop_when: metric: expected the name of a logged number, found nil"] = function(o) o:stop_when {} end,
      ["stop_when: spike: expected a number in 1..1e+300, found 0"] = function(o) o:stop_when { spike = 0 } end,
    } do
      local found <const> = error_of(f)
      assert.equal(message, found:sub(1, #message))
    end
    run(function(o)
      o:summary { a = 1, b = fm.full(1, 2) }
      o:summary { a = "x", c = 0 / 0 }
    end, {}, { anew = true })
    assert.same({ a = "x", b = 2, c = "nan" }, executed.record().summary)
  end)

  it("is on the disk after a second, and when it asks for it", function()
    local lines <const>, shown = {}, {}
    local listener <const> = executed.listener(shown)
    listener.next_time = 0
    run(function(o)
      for step in o:steps(6) do
        o:log { loss = step, lr = 0.5 }
        lines[step] = select(2, (read "metrics.jsonl" or ""):gsub("\n", ""))
        executed.clock = executed.clock + 0.4
        if step == 5 then
          o:flush()
          lines[7] = select(2, read "metrics.jsonl":gsub("\n", ""))
        end
      end
    end, {}, { listener = listener })
    assert.same({ 0, 0, 0, 3, 3, 5, 5 }, lines)
    assert.equal('{"seconds":1.2,"step":3}\n{"seconds":2.0,"step":5}\n{"seconds":2.4,"step":6}\n{"seconds":2.4,"step":6}\n', read "timing.jsonl")
    local found <const> = {}
    for _, line in ipairs(shown) do if line:find "^show" then found[#found + 1] = line end end
    assert.same({ "show 0  0", "show 1 loss=1 lr=0.5 0.4" }, { found[1], found[2] })
  end)

  it("validation, with its own draws and the model in eval mode", function()
    local seen <const> = {}
    assert.equal("done", run(function(o)
      local model <const> = fm.nn.sequential { fm.nn.dropout(0.5) }
      local x <const> = fm.ones(1, 4)
      for step = 1, 2 do
        local before <const> = o.rng:calls()
        local draw, mean, word, list = o:validation(function(rng) return rng:number(), model(x):mean(), "w", fm.ones(2) end, model)
        seen[step] = { draw, mean, word, list:totable(), o.rng:calls() - before }
      end
      seen[3] = { o:validation(function() return fm.full(1, 3) end) }
    end, {}), read "log.txt")
    assert.same({ fm.rng(0, "run"):stream "validation":at(0):number(), 1, "w", { 1, 1 }, 0 }, seen[1])
    assert.same({ seen[1], { 3 } }, { seen[2], seen[3] })
    assert.equal("validation: expected a function, found number", error_of(function(o) o:validation(3) end))
    assert.equal("validation: the second argument is the model, with train() and eval(), found 3", error_of(function(o) o:validation(print, 3) end))
    assert.equal("validation: unexpected argument 3, a number: it takes 2", error_of(function(o) o:validation(print, nil, 3) end))
  end)
end)
