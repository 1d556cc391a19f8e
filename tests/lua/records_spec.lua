-- Runs read from their folders and found by the beginnings of their names; damage gives a
-- message, never an error.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local match <const> = require "fm.records.match"
local records <const> = require "fm.records.runs"

local base

local function add(name, record)
  local at = base
  for part in name:gmatch "[^/]+" do
    at = at .. "/" .. part
    lfs.mkdir(at)
  end
  if type(record) == "table" then record = fm.json.encode(record) end
  if record then assert(fm.file.write(at .. "/run.json", record)) end
  return at
end

local function done(started, more)
  local record = { schema = 1, status = "done", started = started, seed = 1, config = { lr = 0.1 }, summary = { w2 = 0.5 } }
  for key, value in pairs(more or {}) do record[key] = value end
  return record
end

describe("records", function()
  local bytes = fm.live_bytes()
  before_each(function()
    base = os.tmpname()
    os.remove(base)
    assert(lfs.mkdir(base))
    add("moons/20260712-153012-7f3a1c2d", done "2026-07-12T15:30:12Z")
    add("moons/20260712-153012-7f3a1c2d-2", done("2026-07-12T15:30:13Z", { experiment = "moons" }))
    add("moons/20260711-080000-aa00bb11", done "2026-07-11T08:00:00Z")
    add("moons/sweep-c0ffee00/0a1b2c3d", done "2026-07-13T00:00:00Z")
    add("moons/sweep-c0ffee00/0b1b2c3d", done "2026-07-13T00:00:01Z")
    add("sweep/sweep-dead0000/99999999", done("2026-07-14T00:00:00Z", { experiment = "rings" }))
  end)
  after_each(function() os.execute("rm -rf " .. base) end)

  it("are listed with the oldest first", function()
    local names = {}
    for i, record in ipairs(records.list(base)) do names[i] = record.id end
    assert.same({ "aa00bb11", "7f3a1c2d", "7f3a1c2d-2", "0a1b2c3d", "0b1b2c3d", "99999999" }, names)
    assert.equal(5, #records.list(base, "moons"))
    local rings = records.list(base, "rings")
    assert.equal("sweep/sweep-dead0000", rings[1].sweep)
    assert.same({}, records.list(base .. "/nowhere"))
  end)

  it("are found by path, age, and the beginning of a name or hash", function()
    for word, id in pairs {
      ["@-1"] = "99999999", ["@-6"] = "aa00bb11", ["7f3a1c2d"] = "7f3a1c2d", ["7f3a1c2d-2"] = "7f3a1c2d-2", aa = "aa00bb11", ["20260711"] = "aa00bb11",
      ["moons/aa"] = "aa00bb11", ["c0ff/0b"] = "0b1b2c3d", ["sweep-c0/0a"] = "0a1b2c3d", ["moons/sweep-c0ffee00/0a1b2c3d"] = "0a1b2c3d", ["0b1"] = "0b1b2c3d",
      [base .. "/moons/20260711-080000-aa00bb11"] = "aa00bb11", [base .. "/moons/20260711-080000-aa00bb11/"] = "aa00bb11",
    } do
      assert.equal(id, assert(records.find(base, word)).id, word)
    end
  end)

  it("that a word leaves open are named", function()
    local record, message, code = records.find(base, "2026")
    assert.same({ nil, 2 }, { record, code })
    assert.truthy(message:find('"2026" may be any of 3:\n  moons/20260711-080000-aa00bb11\n', 1, true), message)
    record, message, code = records.find(base, "c0ff")
    assert.same({ nil, 2 }, { record, code })
    assert.truthy(message:find('"c0ff" is a sweep of 2 runs:', 1, true), message)
  end)

  it("that are not there give the nearest name and 3", function()
    for word, wanted in pairs {
      aa00bb12 = 'no run is called "aa00bb12"; did you mean "aa00bb11"?', zzzzzzzzzzzz = "; fmrun ls lists them", ["@-7"] = "@-7: there are 6 runs",
      ["c0ffee00/0a1b2c3e"] = 'did you mean "c0ffee00/0a1b2c3d"?',
    } do
      local record, message, code = records.find(base, word)
      assert.same({ nil, 3 }, { record, code })
      assert.truthy(message:find(wanted, 1, true), message)
    end
    assert.equal(2, select(3, records.find(base, "@-x")))
    assert.truthy(select(2, records.find(base .. "/none", "x")):find "there are none in ")
  end)

  it("stand for each other: a sweep and an experiment for their runs, each once", function()
    assert.equal(2, #records.select(base, { "c0ff", "0a1b" }))
    assert.equal(5, #records.select(base, { "moons" }))
    assert.equal(1, #records.select(base, { "rings" }))
    assert.equal("sweep", records.target(base, "sweep-c0ffee00").kind)
    assert.equal(3, select(3, records.select(base, { "c0ff", "nothing" })))
  end)

  it("an experiment by its whole name, whatever run's name or hash begins with it", function()
    add("aa/20260715-000000-00112233", done("2026-07-15T00:00:00Z", { experiment = "aa" }))
    assert.same({ "experiment", 1 }, { records.target(base, "aa").kind, #records.target(base, "aa").runs })
    assert.equal("aa00bb11", records.find(base, "aa0").id)
    assert.equal("00112233", records.find(base, "00112233").id)
  end)

  it("that have not begun yet are said so", function()
    for _, path in ipairs { "/new", "/new/sweep-00aa00aa" } do assert(lfs.mkdir(base .. path)) end
    for word, of in pairs { ["00aa"] = "sweep", ["new/00aa"] = "sweep", new = "experiment" } do
      assert.same({ of, {} }, { records.target(base, word).kind, records.target(base, word).runs }, word)
      assert.same({ nil, ('"%s": no run has begun there'):format(word), 3 }, { records.select(base, { word }) })
      assert.same({ nil, ('"%s": no run has begun there'):format(word), 3 }, { records.find(base, word) })
    end
  end)

  it("with a torn, foreign or missing run.json are damaged, with the reason", function()
    for text, wanted in pairs {
      ['{"status":"do'] = "run.json: ", ["[]"] = "run.json: it has no status", ["3"] = "run.json: no object", [""] = "run.json: ",
      ['{"status":3}'] = "run.json: status: expected a text, found 3",
      ['{"status":"done","config":3}'] = "run.json: config: expected names with plain values, found 3",
      ['{"status":"done","summary":{"w2":[]}}'] = "run.json: summary: expected names with plain values",
      ['{"status":"done","code":[{"path":3}]}'] = "run.json: code: expected a list of path and hash",
    } do
      add("bad/20260712-153012-00000000", text)
      local record = assert(records.find(base, "00000000"))
      assert.equal("damaged", record.status)
      assert.truthy(record.error:find(wanted, 1, true), record.error)
      assert.same({ {}, {}, "bad", "2026-07-12T15:30:12Z" }, { record.config, record.summary, record.experiment, record.started })
    end
    add "bad/20260712-153012-11111111"
    assert.is_nil((records.find(base, "1111"))) -- nothing in it is a run's
    assert(fm.file.write(base .. "/bad/20260712-153012-11111111/lock", ""))
    assert.equal("run.json is missing", records.find(base, "1111").error)
    add("bad/20260712-153012-22222222", '{"status":"done","summary":null}')
    assert.same({}, records.find(base, "2222").summary)
  end)

  it("of processes that are gone are lost", function()
    local system = fm.system
    local locked = system.locked
    add("toy/20260712-153012-33333333", done("2026-07-12T15:30:12Z", { status = "running" }))
    system.locked = function(path) return path:find "/33333333/lock$" == nil and path:find "33333333/lock$" ~= nil end
    assert.equal("running", records.find(base, "3333").status)
    system.locked = function() return false end
    assert.equal("lost", records.find(base, "3333").status)
    assert.equal("done", records.find(base, "aa").status)
    system.locked = locked
  end)

  it("with names that do not fit are no runs", function()
    add "moons/notes"
    add("moons/mine", done "2020-01-01T00:00:00Z")
    assert.equal(7, #records.list(base))
    assert.equal("mine", records.list(base)[1].id)
  end)

  it("leave no tensor", function()
    collectgarbage()
    assert.equal(bytes, fm.live_bytes())
  end)
end)

describe("match", function()
  it("knows the hash in a part", function()
    assert.same({ "7f3a", "7f3a1c2d", "7f3a1c2d-2", "moons" }, { match.hash "sweep-7f3a", match.hash "20260712-153012-7f3a1c2d",
      match.hash "20260712-153012-7f3a1c2d-2", match.hash "moons" })
  end)

  it("prefers what is exact", function()
    assert.equal(0, #match.among({ { parts = { "a", "b" } } }, "/"))
    assert.equal(0, #match.among({ { parts = { "a" } } }, "x/a"))
  end)
end)
