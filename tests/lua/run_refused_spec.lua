-- What stands in the way of a run's files and calls, each said in its own words: what is no folder,
-- no file, too large, or not what a run writes.
local fm <const> = require "fm"
local checkpoint <const> = require "fm.run.checkpoint"
local checks <const> = dofile "tests/lua/checks.lua"
local executed <const> = dofile "tests/lua/executed.lua"
local files <const> = dofile "tests/whole_files.lua"
local folders <const> = require "fm.run.folder"
local kept <const> = require "fm.run.kept"

describe("what a run refuses", function()
  checks.no_bytes_stay(setup, teardown)
  local base
  before_each(function()
    executed.open()
    base = executed.folder
  end)
  after_each(executed.close)

  it("folders that cannot be made or taken", function()
    files.write(base .. "/file", "")
    local function message_of(...)
      local none, message, busy = ...
      assert.is_nil(none)
      return (message:gsub(base:gsub("%p", "%%%0"), "BASE")), busy
    end
    assert.truthy(message_of(folders.at(base .. "/file/run")):find "^BASE/file")
    assert.truthy(message_of(folders.at(base .. "/file")):find "^BASE/file: ")
    assert.truthy(message_of(folders.make_parents(base .. "/file/a")):find "^BASE/file")
    assert.is_true(folders.make_parents(base .. "/a/b/c"))
    assert.is_true(folders.make_parents(base .. "/a/b/c"))
    assert.truthy(message_of(folders.new(base .. "/file", "toy", "x")):find "^BASE/file")
    checks.during(fm.file, "mkdir_new", function(path) return nil, path .. ": no room" end, function()
      assert.same({ "BASE/new: no room" }, { message_of(folders.at(base .. "/new")) })
      assert.same({ "BASE/p: no room" }, { message_of(folders.at(base .. "/p/new")) })
      assert(require "lfs".mkdir(base .. "/toy"))
      assert.truthy(message_of(folders.new(base, "toy", "x")):find "^BASE/toy/%d+%-%d+%-%x+: no room$")
    end)
    checks.during(fm.system, "lock", function(path) return nil, path .. ": cannot lock" end, function()
      assert.same({ "BASE/r/lock: cannot lock" }, { message_of(folders.at(base .. "/r")) })
    end)
    local first <const>, names = assert(folders.at(base .. "/r")), {}
    assert.same({ "BASE/r: another process writes this run", "busy" }, { message_of(folders.at(base .. "/r")) })
    first.lock:release()
    checks.during(os, "date", function() return "20260712-153012-" end, function()
      for n = 1, 3 do
        local made <const> = assert(folders.new(base .. "/runs", "toy", "x"))
        names[n] = made.path:sub(#base + 1)
        made.lock:release()
      end
    end)
    local name <const> = "/runs/toy/20260712-153012--" .. fm.file.hash "x":sub(1, 8)
    assert.same({ name, name .. "-2", name .. "-3" }, names)
  end)

  it("names of files that lead out of the folder, and JSON that is none", function()
    local folder <const> = assert(folders.at(base .. "/run"))
    for _, name in ipairs { "", "/a", "a\0b", "../a", "a/../b", "a/..", 3 } do
      checks.raises_text(("expected the name of a file inside the run's folder, found %q"):format(tostring(name)), folder.file, folder, name)
    end
    for _, name in ipairs { "a..b", "a/b..", ".../c" } do assert.equal(folder.path .. "/" .. name, folder:file(name)) end
    local function read(text)
      files.write(folder.path .. "/x.json", text)
      local value, message = folder:read_json "x.json"
      return value, message and message:gsub(base:gsub("%p", "%%%0"), "BASE")
    end
    assert.same({ { a = 1 } }, { read '{"a":1}' })
    assert.same({ nil, "BASE/run/x.json: expected an object" }, { read "3" })
    assert.truthy(select(2, read "{"):find "^BASE/run/x.json: ")
    local value, message = folder:read_json "none.json"
    assert.is_nil(value)
    assert.truthy(message:find("none.json", 1, true))
    folder.lock:release()
  end)

  it("a state and lines that are not what a run writes", function()
    local folder <const> = assert(folders.at(base .. "/run"))
    local path <const> = folder.path
    local function problem() return (select(3, checkpoint.find(folder))[1]:gsub(base:gsub("%p", "%%%0"), "BASE")) end
    local function state(value) files.write(path .. "/state.json", fm.json.encode { hash = fm.file.hash(fm.json.encode(value)), state = value }) end
    assert.same({}, select(3, checkpoint.find(folder)))
    files.write(path .. "/checkpoint-2.safetensors", "")
    assert.equal("BASE/run/state.json, which says what the checkpoints hold, is missing", problem())
    assert(fm.file.mkdir_new(path .. "/state.json"))
    assert.truthy(problem():find("BASE/run/state.json", 1, true))
    assert(os.remove(path .. "/state.json"))
    for text, wanted in pairs { ["{"] = "BASE/run/state.json: ", ["[]"] = "BASE/run/state.json: it has no state", ['{"state":3}'] = "BASE/run/state.json: it "
      .. "has no state", ['{"state":{},"hash":"ab"}'] = ("BASE/run/state.json is damaged: its digest is %s, expected ab"):format(fm.file.hash "{}") } do
      files.write(path .. "/state.json", text)
      assert.equal(wanted, problem():sub(1, #wanted))
    end
    state { slots = 3 }
    assert.equal("BASE/run/state.json: slots is not what a checkpoint writes", problem())
    local run <const> = { folder = folder, seed = 7, name = "x", loop = { step = 3, ends = {} }, saving = { slots = {}, kept = { t = { n = 1 } } } }
    local origin <const> = { code = {}, data = {}, library = {}, config = {}, program = "p", blas_core = "b", real = fm.real }
    folder:add_line("metrics.jsonl", '{"step":3}')
    local position <const> = { step = 3, loop = 1, loops = {}, stops = {}, seconds = 0, summary = {} }
    checkpoint.write({ folder = { mute = true } }, position, origin)
    assert.is_nil(position.slot)
    checkpoint.write(run, position, origin)
    assert.equal(3, (checkpoint.find(folder)).step)
    assert(os.remove(path .. "/metrics.jsonl"))
    assert.equal("BASE/run/metrics.jsonl holds 0 bytes, at step 3 it had 11", problem())
    assert(fm.file.mkdir_new(path .. "/metrics.jsonl"))
    local slot, _, problems, without = checkpoint.find(folder)
    assert.same({ nil, 3 }, { slot, without and without.step })
    assert.truthy(problems[1]:find("/metrics.jsonl: ", 1, true), problems[1])
    local digest, message = require "fm.run.growing_digest".of_file(path .. "/metrics.jsonl", 5)
    assert.is_nil(digest)
    assert.equal(path .. "/metrics.jsonl: Is a directory", message)
    folder.lock:release()
  end)

  it("things that have no state, and states that nobody takes back", function()
    checks.raises_text("keeps: p has no state(): it is a function; put it into a table: run:keeps { counts = { p = ... } }", kept.check, "p", print)
    checks.raises_text("keeps: p has no state(); a layer of your own gets one from fm.nn.module, or inside of nn.sequential { layer }", kept.check, "p",
      setmetatable({}, {}))
    checks.raises_text("keeps: p has no state(); ", kept.check, "p", setmetatable({}, { __index = function() error "no such name" end }))
    checks.raises_text("keeps: names are strings, found 3", kept.check, 3, {})
    kept.check("p", setmetatable({}, { __index = { state = function() return {} end } }))
    kept.check("p", fm.rng(1))
    kept.check("p", fm.ones(1))
    local w <const> = fm.zeros(2)
    local part <const> = setmetatable({}, { __index = { state = function() return { w = w } end } })
    local tensors, values = kept.capture { part = part }
    w:fill(3)
    kept.restore({ part = part }, tensors, values)
    assert.same({ 3, 3 }, w:totable()) -- the same tensor: not copied
    kept.restore({ part = part }, { ["part.w"] = fm.ones(2) }, values)
    assert.same({ 1, 1 }, w:totable())
    local number <const> = setmetatable({}, { __index = { state = function() return { n = 1 } end } })
    tensors, values = kept.capture { number = number }
    checks.raises_text("resume: number has no load_state() to take n back", kept.restore, { number = number }, tensors, values)
  end)

  it("curves without names, and values that cannot be logged", function()
    local function error_of(f)
      executed.run(f, {}, { anew = true })
      return executed.record().error:match "^tests/lua/run_refused_spec.lua:%d+: ([^\n]*)"
    end
    local function curve(more)
      return function(o)
        local made = { x = { 1, 2 }, y = { 3, 4 } }
        for key, value in pairs(more) do made[key] = value end
        o:curve("q", made)
      end
    end
    for message, more in pairs { ['curve: xlabel: expected a text, found ""'] = { xlabel = "" }, ['curve: ylabel: expected a text, found ""'] = { ylabel = "" },
      ["curve: xlabel: expected a text, found 3"] = { xlabel = 3 }, ["curve: expected as many x as y, found 2 and 1"] = { y = { 1 } },
      ["curve: x: expected at least one number, found none"] = { x = {}, y = {} }, ["curve: x: entry 2: expected a finite number, found inf"] = { x = { 1,
        1 / 0 } }, ["curve: y: entry 1: expected a number, found \"a\""] = { y = { "a", 1 } }, ["curve: y: expected a list of numbers or a tensor [n], "
          .. "found a tensor [1, 2]"] = { y = fm.ones(1, 2) }, ["curve: y: entry 2 is missing"] = { y = { 1, nil, 3 }, x = { 1, 2, 3 } },
      ["curve: floor: expected a finite number, found -inf"] = { floor = -1 / 0 } } do
      assert.equal(message, error_of(curve(more)))
    end
    assert.equal("curve: expected a table with x and y, found 3", error_of(function(o) o:curve("q", 3) end))
    assert.equal("log: a: expected a number, a string or a boolean, found a tensor [2]", error_of(function(o) o:log { a = fm.ones(2) } end))
    assert.equal("log: a: expected a number, a string or a boolean, found function", error_of(function(o) o:log { a = print } end))
    assert.equal("log: expected values by name, found number", error_of(function(o) o:log(3) end))
    assert.equal('log: the name "step" is the run\'s own: each line has it already', error_of(function(o) o:log { step = 3 } end))
    assert.equal("log: names are strings, found 1", error_of(function(o) o:log { 3 } end))
    assert.equal("summary: a: expected a number, a string or a boolean, found table", error_of(function(o) o:summary { a = {} } end))
    assert.equal("stop_when: metric: m: expected numbers to be logged, found \"x\"", error_of(function(o)
      o:stop_when { metric = "m" }
      o:log { m = "x" }
    end))
    assert.equal("checkpoints: best: m: expected numbers to be logged, found true", error_of(function(o)
      o:checkpoints { best = "m" }
      o:log { m = true }
    end))
    local writes = 0
    local methods <const> = (function()
      local folder <const> = folders.at(base .. "/x")
      folder.lock:release()
      return getmetatable(folder)
    end)()
    local own <const> = methods.write_json
    checks.during(methods, "write_json", function(folder, name, value)
      if name == "run.json" then writes = writes + 1 end
      return own(folder, name, value)
    end, function()
      executed.run(function(o)
        writes = 0
        o:curve("q", { x = { 1 }, y = { 2 } })
        o:curve("q", { x = { 1 }, y = { 3 } }) -- the record says it already
        assert.equal(1, writes)
        o:curve("q", { x = { 1 }, y = { 3 }, log = "x" })
        assert.equal(2, writes)
        o:curve("r", { x = { 1 }, y = { 2 }, floor = 1 })
        assert.equal(3, writes)
      end, {}, { anew = true })
    end)
    assert.equal("done", executed.record().status)
    assert.same({ ["q.csv"] = "x", ["r.csv"] = "" }, executed.record().curves)
    assert.same({ "x,q\n1,3\n", "x,r,floor\n1,2,1\n" }, { executed.read "q.csv", executed.read "r.csv" })
  end)

  it("outputs whose names are its own or lead out, and values of another kind", function()
    local function error_of(f)
      executed.run(f, {}, { anew = true })
      return executed.record().error:match "^tests/lua/run_refused_spec.lua:%d+: ([^\n]*)"
    end
    local taken <const> = "these are taken: config.json, run.json, state.json, log.txt, metrics.jsonl, timing.jsonl, lock, code, report.html, pareto.*, "
      .. "checkpoint*, .fm-*"
    for _, name in ipairs { "config.json", "run.json", "state.json", "log.txt", "metrics.jsonl", "timing.jsonl", "lock", "code", "code/x.lua",
      "report.html", "pareto.json", "pareto.csv", "pareto.png", "checkpoint.safetensors", "checkpoint-best.safetensors", "checkpoint", "checkpoint-7",
      ".fm-1.tmp", "./RUN.JSON", ".//Lock", "run.json/x" } do
      assert.equal(("path: %q is a file of the run itself; %s"):format(name, taken), error_of(function(o) o:path(name) end))
    end
    for _, name in ipairs { "", ".", "./", "a/", "a/.", "/a", "../a", "a/../b", "a/.." } do
      assert.equal(("path: expected the name of a file inside the run's folder, found %q"):format(name), error_of(function(o) o:path(name) end))
    end
    assert.equal("path: expected the name of a file, found 3", error_of(function(o) o:path(3) end))
    assert.equal("path: expected the name of a file, found nil", error_of(function(o) o:path() end))
    assert.equal("path: expected the name of a file on one line, found \"a\\9b\"", error_of(function(o) o:path "a\tb" end))
    assert.truthy(error_of(function(o) o:path "a\xff" end):find("^path: the name of a file"))
    for _, f in ipairs { function(o) o:path("a", 1) end, function(o) o:save("a", {}, 1) end, function(o) o:picture("a", {}, 1) end } do
      assert.truthy(error_of(f):find "unexpected argument %d, a number: it takes %d$")
    end
    for name, pair in pairs { ["a.npy"] = { "x", "a tensor, found string" }, ["a.png"] = { {}, "a tensor, found table" }, ["a.txt"] = { fm.ones(1),
      "a text, found a tensor" }, ["a.csv"] = { 3, "a text, found number" }, ["a.safetensors"] = { "x", "a model or a table of tensors, found string" },
      a = { 3, "a model or a table of tensors, found number" } } do
      local ending <const> = name:match "%.(%w+)$" or "safetensors"
      assert.equal(("save: .%s is for %s"):format(ending, pair[2]), error_of(function(o) o:save(name, pair[1]) end))
    end
    assert.equal("save: no format ends in .bmp (npy, safetensors, png, json, txt, csv)", error_of(function(o) o:save("a.bmp", 1) end))
    assert.equal("picture: expected a picture of fm.plot, found a tensor", error_of(function(o) o:picture("a", fm.ones(1)) end))
    assert.equal("picture: expected a picture of fm.plot, found string", error_of(function(o) o:picture("a", "x") end))
    for _, value in ipairs { {}, { save = 3 } } do
      assert.equal("picture: expected a picture of fm.plot, found table", error_of(function(o) o:picture("a", value) end))
    end
  end)

  it("no output that is well: each is written, listed, and on disk when the run is done", function()
    local synced <const>, sync <const> = {}, fm.file.sync
    local paths = {}
    function fm.file.sync(path)
      synced[#synced + 1] = path:sub(#base + 2)
      return sync(path)
    end
    local ok, problem = pcall(function()
      assert.equal("done", executed.run(function(o)
        local picture <const> = { save = function(_, path)
          files.write(path, "drawn")
          return true
        end }
        paths[1] = o:picture("p", picture)
        paths[2] = o:picture("q.svg", picture)
        paths[3] = o:save("m", { state = function() return { w = fm.ones(2) } end })
        paths[4] = o:save("./d//x.json", { a = 1 })
        paths[5] = o:save("t.txt", "text")
        paths[6] = o:save("u.csv", "a,b")
        paths[7] = o:path "z.own"
        paths[8] = o:path "d/b.own"
        files.write(paths[7], "mine")
        files.write(paths[8], "mine")
        o:path "none"
        o:path "a*b"
        for i = #synced, 1, -1 do synced[i] = nil end
      end, {}), executed.read "log.txt")
    end)
    fm.file.sync = sync
    assert(ok, problem)
    for i, name in ipairs { "p.png", "q.svg", "m.safetensors", "d/x.json", "t.txt", "u.csv", "z.own", "d/b.own" } do
      assert.equal(base .. "/run/" .. name, paths[i])
    end
    assert.same({ { 1, 1 }, '{"a":1}\n', "text", "a,b", "drawn" }, { fm.load(paths[3]).w:totable(), executed.read "d/x.json", executed.read "t.txt",
      executed.read "u.csv", executed.read "q.svg" })
    assert.same({ "d/b.own", "d/x.json", "m.safetensors", "none", "p.png", "q.svg", "t.txt", "u.csv", "z.own" }, executed.record().outputs)
    assert.same({ "run/d/b.own", "run/d", "run/z.own", "run" }, { table.unpack(synced, 1, 4) })
    local outputs <const> = require "fm.run.outputs"
    outputs.settle { folder = { mute = true } }
    local many <const>, few <const> = {}, {}
    for i = 1, 65 do many[("f/step-%d.png"):format(i)] = true end
    for i = 1, 64 do few[("f/step-%d.png"):format(i)] = true end
    assert.same({ "a.txt", "f/step-*.png" }, outputs.names({ outputs = { names = many } }, { "a.txt" }))
    assert.equal(64, #outputs.names({ outputs = { names = few } }, nil))
    assert.same({ "a1", "a2" }, outputs.names({ outputs = { names = { a1 = true } } }, { "a2", "a1" }))
    local mute <const> = { folder = require "fm.run.mute_folder" "p", outputs = outputs.new() }
    assert.equal("p/x", outputs.write(mute, "x", error))
    assert.same({ { x = true }, {} }, { mute.outputs.names, mute.outputs.hashes })
  end)

  it("stops outside of a loop, where there is nothing to stop", function()
    local status, said = executed.run(function(o)
      o:stop_when { metric = "m", patience = 1 }
      for _ = 1, 3 do o:log { m = 1 } end
      for step in o:steps(3) do o:log { m = step == 1 and 1 or 2 } end
      assert.equal(3, o.step)
      o:stop_when { metric = "k", patience = 2 }
      for _ in o:steps(9) do o:log { k = 1 } end
    end, {})
    assert.equal("done", status)
    assert.equal(6, executed.record().steps)
    assert.truthy(said:find("note toy: stops at step 6: k has been no better than 1, at step 4, for 2 logs", 1, true), said)
    assert.equal("stopped at step 6: k has been no better than 1, at step 4, for 2 logs\n", executed.read "log.txt")
  end)

  it("an ending of fm is a text for a script that catches and prints it", function()
    local ending <const> = require "fm.run.ending"
    local ok, problem = pcall(ending.raise, "failed", "why")
    assert.same({ false, "why", { status = "failed", message = "why" } }, { ok, tostring(problem), ending.of(problem) })
    assert.is_nil(ending.of { status = "failed" })
    assert.is_nil(ending.of "why")
  end)
end)
