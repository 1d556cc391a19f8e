-- The two slots and the state of a checkpoint: damage is found, wherever it is.
local fm <const> = require "fm"
local checkpoint <const> = require "fm.run.checkpoint"
local folders <const> = require "fm.run.folder"

describe("checkpoints", function()
  local start <const> = fm.live_bytes()
  local origin_then <const> = { code = {}, data = {}, library = {}, config = {}, program = "p", blas_core = "b", real = fm.real }
  local path, folder, run

  before_each(function()
    path = os.tmpname()
    os.remove(path)
    folder = assert(folders.at(path))
    run = { folder = folder, seed = 7, name = "x", loop = { step = 0, ends = {} }, saving = { slots = {}, kept = { w = fm.zeros(3), t = { n = 0 } } } }
  end)

  after_each(function()
    folder.lock:release()
    os.execute("rm -rf " .. path)
    run = nil
  end)

  --- Writes the checkpoint of step n, whose w is all n.
  local function write(n)
    run.loop.step, run.saving.kept.t.n = n, n
    run.saving.kept.w:fill(n)
    folder:add_line("metrics.jsonl", ('{"step":%d}'):format(n))
    checkpoint.write(run, { step = n, loop = 1, loops = {}, stops = {}, seconds = 0, summary = { n = n } }, origin_then)
  end

  local function read_bytes(name)
    local file <close> = assert(io.open(path .. "/" .. name, "rb"))
    return file:read "a"
  end

  local function write_bytes(name, bytes)
    local file <close> = assert(io.open(path .. "/" .. name, "wb"))
    file:write(bytes)
  end

  local function flipped(bytes, i)
    return bytes:sub(1, i - 1) .. string.char(bytes:byte(i) ~ 1 << (i % 8)) .. bytes:sub(i + 1)
  end

  it("are written in turn, the newest first; each is what was kept then", function()
    for n = 1, 5 do write(n) end
    local slot, origin, problems = checkpoint.find(folder)
    assert.same({ 5, 1, 5 * #'{"step":1}\n', {} }, { slot.step, slot.slot, slot.lengths["metrics.jsonl"], problems })
    assert.same(origin_then, origin)
    assert.equal(4, run.saving.slots[2].step)
    assert.equal(4, run.saving.slots[2].summary.n)
    local tensors, values = checkpoint.load(folder, slot)
    assert.same({ { 5, 5, 5 }, 5 }, { tensors.w:totable(), values.t.sn })
    checkpoint.clear(folder)
    assert.is_nil((checkpoint.find(folder)))
    assert.equal(0, folder:lengths({ "checkpoint-1.safetensors" })["checkpoint-1.safetensors"])
  end)

  it("that were never written whole are not lost: a kill or a power cut in the first one is told from a state that is missing", function()
    local save <const> = fm.save
    fm.save = function() error "killed" end
    assert.is_false((pcall(write, 1)))
    fm.save = save
    local slot, origin, problems = checkpoint.find(folder)
    assert.is_nil(slot)
    assert.same({ origin_then, {} }, { origin, problems })
    write_bytes("checkpoint-1.safetensors", "the file, without a state that names it")
    assert.same({}, (select(3, checkpoint.find(folder))))
    assert(os.remove(path .. "/state.json"))
    assert.truthy(select(3, checkpoint.find(folder))[1]:find("state.json, which says what the checkpoints hold, is missing", 1, true))
    write(2)
    assert.equal(2, checkpoint.find(folder).step)
  end)

  it("with any byte of the newest changed, or cut off anywhere, give way to the older", function()
    write(1)
    write(2)
    local name = "checkpoint-2.safetensors"
    local bytes = read_bytes(name)
    for i = 1, #bytes do
      write_bytes(name, flipped(bytes, i))
      local slot, _, problems = checkpoint.find(folder)
      assert(slot and slot.step == 1 and problems[1]:find(name .. " is damaged", 1, true), "byte " .. i)
    end
    for i = 0, #bytes - 1, 7 do
      write_bytes(name, bytes:sub(1, i))
      assert(checkpoint.find(folder).step == 1, "cut at " .. i)
    end
    write_bytes(name, bytes)
    assert.equal(2, checkpoint.find(folder).step)
  end)

  it("are not trusted when any byte of the state has changed", function()
    write(1)
    write(2)
    local bytes, missed = read_bytes "state.json", 0
    for i = 1, #bytes - 1 do -- the last is the line's end
      write_bytes("state.json", flipped(bytes, i))
      local slot, _, problems = checkpoint.find(folder)
      if slot or #problems == 0 then missed = missed + 1 end
    end
    assert.equal(0, missed)
  end)

  it("whose lines are gone give way too", function()
    write(1)
    write(2)
    assert(fm.file.cut(path .. "/metrics.jsonl", 15))
    local slot, _, problems = checkpoint.find(folder)
    assert.equal(1, slot.step)
    assert.truthy(problems[1]:find("metrics.jsonl holds 15 bytes, at step 2 it had 22", 1, true), problems[1])
  end)

  it("take no more room than was asked for", function()
    run.saving.kept.big = fm.zeros(1000)
    local asked = checkpoint.size(run)
    write(1)
    local size = #read_bytes "checkpoint-1.safetensors"
    assert.truthy(size <= asked and asked < size + 8192, ("%d bytes, asked for %d"):format(size, asked))
  end)

  it("tell other tools the plain values, and tensors of one number", function()
    run.saving.kept = { w = fm.ones(3), t = { n = 7, x = 0.1, text = "a", yes = true, inner = { 1 }, one = fm.full(1, 2):mean(), half = fm.full(1, 0.5):mean(),
      row = fm.ones(1) }, plain = fm.full(1, 3):mean() }
    run.loop.step, run.loop.ends = 5, { 2, 5 }
    checkpoint.save(run, "x.safetensors")
    local tensors, metadata = fm.load(path .. "/x.safetensors")
    assert.same({ ["t.half"] = 0.5, ["t.one"] = 2, ["t.row"] = { 1 }, w = { 1, 1, 1 }, plain = 3 }, (function()
      local found <const> = {}
      for name, tensor in pairs(tensors) do found[name] = tensor:totable() end
      return found
    end)())
    metadata["fm.values"] = nil
    assert.same({ ["fm.experiment"] = "x", ["fm.seed"] = "7", ["fm.step"] = "5", ["fm.loops"] = "[2,5]", ["t.n"] = "7", ["t.x"] = "0.10000000000000001",
      ["t.text"] = "a", ["t.yes"] = "true", ["t.one"] = "2", ["t.half"] = "0.5" }, metadata)
    assert.is_true(checkpoint.is_left(path) == false)
    write(1)
    assert.is_true(checkpoint.is_left(path))
  end)

  it("take no more room than was asked for, whatever they hold", function()
    local function asked_and_written()
      local asked = checkpoint.size(run)
      write(1)
      return asked, #read_bytes "checkpoint-1.safetensors"
    end
    for i = 1, 3000 do run.saving.kept.t[i] = i / 7 end -- values, no tensors
    local asked, size = asked_and_written()
    assert.truthy(size <= asked and asked < 3 * size, ("%d bytes, asked for %d"):format(size, asked))
    run.saving.kept.t = { n = 0 }
    for i = 1, 300 do run.saving.kept.t[("a long name of a tensor, number %d"):format(i)] = fm.zeros(1) end
    asked, size = asked_and_written()
    assert.truthy(size <= asked and asked < 3 * size, ("%d bytes, asked for %d"):format(size, asked))
  end)

  it("give their bytes back", function()
    run = nil
    collectgarbage()
    assert.equal(start, fm.live_bytes())
  end)
end)
