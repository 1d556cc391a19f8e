-- The pure parts of runs and sweeps: what parameters may be, values and states as JSON, the digest
-- of a growing file, how a run of a sweep ended, the labels and numbers of its runs.
local fm <const> = require "fm"
local checks <const> = require "lua.checks"
local files <const> = dofile "tests/whole_files.lua"
local growing_digest <const> = require "fm.run.growing_digest"
local outcome_of <const> = require "fm.sweep.outcome"
local parameters <const> = require "fm.run.parameters"
local state_problem <const> = require "fm.run.state_json"
local sweep_folder <const> = require "fm.sweep.folder"
local values_json <const> = require "fm.run.values_json"

describe("parameters", function()
  local function refused(message, given)
    local ok, found = pcall(parameters.declare, given)
    assert.same({ false, message }, { ok, found })
  end

  it("are declared by their default, with help, limits and choices that fit", function()
    local list <const> = parameters.declare { b = 1, a = { 0.5, "help", min = 0, max = 1 }, c = { "x", help = "more", choices = { "x", "y" } },
      d = { 2.0, choices = { 2, 3.5 } } }
    local names = {}
    for i, declaration in ipairs(list) do names[i] = declaration.name .. ":" .. declaration.type end
    assert.equal("a:number b:integer c:string d:number seed:integer", table.concat(names, " "))
    assert.same({ "help", "more", 0, 1, 0 }, { list.a.help, list.c.help, list.a.min, list.a.max, list.seed.min })
    assert.same({ 0, "seed of every random stream" }, { list.seed.default, list.seed.help })
    assert.equal(5, parameters.declare({ seed = 5 }).seed.default)
    for message, given in pairs {
      ["parameter names are words of letters, digits and _, found 1"] = { 5 },
        ["parameter names are words of letters, digits and _, found a-b"] = { ["a-b"] = 5 },
      ['parameter a: unknown field "mix"; did you mean "min"?'] = { a = { 1, mix = 2 } },
      ["parameter a: the default must be a number, a string or a boolean, found nil"] = { a = {} },
      ["parameter a: min: only numbers have limits"] = { a = { "x", min = 1 } }, ["parameter a: max: only numbers have limits"] = { a = { 1,
        max = "2" } },
      ["parameter a: max: expected a number, found nan"] = { a = { 1, max = 0 / 0 } }, ["parameter a: min 2 is over max 1"] = { a = { 1, min = 2,
        max = 1 } },
      ["parameter a: help: expected a text, found number"] = { a = { 1, 2 } }, ["parameter a: the default 3: must be <= 2"] = { a = { 3, max = 2 } },
      ["parameter a: the default 0: must be >= 1"] = { a = { 0, min = 1 } }, ["parameter a: the default inf: must be finite"] = { a = 1 / 0 },
      ["parameter a: choices: expected a list of values like the default, each integer"] = { a = { 1, choices = { 1, 2.5 } } },
      ["parameter a: choices: expected a list of values like the default, each string"] = { a = { "x", choices = {} } },
      ['parameter a: the default x: expected one of y, z, found "x"; did you mean "y"?'] = { a = { "x", choices = { "y", "z" } } },
      ["parameter seed: the default must be a whole number"] = { seed = 1.5 },
    } do
      refused(message, given)
    end
    assert.equal(1, parameters.declare({ a = { 1, min = 1, max = 1 } }).a.default)
  end)

  it("are read from texts in their types and limits", function()
    local list <const> = parameters.declare { i = { 1, min = 0, max = 3 }, x = { 0.5, max = 2 }, b = true, s = "", c = { "lin", choices = { "lin",
      "vp" } } }
    for key, texts in pairs { i = { ["0"] = 0, ["3"] = 3, ["+2"] = 2 }, x = { ["2"] = 2.0, ["-1e3"] = -1000.0, [".5"] = 0.5, ["1."] = 1.0 },
      b = { ["true"] = true, ["false"] = false },
      s = { [""] = "", ["a b"] = "a b" }, c = { vp = "vp" } } do
      for text, value in pairs(texts) do
        local found = parameters.read(list[key], text)
        assert.equal(value, found)
        assert.equal(math.type(value), math.type(found))
      end
    end
    for message, pair in pairs { ["i: must be <= 3"] = { "i", "4" }, ["i: must be >= 0"] = { "i", "-1" },
      ['i: expected an integer, found "1.0"'] = { "i", "1.0" },
      ['i: expected an integer, found "0x1"'] = { "i", "0x1" }, ["x: must be <= 2"] = { "x", "2.1" },
        ['x: expected a finite number, found "1e999"'] = { "x", "1e999" },
      ['x: expected a finite number, found "nan"'] = { "x", "nan" }, ['x: expected a finite number, found "."'] = { "x", "." },
        ['b: expected true or false, found "yes"'] = { "b", "yes" },
      ["b: empty value"] = { "b", "" }, ['s: expected UTF-8 text, found "\xff"'] = { "s", "\xff" },
        ['c: expected one of lin, vp, found "v"; did you mean "vp"?'] = { "c", "v" } } do
      assert.same({ nil, message }, { parameters.read(list[pair[1]], pair[2]) })
    end
    assert.same({ "a", "b=c" }, { parameters.split "a=b=c" })
    assert.same({ nil, 'expected key=value, found "=3"' }, { parameters.split "=3" })
    assert.same({ "a", "" }, { parameters.split "a=" })
  end)

  it("are overridden by a preset, and that by what is given", function()
    local list <const> = parameters.declare { lr = 0.5, n = 3 }
    local presets <const> = parameters.declare_presets(list, { quick = { n = 1, lr = 2 } })
    assert.equal("float", math.type(presets.quick.lr))
    assert.same({ lr = 2.0, n = 7, seed = 0 }, parameters.resolve(list, { preset = "quick", n = 7 }, presets))
    assert.same({ lr = 0.5, n = 3, seed = 4 }, parameters.resolve(list, { seed = 4 }, presets))
    assert.same({ name = "preset", type = "string", choices = { "quick" } }, parameters.find(list, "preset", presets))
    assert.equal(list.lr, (parameters.find(list, "lr", presets)))
    assert.same({ nil, 'unknown key "preset"' }, { parameters.find(list, "preset", {}) })
    assert.same({ nil, 'unknown key "lrr"; did you mean "lr"?' }, { parameters.find(list, "lrr", presets) })
    assert.same({ nil, "n is an integer, it has no field x" }, { parameters.find(list, "n.x", presets) })
    assert.same({ nil, "lr is a number, it has no field x.y" }, { parameters.find(list, "lr.x.y", presets) })
    for message, given in pairs { ["presets: expected name = { key = value }, found 1 = table"] = { {} },
      ["presets: expected name = { key = value }, found a = number"] = { a = 1 },
      ['preset a: unknown key "x"; did you mean "n"?'] = { a = { x = 1 } }, ["preset a: n: expected integer, found 1.5"] = { a = { n = 1.5 } },
        ["preset a: lr: must be finite"] = { a = { lr = 1 / 0 } } } do
      local ok, found = pcall(parameters.declare_presets, list, given)
      assert.same({ false, message }, { ok, found })
    end
    local ok, found = pcall(parameters.declare_presets, parameters.declare { preset = 1 }, { a = {} })
    assert.same({ false, "a parameter called preset leaves no name for choosing among the presets" }, { ok, found })
    assert.same({ lr = 1.0, n = 3, seed = 0 }, parameters.recorded(list, { lr = 1 }))
    assert.same({ nil, "n: expected integer, found x" }, { parameters.recorded(list, { n = "x" }) })
    assert.same({ nil, 'unknown key "m"; did you mean "n"?' }, { parameters.recorded(list, { m = 1 }) })
  end)
end)

