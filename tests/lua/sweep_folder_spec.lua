-- The folder of a sweep: who has it, how its scripts are named, what is tidied up, and what is left
-- of runs that crashed. Its plan and its labels: run_parts_spec.lua.
local checks <const> = dofile "tests/lua/checks.lua"
local code_files <const> = require "fm.run.code_files"
local files <const> = dofile "tests/whole_files.lua"
local fm <const> = require "fm"
local folders <const> = require "fm.run.folder"
local lfs <const> = require "lfs"
local outcome_of <const> = require "fm.sweep.outcome"
local sweep_folder <const> = require "fm.sweep.folder"

describe("the folder of a sweep", function()
  local folder <const> = checks.own_folder(before_each, after_each)

  it("belongs to one fmrun, which the next one names", function()
    local own <const> = assert(sweep_folder.own(folder))
    local pid <const>, host <const> = fm.system.process()
    assert.equal(("fmrun (pid %d on %s)\n"):format(pid, host), files.read(folder .. "/lock"))
    assert.same({ nil, ("%s: fmrun (pid %d on %s) is at work on this sweep"):format(folder, pid, host) }, { sweep_folder.own(folder) })
    files.write(folder .. "/lock", "")
    assert.same({ nil, folder .. ": another process is at work on this sweep" }, { sweep_folder.own(folder) })
    own.lock:release()
    files.write(folder .. "/file", "")
    local none, message = sweep_folder.own(folder .. "/file")
    assert.is_nil(none)
    assert.truthy(message:find(folder .. "/file", 1, true) and not message:find("at work", 1, true), message)
    local open <const> = io.open
    for _, pair in ipairs { { { nil, "lock: read only" }, "lock: read only" }, { { { write = function() return nil end } }, folder .. "/lock: cannot be "
      .. "written" } } do
      local given <const> = setmetatable(pair[1][1] or {}, { __close = function() end })
      rawset(io, "open", function() if pair[1][1] then return given end return nil, pair[1][2] end)
      local results <const> = table.pack(pcall(sweep_folder.own, folder))
      rawset(io, "open", open)
      assert.same({ true, nil, pair[2] }, { results[1], results[2], results[3] })
      collectgarbage() -- the lock is free again
    end
  end)

  local function described(path, hash, base)
    local script <const> = { path = path, experiment = { name = "toy" }, files = { { path = path, hash = hash or "h" } } }
    return sweep_folder.describe({ keys = { "n" }, fixed = {}, runs = { { script = script, values = { n = 1 }, changed = { { "n", 1 } } } } }, { script },
      base or folder, {})
  end

  it("has one name for a script, however its path is written", function()
    local here <const> = lfs.currentdir()
    local name <const> = described("tests/lua/checks.lua").name
    assert.equal(name, described("./tests/../tests/lua/checks.lua").name)
    assert.equal(name, described(here .. "/tests/lua/checks.lua").name)
    assert.not_equal(name, described("tests/lua/sums_spec.lua").name)
    assert.not_equal(name, described("tests/lua/none.lua").name)
    local function hash8(value) return fm.file.hash(fm.json.encode(value)):sub(1, 8) end
    assert.equal("toy/sweep-" .. hash8 { { "tests/lua/checks.lua" }, { "n" }, {}, {} }, name)
    files.write(folder .. "/x.lua", "")
    assert.equal("toy/sweep-" .. hash8 { { require "luv".fs_realpath(folder) .. "/x.lua" }, { "n" }, {}, {} }, described(folder .. "/x.lua").name)
    assert.equal("toy/sweep-" .. hash8 { { "tests/lua/none.lua" }, { "n" }, {}, {} }, described("tests/lua/none.lua").name)
    local sweep <const> = described("tests/lua/checks.lua")
    local list <const> = { { path = "tests/lua/checks.lua", hash = "h" } }
    assert.same({ { path = "tests/lua/checks.lua", hash = code_files.digest(list), code = list } }, sweep.scripts)
    assert.equal(hash8 { config = { n = 1 }, code = list, arguments = {} }, sweep.tasks[1].folder)
  end)

  it("has another run when code has changed that the script requires while it runs", function()
    local more <const>, first <const> = folder .. "/more.lua", described("tests/lua/checks.lua")
    files.write(more, "return 1")
    local task <const> = first.tasks[1]
    assert(folders.make_parents(task.path))
    local hash <const> = fm.file.hash "return 1"
    files.write(task.path .. "/run.json", fm.json.encode { status = "done", experiment = "toy", code = { { path = more, hash = hash } } })
    assert.same({ task.folder, "done" }, { described("tests/lua/checks.lua").tasks[1].folder, described("tests/lua/checks.lua").tasks[1].record.status })
    local gone <const> = folder .. "/gone.lua"
    files.write(task.path .. "/run.json", fm.json.encode { status = "done", experiment = "toy", code = { { path = more, hash = hash }, { path = gone,
      hash = "ab" } } })
    local again <const> = described("tests/lua/checks.lua").tasks[1]
    assert.equal("missing", again.record.status)
    local list <const> = { { path = "tests/lua/checks.lua", hash = "h" } }
    local identity <const> = { before = { config = { n = 1 }, code = list, arguments = {} }, code = { { path = gone, hash = "gone" } } }
    assert.equal(fm.file.hash(fm.json.encode(identity)):sub(1, 8), again.folder)
  end)

  it("is rid of the checkpoints of runs that are done, and of no others", function()
    local tasks <const> = {}
    for i, status in ipairs { "done", "failed", "done", "done" } do
      local path <const> = ("%s/%d"):format(folder, i)
      assert(lfs.mkdir(path))
      if i ~= 3 then files.write(path .. "/state.json", "{}") end
      files.write(path .. "/checkpoint.safetensors", "")
      tasks[i] = { path = path, record = { status = status } }
    end
    files.write(tasks[1].path .. "/checkpoint-2.safetensors", "")
    local held <const> = assert(folders.at(tasks[4].path))
    sweep_folder.tidy(tasks)
    held.lock:release()
    local function names(i) return table.concat(require "fm.records.names_in"(tasks[i].path), " ") end
    assert.same({ "checkpoint.safetensors lock", "checkpoint.safetensors state.json", "checkpoint.safetensors", "checkpoint.safetensors lock state.json" },
      { names(1), names(2), names(3), names(4) })
    assert(folders.at(tasks[1].path)).lock:release() -- it was let go
  end)

  it("keeps the record of a run that crashed, unless it was over or another process has it", function()
    local path <const> = folder .. "/1"
    assert(lfs.mkdir(path))
    local function crashed(record, line)
      files.write(path .. "/run.json", fm.json.encode(record))
      files.write(path .. "/metrics.jsonl", line or "")
      local outcome <const> = outcome_of({ path = path, folder = "toy/1" }, { code = 0, signal = 11, seconds = 2, lines = {}, peak = 1024 * 1024 }, {
        timeout = "1s", saved = 75, stopped = false })
      return outcome.error, fm.json.decode(files.read(path .. "/run.json"))
    end
    local text, record = crashed({ status = "running", experiment = "toy" }, '{"step":3}\n')
    assert.same({ "killed by SIGSEGV after step 3, 1024 MB at most", "failed", "killed by SIGSEGV after step 3, 1024 MB at most", 3, 2 }, { text,
      record.status, record.error, record.steps, record.seconds })
    text, record = crashed({ status = "done", experiment = "toy" }, '{"step":"inf"}\n')
    assert.same({ "killed by SIGSEGV before its first record, 1024 MB at most", "done", nil }, { text, record.status, record.error })
    local held <const> = assert(folders.at(path))
    text, record = crashed { status = "running", experiment = "toy" }
    held.lock:release()
    assert.same({ "killed by SIGSEGV before its first record, 1024 MB at most", "running" }, { text, record.status })
  end)
end)
