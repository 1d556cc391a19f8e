-- The code and data that a run's numbers came from, and the messages when these have changed.
local fm <const> = require "fm"
local code <const> = require "fm.run.code_files"
local origin <const> = require "fm.run.origin"
local reads <const> = require "fm.run.data_files"

local file <const> = fm.file

describe("the origin of a run", function()
  local start <const> = fm.live_bytes()
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(file.mkdir_new(folder))
  end)

  after_each(function()
    file.on_read(nil)
    os.execute("rm -rf " .. folder)
  end)

  local function write(name, text)
    assert(file.write(folder .. "/" .. name, text))
    return folder .. "/" .. name
  end

  it("has every file that a loader reads, once, with the digest it had; not the run's own", function()
    local path, text = folder .. "/a.npy", write("b.txt", "some words")
    assert(fm.npy.save(path, fm.ones(2)))
    assert(file.mkdir_new(folder .. "/run"))
    write("run/own.txt", "mine")
    local files, unwatch = reads.watch(folder .. "/run")
    assert(fm.npy.load(path))
    assert(fm.npy.load(path))
    assert(fm.data.text(text))
    assert(file.read(folder .. "/run/own.txt"))
    assert.is_nil(file.read(folder .. "/none"))
    unwatch()
    assert(file.read(write("c.txt", "")))
    assert.same({ { path = path, hash = file.hash_file(path) }, { path = text, hash = file.hash "some words" } }, reads.list(files))
  end)

  it("sums up a folder of which many files were read, and keeps what an earlier process read", function()
    local files, unwatch = reads.watch "/nowhere"
    for i = 1, 70 do assert(file.read(write(("%02d.txt"):format(i), tostring(i)))) end
    unwatch()
    local list = reads.list(files)
    assert.equal(1, #list)
    assert.same({ folder .. "/", 70 }, { list[1].path, list[1].files })
    local later, unwatch_later = reads.watch "/nowhere"
    assert(file.read(folder .. "/01.txt"))
    unwatch_later()
    reads.carry(later, list)
    assert.same(list, reads.list(later))
  end)

  it("has a file that is called folders, too", function()
    local files = {}
    local list = { { path = "a/", files = 70, hash = "1" }, { path = "folders", hash = "2" } }
    reads.carry(files, list)
    assert.same(list, reads.list(files))
  end)

  it("has the Lua files that were required, fm's left out", function()
    local files, path = {}, package.path
    write("near.lua", "return 1")
    package.path = folder .. "/?.lua;" .. path
    local unwatch = code.watch(files)
    package.loaded["fm.data.rings"], package.loaded.near = nil, nil
    assert(require "near" and require "fm.data.rings")
    unwatch()
    package.path, package.loaded.near = path, nil
    assert.same({ { path = folder .. "/near.lua", hash = file.hash "return 1" } }, code.list(files))
  end)

  it("is compared, and each difference named with both digests", function()
    local script, data = write("x.lua", "return 1"), write("d.txt", "data")
    local files, read = {}, {}
    code.add(files, script)
    reads.carry(read, { { path = data, hash = file.hash "data" } })
    local past = origin.now({ code = files, data = read }, { lr = 0.1, path = "linear" })
    assert.same({}, origin.differences(past, { lr = 0.1, path = "linear" }))
    write("x.lua", "return 2")
    os.remove(data)
    local expected = {
      ("%s: was %s, is now %s"):format(script, file.hash "return 1", file.hash "return 2"), "config: lr was 0.1, is now 0.2",
      "config: seed was nil, is now 1", ("%s: was %s, is now missing"):format(data, file.hash "data"),
    }
    local found = origin.differences(past, { lr = 0.2, seed = 1, path = "linear" })
    table.sort(expected)
    table.sort(found)
    assert.same(expected, found)
  end)

  it("leaves no tensor behind", function()
    collectgarbage()
    assert.equal(start, fm.live_bytes())
  end)
end)

describe("files", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  it("are cut, but never made longer", function()
    assert(file.write(path, "0123456789"))
    assert.is_true(file.cut(path, 10))
    assert.is_true(file.cut(path, 4))
    assert.equal("0123", file.read(path))
    local ok, message = file.cut(path, 5)
    assert.is_nil(ok)
    assert.equal(path .. ": holds 4 bytes, expected at least 5", message)
    assert.is_nil(file.cut(path .. ".none", 0))
  end)

  it("have room, or not, and leave nothing behind", function()
    local folder = path:match "^(.*)/"
    assert.is_true(file.has_room(folder, 1 << 16))
    local ok, message = file.has_room(folder, math.maxinteger)
    assert.is_nil(ok)
    assert.truthy(message:find(folder .. ": cannot write", 1, true))
    assert.is_nil(file.has_room(path .. "/none", 1))
  end)
end)

describe("a stream", function()
  it("goes on from its step and its calls", function()
    local a, b = fm.rng(3, "x"):at(5), fm.rng(3, "x")
    a:number()
    a:number()
    assert.same({ 5, 2 }, { a:step(), a:calls() })
    assert.equal(a:number(), b:at(5, 2):number())
    assert.equal(0, a:at(6):calls())
  end)
end)

describe("signals", function()
  local system <const> = fm.system

  local function send(name)
    io.popen(("kill -%s %d"):format(name, (system.process()))):close()
  end

  after_each(function() system.catch_signals(nil) end)

  it("are told between two instructions, with their count, and may raise", function()
    local told = {}
    system.catch_signals(function(name, count) told[#told + 1] = name .. count end)
    send "USR1"
    send "USR1"
    send "TERM"
    for _ = 1, 100 do system.heed_signals() end
    assert.same({ "USR11", "USR12", "TERM1" }, told)
    system.catch_signals(function(name) error("got " .. name, 0) end)
    local ok, message = pcall(function()
      send "INT"
      while true do end
    end)
    assert.same({ false, "got INT" }, { ok, message })
  end)

  it("reach a solve in a coroutine", function()
    system.catch_signals(function(name) error("got " .. name, 0) end)
    local calls = 0
    local ok, message = coroutine.resume(coroutine.create(function()
      fm.ode.solve(function(x)
        calls = calls + 1
        if calls == 3 then send "TERM" end
        return x
      end, fm.ones(2), { method = "euler", steps = 1000 })
    end))
    assert.same({ false, "got TERM" }, { ok, message })
    assert.truthy(calls < 1000)
  end)
end)