describe("values as JSON", function()
  checks.no_bytes_stay(before_each, after_each)

  it("come back as they were, tensors too, into the tables that a script holds", function()
    local inner <const> = { 5, 6 }
    local value <const> = { a = 1, b = 0.5, [1] = "one", [-2] = true, inner = inner, ["\xff"] = "\xfe\0", inf = 1 / 0, less = -1 / 0,
      x = fm.tensor { 1, 2 }, y = { x = fm.tensor { 3 } } }
    local tensors = { ["v.x"] = fm.ones(1) } -- the name is taken
    local coded <const> = fm.json.decode(fm.json.encode(values_json.encode_table("v", value, tensors)))
    assert.same({ { "tensor", "v.x~2" }, { "tensor", "v.y.x" }, { "number", "inf" }, { "number", "-inf" }, { "bytes", "fe00" } },
      { coded.sx, coded.sy.sx, coded.sinf, coded.sless, coded.xff })
    assert.same({ 1, true, "one" }, { coded.sa, coded["i-2"], coded.i1 })
    local held <const> = { a = 9, gone = 1, inner = inner, x = fm.zeros(2), y = { x = fm.zeros(2) } }
    local x <const>, other <const> = held.x, held.y.x
    inner[1], inner[3] = 7, 8
    assert.equal(held, values_json.decode(coded, held, tensors))
    assert.equal(inner, held.inner)
    assert.same({ 5, 6 }, inner)
    assert.equal(x, held.x) -- of the same shape: filled
    assert.same({ { 1, 2 }, { 3 } }, { held.x:totable(), held.y.x:totable() })
    assert.not_equal(other, held.y.x)
    assert.same({ 1, 0.5, "one", true, "\xfe\0", 1 / 0, -1 / 0, nil }, { held.a, held.b, held[1], held[-2], held["\xff"], held.inf, held.less,
      held.gone })
    local odd <const> = values_json.decode(fm.json.decode(fm.json.encode(values_json.encode("v", 0 / 0, {}))), nil, {})
    assert.truthy(odd ~= odd)
    checks.raises_text('resume: the checkpoint has no tensor "v.x~2"', values_json.decode, coded, {}, {})
    local state <const> = values_json.state({ f = { "x" }, sx = { "tensor", "v.y.x" }, sn = 3, i1 = { "number", "inf" } }, tensors)
    assert.equal(tensors["v.y.x"], state.x) -- no copy: load_state copies
    assert.same({ { 3 }, 3, 1 / 0, nil }, { state.x:totable(), state.n, state[1], state.f })
  end)

  it("are plain: numbers, texts, booleans, tensors and tables of them, twelve deep", function()
    local function deep(n) return n == 0 and 1 or { a = deep(n - 1) } end
    assert.is_true(values_json.is_plain(deep(12)))
    assert.is_false(values_json.is_plain(deep(13)))
    for message, value in pairs { ["keeps: p.a is a function: expected a number, a string, a boolean, a tensor or a table of them"] = { a = print },
      ["keeps: p is a table: expected a number, a string, a boolean, a tensor or a table of them"] = setmetatable({}, {}),
      ["keeps: p: keys are strings or whole numbers, found 1.5"] = { [1.5] = 1 },
        ["keeps: p.a: keys are strings or whole numbers, found true"] = { a = { [true] = 1 } } } do
      checks.raises_text(message, values_json.check, "keeps: p", value)
    end
    checks.raises_text("tables within tables more than 12 deep", values_json.check, "p", deep(13))
  end)
end)

describe("the state of a checkpoint", function()
  local slot <const> = { slot = 1, hash = "a", step = 3, loop = 1, loops = { 0, 2 }, seconds = 0.5, stops = { { misses = 0, over = false } },
    summary = { a = 1, b = "x", c = true },
    lengths = { ["metrics.jsonl"] = 1, ["log.txt"] = 0, ["timing.jsonl"] = 2 }, digests = { ["metrics.jsonl"] = "a", ["log.txt"] = "b",
      ["timing.jsonl"] = "c" },
    outputs = { { path = "a.png", hash = "h" } }, places = { { data = { 1, 2 } } }, spikes = { watched = { loss = { recent = { 1.5 }, inside = true,
      count = 1, first = 3, worst = 20 } }, over = { true } },
    best = { value = 0.5, step = 2 } }
  local state <const> = { slots = { slot }, origin = { code = { { path = "x.lua", hash = "h" } }, data = {}, library = {}, config = { lr = 1 },
    program = "p", blas_core = "b", real = "float" } }

  it("holds what it must, or the first place that does not is named", function()
    assert.is_nil(state_problem(state))
    local function with(name, value, of)
      local copy <const> = fm.json.decode(fm.json.encode(state))
      local at = of == "origin" and copy.origin or copy.slots[1]
      at[name] = value
      return state_problem(copy)
    end
    for name, wrong in pairs { slot = { 0, 3, "1" }, hash = { 1 }, step = { -1, 1.5, "3" }, loop = { -1 }, loops = { 1, { -1 }, { x = 1 } },
      seconds = { -1, 1e12, "1" },
      stops = { { 1 }, { { misses = -1, over = false } }, { { misses = 0 } } }, summary = { { { 1 } }, { a = {} }, 3 },
        lengths = { { ["metrics.jsonl"] = 1, ["log.txt"] = 0 }, 3 },
      digests = { { ["metrics.jsonl"] = "a", ["log.txt"] = "b", ["timing.jsonl"] = 3 } }, outputs = { { { path = "", hash = "h" } }, { { path = "a\0",
        hash = "h" } }, { { path = "a" } } },
      places = { { { data = { 1 } } }, { { data = { 1, -2 } } }, { 3 } }, best = { { value = "x", step = 2 }, { value = 1, step = -1 } },
      spikes = { 3, { watched = {}, over = { 1 } }, { watched = 3, over = {} }, { watched = { loss = { recent = { "x" }, inside = true, count = 1 } },
        over = {} },
        { watched = { loss = { recent = {}, inside = 1, count = 1 } }, over = {} }, { watched = { loss = { recent = {}, inside = true, count = -1 } },
          over = {} },
        { watched = { loss = { recent = {}, inside = true, count = 1, first = -1 } }, over = {} }, { watched = { loss = { recent = {}, inside = true,
          count = 1, worst = "x" } }, over = {} } } } do
      for _, value in ipairs(wrong) do assert.equal("slots[1]." .. name, with(name, value), fm.json.encode(value)) end
    end
    for _, name in ipairs { "digests", "outputs", "places", "spikes", "best" } do assert.is_nil(with(name, nil)) end
    for _, name in ipairs { "slot", "hash", "step", "loop", "loops", "seconds", "stops", "summary", "lengths" } do assert.equal("slots[1]." .. name,
      with(name, nil)) end
    for name in pairs(state.origin) do
      assert.equal("origin." .. name, with(name, 3, "origin"))
      assert.equal("origin." .. name, with(name, nil, "origin"))
    end
    assert.same({ "slots", "slots", "slots[1]", "origin" }, { state_problem { slots = 3 }, state_problem { slots = { a = slot } },
      state_problem { slots = { 3 } },
      state_problem { slots = {}, origin = 3 } })
    assert.is_nil(state_problem { slots = { slot, slot }, origin = state.origin })
  end)
end)

describe("the digest of a file that grows", function()
  it("is the same however it grows, and that of its first bytes", function()
    local block <const>, path <const> = 1 << 16, os.tmpname()
    local text = {}
    for i = 1, 3 * block // 16 do text[i] = ("%015d\n"):format(i) end
    text = table.concat(text)
    local function of(whole, size)
      local digest = growing_digest.new()
      for first = 1, #whole, size do digest:add(whole:sub(first, first + size - 1)) end
      return digest:text()
    end
    for _, length in ipairs { 0, 1, block - 1, block, block + 1, 2 * block, 3 * block } do
      local part <const> = text:sub(1, length)
      local wanted <const>, hash <const> = of(part, math.max(1, #part)), fm.file.hash
      assert.equal(wanted, of(part, 10000))
      local chain = ""
      for first = 1, #part - block + 1, block do chain = hash(chain .. hash(part:sub(first, first + block - 1))) end
      assert.equal(hash(chain .. hash(part:sub(#part // block * block + 1))), wanted)
      files.write(path, text)
      assert.equal(wanted, growing_digest.of_file(path, length):text())
    end
    files.write(path, "short")
    assert.equal(of("short", 5), growing_digest.of_file(path, 99):text())
    os.remove(path)
    assert.equal(of("", 1), growing_digest.of_file(path, 0):text())
    assert.is_nil((growing_digest.of_file(path, 1)))
  end)
end)

describe("a run of a sweep", function()
  local folder <const> = checks.own_folder(before_each, after_each)

  local function record(fields, step)
    fields.experiment = "toy"
    files.write(folder .. "/run.json", fm.json.encode(fields))
    files.write(folder .. "/metrics.jsonl", step and ('{"step":%d}\n'):format(step) or "")
  end

  --- "status: error" of how it ended; result: the fields of the pool that are not those of an end
  --- without trouble.
  local function ended(result, how, task)
    local all <const> = { code = 0, signal = 0, seconds = 2, lines = {} }
    for key, value in pairs(result) do all[key] = value end
    local own <const> = { path = folder, folder = "toy/0a" }
    for key, value in pairs(task or {}) do own[key] = value end
    local found <const> = outcome_of(own, all, { timeout = "90s", saved = 75, stopped = how == "stopped" })
    return found.status .. (found.error and ": " .. found.error or ""), found
  end
  local function now() return assert(fm.json.decode(files.read(folder .. "/run.json"))) end

  it("is done, diverged or failed as its record says, with the reason", function()
    record({ status = "done", summary = { w2 = 1 } })
    local text, found = ended { peak = 2048 }
    assert.same({ "done", 1, 0, 2, 2048 }, { text, found.summary.w2, found.code, found.seconds, found.peak })
    assert.equal("failed: exit code 3", (ended { code = 3 }))
    assert.equal("failed: the last line", (ended { code = 1, lines = { "first", "the last line" } }))
    assert.equal("failed: its own word", (ended({ code = 1, lines = { "x" } }, nil, { failure = "its own word" })))
    record { status = "diverged", error = "loss is nan" }
    assert.equal("diverged: loss is nan", (ended { code = 1, lines = { "x" } }))
    os.remove(folder .. "/run.json")
    assert.equal("failed: run.json is missing", (ended { code = 1 }))
    assert.equal("failed: could not begin", (ended { code = 1, lines = { "could not begin" } }))
    assert.equal("busy: another process runs it", (ended({ code = 1 }, nil, { busy = true })))
  end)

  it("that ended in the middle is recorded as failed, with its last step", function()
    record({ status = "running" }, 7)
    assert.equal("failed: exit code 4", (ended { code = 4 }))
    assert.same({ "failed", "ended in the middle: exit code 4", 2, 7 }, { now().status, now().error, now().seconds, now().steps })
    record({ status = "running" }, 7)
    local text, found = ended { signal = 11, peak = 2048 }
    assert.same({ "failed: killed by SIGSEGV after step 7, 2 MB at most", "SIGSEGV" }, { text, found.signal })
    assert.same({ "failed", "killed by SIGSEGV after step 7, 2 MB at most" }, { now().status, now().error })
    record { status = "running" }
    assert.equal("failed: killed by SIGKILL (out of memory?) before its first record", (ended { signal = 9 }))
    assert.equal(0, now().steps)
  end)

  it("that was stopped is killed: saved or not, before its first step or at once", function()
    record { status = "killed", steps = 5 }
    assert.equal("killed: stopped after step 5", (ended { code = 75 }))
    files.write(folder .. "/state.json", "{}")
    assert.equal("killed: saved after step 5", (ended { code = 75 }))
    record { status = "killed" }
    assert.equal("killed: saved before step 1", (ended { code = 75 }))
    assert.equal("killed: stopped before its first step", (ended({ signal = 15 }, "stopped")))
    assert.equal("killed: stopped at once", (ended({ signal = 9 }, "stopped")))
    assert.equal("failed: killed by SIGTERM before its first record", (ended { signal = 15 }))
  end)

  it("that took too long says after which step, unless it was done", function()
    record({ status = "running" }, 3)
    assert.equal("failed: over 90s after step 3", (ended { timed_out = true, signal = 9 }))
    assert.same({ "failed", "over 90s after step 3" }, { now().status, now().error })
    record { status = "killed" }
    assert.equal("failed: over 90s", (ended { timed_out = true, code = 75 }))
    assert.equal("killed", now().status)
    record { status = "done" }
    assert.equal("done", (ended { timed_out = true }))
  end)

  it("has a label that tells it apart, in one printable line", function()
    local entry <const> = { experiment = "toy", changed = { lr = 0.1 + 0.2, n = 3, note = 'a "b"', empty = "", odd = "x\27", on = true } }
    assert.equal('lr=0.30000000000000004 n=3 note="a ""b""" empty="" on=true', sweep_folder.label({ "lr", "n", "note", "empty", "on" }, entry, false))
    assert.equal('toy odd="x\\x1b"', sweep_folder.label({ "odd" }, entry, true))
  end)

  it("keeps its number in sweep.json while its script is the same", function()
    local sweep <const> = { path = folder, keys = { "lr" }, arguments = { "a" }, scripts = { { path = "x.lua", hash = "h", code = {} } } }
    local function tasks(...)
      sweep.tasks = {}
      for i, name in ipairs { ... } do sweep.tasks[i] = { script = "x.lua", experiment = "x", config = { lr = i }, changed = { lr = i },
        folder = name } end
    end
    local own <const> = { file = function(_, name) return folder .. "/" .. name end }
    local function written()
      local said <const> = assert(fm.json.decode(files.read(folder .. "/sweep.json")))
      local names = {}
      for i, run in ipairs(said.runs) do names[i] = ("%d %s"):format(run.index, run.folder) end
      return table.concat(names, ", "), said
    end
    tasks("00000001", "00000002")
    assert(sweep_folder.write(sweep, own, "fmrun"))
    local text, said = written()
    assert.same({ "1 00000001, 2 00000002", 1, "fmrun", { "a" }, { "lr" }, 2 }, { text, said.schema, said.command, said.arguments, said.keys,
      sweep.count })
    said.created = "2020"
    files.write(folder .. "/sweep.json", fm.json.encode(said))
    tasks("00000003", "00000002")
    assert(sweep_folder.write(sweep, own, "fmrun"))
    text, said = written()
    assert.same({ "1 00000001, 2 00000002, 3 00000003", "2020", 3 }, { text, said.created, sweep.tasks[1].index })
    assert.same({ 2, 3 }, { sweep.tasks[2].index, sweep.count })
    sweep.scripts[1].hash = "other"
    assert(sweep_folder.write(sweep, own, "fmrun"))
    assert.equal("1 00000003, 2 00000002", (written()))
    local back <const> = sweep_folder.of_record("runs/toy/sweep-0a", select(2, written()))
    assert.same({ "runs", "toy/sweep-0a", "lr=1", "runs/toy/sweep-0a/00000003", "missing" }, { back.base, back.name, back.tasks[1].label,
      back.tasks[1].path, back.tasks[1].record.status })
  end)

  it("has a folder by its script, its swept keys and what is fixed, however they are written", function()
    local path <const> = folder .. "/toy.lua"
    files.write(path, "return 1")
    local script <const> = { path = path, experiment = { name = "toy" }, files = { { path = path, hash = "h" } } }
    local function described(changes, scripts, arguments)
      local plan <const> = { keys = { "n", "lr" }, fixed = { note = "x" }, runs = { { script = script, values = { lr = 1, n = 2 }, changed = { { "n",
        2 }, { "lr", 1 } } } } }
      for key, value in pairs(changes or {}) do plan[key] = value end
      return sweep_folder.describe(plan, scripts or { script }, "runs", arguments or {})
    end
    local sweep <const> = described()
    assert.truthy(sweep.name:find "^toy/sweep%-%x%x%x%x%x%x%x%x$", sweep.name)
    assert.same({ "runs/" .. sweep.name, "runs", { "n", "lr" }, 1 }, { sweep.path, sweep.base, sweep.keys, #sweep.tasks })
    local task <const> = sweep.tasks[1]
    assert.same({ "n=2 lr=1", { n = 2, lr = 1 }, path, "toy", "missing" }, { task.label, task.changed, task.script, task.experiment,
      task.record.status })
    assert.truthy(task.folder:find "^%x%x%x%x%x%x%x%x$")
    assert.equal(sweep.path .. "/" .. task.folder, task.path)
    assert.same({ path = path, code = { { path = path, hash = "h" } } }, { path = sweep.scripts[1].path, code = sweep.scripts[1].code })
    assert.equal(sweep.name, described({ keys = { "lr", "n" } }).name)
    for _, other in ipairs { described { keys = { "lr" } }, described { fixed = { note = "y" } }, described(nil, nil,
      { "a" }) } do assert.not_equal(sweep.name, other.name) end
    assert.not_equal(task.folder, described(nil, nil, { "a" }).tasks[1].folder)
    script.path = folder .. "/./toy.lua"
    assert.equal(sweep.name, described().name)
    script.files[1].hash = "other"
    local again <const> = described(nil, { script, script })
    assert.truthy(again.name:find "^sweep/sweep%-")
    assert.not_equal(task.folder, again.tasks[1].folder)
    assert.equal("toy n=2 lr=1", again.tasks[1].label)
  end)
end)

describe("what early stopping and cards refuse", function()
  it("is named", function()
    local early <const> = require "fm.run.early_stopping"
    for message, given in pairs { ["stop_when: metric: expected the name of a logged number, found 3"] = { metric = 3 },
      ["stop_when: patience: "] = { metric = "m", patience = 0 },
      ["stop_when: min_delta: "] = { metric = "m", min_delta = -1 }, ["stop_when: mode: "] = { metric = "m", mode = "least" } } do
      checks.raises_text(message, early.new, given)
    end
    local function card(changes)
      local made = { title = "t", source = "s", seeds = 1, data = function() end, protocol = { { "a", "b" } }, results = { { "w2", "l" } },
        rows = { { "r", {} } } }
      for key, value in pairs(changes) do made[key] = value end
      return fm.experiment { name = "toy", params = { n = 1 }, run = function() end, card = made }
    end
    for _, entry in ipairs { { 1, "l" }, { "w2", 1 }, 3 } do
      checks.raises_text('experiment: card: results[1]: expected { "name in the summary", "what it is" }', card, { results = { entry } })
    end
    for _, row in ipairs { { 1, {} }, { "r", 1 }, 3 } do
      checks.raises_text('experiment: card: rows[1]: expected { "name", { parameters }, result = { value, error } }', card, { rows = { row } })
    end
  end)
end)
