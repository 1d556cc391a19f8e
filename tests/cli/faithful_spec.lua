-- A resumed run continues as if it had not stopped: values that a script set inside its loop are
-- there, files in the folder are those that were written, and numbers that are not finite reach no
-- checkpoint.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local shell <const>, call <const>, read <const>, write <const>, exists <const>, record <const>, experiment <const>, same <const>, path <const> =
  stopping.shell, stopping.call, stopping.read, stopping.write, stopping.exists, stopping.record, stopping.experiment, stopping.same, stopping.path

--- A body that stops itself after step p.at, calm when CALM is set.
local function stopped(body) return body:gsub("STOP", 'if step == p.at and not os.getenv "CALM" then kill(p.how) end') end

local stops <const> = 'at = 0, how = "TERM",'

--- Runs a body undisturbed, and stopped at a step and resumed; the folders must hold the same.
local function compare(body, steps, files)
  experiment("x.lua", stopped(body), stops)
  local code, _, err = call "-q x.lua --folder calm"
  assert.equal(0, code, err)
  for _, at in ipairs(steps) do
    shell "rm -rf r"
    assert.equal(75, (call("-q x.lua --folder r at=" .. at)))
    code, _, err = shell "CALM=1 $FMRUN -q resume r"
    assert.equal(0, code, err)
    same("calm", "r", files or { "metrics.jsonl", "checkpoint.safetensors" })
  end
end

describe("a run that goes on", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("has what was set inside the loop: rates, modes, fields of layers", function()
    compare([[
      local drop = fm.nn.dropout(0.5)
      local model = fm.nn.sequential { fm.nn.linear(2, 8), drop, fm.nn.linear(8, 1) }
      model.scale = 1
      local opt = fm.optim.adam(model, { lr = fm.optim.cosine { lr = 0.1, steps = 40 } })
      run:keeps { model = model, opt = opt }
      for step in run:steps(p.steps) do
        if step == 10 then opt.lr = 0.123456789 end
        if step == 15 then model:eval() end
        if step == 20 then drop.training, model.scale = true, 0.5 end
        local x = run.rng:normal(4, 2)
        run:log { loss = opt:step(function() return (model(x) * model.scale):square():mean() end), lr = opt:rate(), mode = model.training }
        STOP
      end]], { 5, 12, 17, 25 })
  end)

  it("has the loaders that its loops call by hand where they were", function()
    compare([[
      local x = fm.range(1, 30):reshape(30, 1)
      local kept = { n = 0 }
      run:keeps { kept = kept }
      local a, plain = fm.data.batches(x, 4, { rng = run.rng }), fm.data.batches(x, 7)
      local function sum_of(loader) return (loader() or loader()):sum() end
      local before = sum_of(a)
      for step in run:steps(15) do
        local all = 0
        if step % 4 == 0 then for rows in plain do all = all * 3 + rows:sum():item() end end
        run:log { a = sum_of(a), plain = sum_of(plain), all = all, before = before }
        STOP
      end
      local between = sum_of(a)
      local c = fm.data.batches(x, 4, { rng = run.rng, drop_last = true })
      for step, rows in run:steps(15, c) do
        run:log { a = sum_of(a), c = sum_of(c), rows = rows:sum(), between = between }
        STOP
        if step == 27 then break end
      end
      run:summary { a = sum_of(a), c = sum_of(c), plain = sum_of(plain) }]], { 1, 8, 15, 16, 23, 26 })
    assert.same(record "calm".summary, record "r".summary)
  end)

  it("has the schedule that was set between two loops", function()
    compare([[
      local w = fm.parameter(fm.ones(2))
      local opt = fm.optim.adam({ w }, { lr = 0.1 })
      run:keeps { w = w, opt = opt }
      local function train(steps)
        for step in run:steps(steps) do
          run:log { loss = opt:step(function() return (w - run.rng:normal(2)):square():sum() end), lr = opt:rate() }
          STOP
        end
      end
      train(10)
      opt.lr = fm.optim.linear { lr = 0.3, steps = 40 }
      train(10)
      opt.lr = 0.01
      train(10)]], { 4, 10, 15, 20, 27 })
  end)

  it("has the same loaders, points and layers made inside the loop, and the same validations", function()
    compare([[
      local x = fm.range(1, 30):reshape(30, 1)
      local kept = { n = 0 }
      run:keeps { kept = kept }
      local a, b = fm.data.batches(x, 4, { rng = run.rng:stream "batches" }), fm.data.batches(x, 4, { rng = run.rng:stream "batches" })
      local function another() return fm.data.batches(x, 4, { rng = run.rng:stream "batches" })():sum() end
      local first = { fm.data.moons { n = 3 }:sum(), fm.data.moons { n = 3 }:sum(), another() }
      for step, one in run:steps(p.steps, a) do
        local two = b() or b()
        run:log { one = one:sum(), two = (two * step):sum(), f1 = first[1], f2 = first[2], f3 = first[3] }
        if step % 5 == 0 then
          run:log { again = another(), once_more = another(), moons = fm.data.moons { n = 3 }:sum(), weights = fm.nn.linear(3, 3).weight:sum() }
          run:log { valid = run:validation(function(rng) return fm.data.batches(x, 4, { rng = rng })():sum() end) }
        end
        STOP
      end
      run:summary { after = another(), moons = fm.data.moons { n = 3 }:sum(), weights = fm.nn.linear(3, 3).weight:sum() }]], { 3, 12, 40 })
    assert.same(record "calm".summary, record "r".summary)
    local values = assert(fm.json.decode(read "calm/metrics.jsonl":match '[^\n]*again[^\n]*'))
    assert.are_not.equal(values.again, values.once_more)
    local valid = {}
    for value in read "calm/metrics.jsonl":gmatch '"valid":([%d.]+)' do valid[value] = true end
    assert.truthy(next(valid) and not next(valid, (next(valid))), "validations have the same batches")
  end)

  it("has the same flips and shifts of pictures, with a stream and without", function()
    compare([[
      local x, labels = fm.rng(1):normal(10, 1, 4, 4), fm.range(1, 10)
      local kept, rng = { n = 0 }, run.rng:stream "augment"
      run:keeps { kept = kept }
      for step, rows, of_labels in run:steps(p.steps, fm.data.batches(x, 4, { rng = run.rng:stream "batches", labels = labels })) do
        local a, b = fm.data.augment(rows, { flip = true, shift = 1, rng = rng }), fm.data.augment(rows, { flip = true, shift = 1 })
        local weights = fm.range(1, #rows * 16):reshape(#rows, 1, 4, 4)
        run:log { a = (a * weights):sum(), b = (b * weights):sum(), rows = (rows * weights):sum(), labels = of_labels:sum() }
        STOP
      end]], { 2, 17 })
    local values = assert(fm.json.decode(read "calm/metrics.jsonl":match "[^\n]+"))
    assert.are_not.equal(values.a, values.b)
    assert.are_not.equal(values.a, values.rows)
  end)

  it("has values and texts of any bytes that it keeps, and refuses parameters that config.json could not hold", function()
    compare([[
      local kept = { ["caf\xe9"] = "\xff\0", list = { "a", [3] = "\xe9" }, n = 0 }
      run:keeps { kept = kept }
      for step in run:steps(p.steps) do
        kept.n = kept.n + 1
        kept.list[kept.n % 4] = "s" .. string.char(kept.n + 200)
        run:log { n = kept.n, sum = #kept.list, text = (kept["caf\xe9"]:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) }
        STOP
      end]], { 7 })
    experiment("y.lua", "run:keeps { a = {} }", 's = "x",')
    local code, _, err = shell "$FMRUN -q y.lua --folder y s=$(printf 'caf\\351')"
    assert.equal(2, code)
    assert.truthy(err:find("s: expected UTF-8 text", 1, true), err)
    assert.is_false(exists "y")
    experiment("y.lua", "run:keeps { a = {} }", 's = "caf\\xe9",')
    code, _, err = call "-q y.lua --folder y"
    assert.truthy(code > 0)
    assert.truthy(err:find("parameter s: the default", 1, true) and err:find("must be UTF-8 text: byte 4 is E9", 1, true), err)
  end)

  it("is refused at the start when its record could not hold the path of its script or a word for it", function()
    local path = "the path of a script must be UTF-8 text, which the record of a run can hold: byte "
    local required = "the path of a file that a script requires must be UTF-8 text, which the record of a run can hold: byte "
    experiment("x.lua", "run:save('ran.txt', 'a')")
    shell "mkdir $(printf 'd\\351') && cp x.lua $(printf 'd\\351/x.lua') && cp x.lua $(printf 'x\\351.lua') && echo 'return 1' >$(printf 'b\\351.lua')"
    write("r.lua", 'require "b\xe9"\n' .. read "x.lua")
    local stock = ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' lua5.4"):format(stopping.root, stopping.root, os.getenv "FM_MODULE")
    for _, case in ipairs {
      { "$FMRUN -q $(printf 'x\\351.lua') --folder r", "fmrun: x\\xe9.lua: " .. path .. "2 is E9" },
      { "$FMRUN -q $(printf 'd\\351/x.lua') --folder r", path .. "2 is E9" },
      { "$FMRUN -q -m $(printf 'x\\351.lua') seed=1,2 -o r", path .. "2 is E9" },
      { stock .. " $(printf 'x\\351.lua') -q --folder r", path .. "2 is E9" },
      { "$FMRUN -q r.lua --folder r", required .. "4 is E9" },
      { "$FMRUN -q x.lua --folder r -- a $(printf 'w\\351')", "a word for a script must be UTF-8 text" },
    } do
      local code, _, err = shell(case[1])
      assert.equal(2, code, case[1] .. "\n" .. err)
      assert.truthy(err:find(case[2], 1, true), err)
      assert.is_false(exists "r")
    end
    shell "echo 'print(#arg[1])' >$(printf 'p\\351.lua')"
    assert.same({ 0, "2\n", "" }, { shell "$FMRUN $(printf 'p\\351.lua') $(printf 'w\\351')" }) -- a plain script has no record
  end)

  it("notices lines that were changed: takes the older checkpoint, or asks", function()
    experiment("x.lua", stopped [[
      local kept = { n = 0 }
      run:keeps { kept = kept }
      for step in run:steps(p.steps) do
        kept.n = kept.n + 1
        print("step", step)
        run:log { n = kept.n }
        STOP
      end]], 'at = 0, how = "KILL",')
    assert.equal(0, (call "-q x.lua --folder calm"))
    local function killed()
      shell "rm -rf r"
      assert.equal(137, (call "-q x.lua --folder r at=33 --checkpoint-every 10"))
    end
    local function change(name, at)
      local text = read("r/" .. name)
      write("r/" .. name, text:sub(1, at - 1) .. string.char(text:byte(at) ~ 1) .. text:sub(at + 1))
    end
    for _, name in ipairs { "metrics.jsonl", "log.txt" } do
      killed()
      local length = #read("r/" .. name)
      change(name, length) -- after the checkpoint: cut away
      local code, _, err = shell "CALM=1 $FMRUN -q resume r"
      assert.equal(0, code, err)
      same("calm", "r", { "metrics.jsonl", "log.txt" })

      killed()
      change(name, length * 25 // 33) -- between the two
      code, _, err = shell "CALM=1 $FMRUN resume r"
      assert.equal(0, code, err)
      assert.truthy(err:find("r/" .. name .. " is damaged: the digest of its first", 1, true), err)
      assert.truthy(err:find("going on from the older checkpoint, of step 20", 1, true), err)
      same("calm", "r", { "metrics.jsonl", "log.txt" })

      killed()
      change(name, 3) -- before both
      local before = read "r/state.json"
      code, _, err = shell "CALM=1 $FMRUN resume r"
      assert.equal(1, code)
      assert.truthy(err:find("r/" .. name .. " is damaged: the digest of its first", 1, true), err)
      assert.truthy(err:find("fmrun resume --force r goes on nevertheless, --anew begins again", 1, true), err)
      assert.equal(before, read "r/state.json")
      code, _, err = shell "CALM=1 $FMRUN -q resume --force r"
      assert.equal(0, code, err)
      same("calm", "r", { name == "log.txt" and "metrics.jsonl" or "log.txt" })
      assert.equal(#read("calm/" .. name), #read("r/" .. name))
    end
    killed()
    shell "rm r/metrics.jsonl"
    local code, _, err = shell "CALM=1 $FMRUN resume r"
    assert.equal(1, code)
    assert.truthy(err:find("r/metrics.jsonl holds 0 bytes, at step 30 it had", 1, true), err)
    assert.equal(0, (shell "CALM=1 $FMRUN -q resume --force r"))
  end)

  it("notices outputs that are gone or were changed", function()
    experiment("x.lua", stopped [[
      local kept = { n = 0 }
      run:keeps { kept = kept }
      run:save("first.txt", "one")
      for step in run:steps(p.steps) do
        kept.n = kept.n + 1
        if step % 10 == 0 then
          run:save("frames/" .. step .. ".txt", "at " .. step)
          run:picture("deep/down/latest", fm.plot.curve { loss = { 1, step } })
        end
        STOP
      end]], 'at = 0, how = "KILL",')
    assert.equal(0, (call "-q x.lua --folder calm"))
    local files = { "first.txt", "frames/10.txt", "frames/20.txt", "frames/30.txt", "frames/40.txt", "deep/down/latest.png" }
    local function killed()
      shell "rm -rf r"
      assert.equal(137, (call "-q x.lua --folder r at=33 --checkpoint-every 25"))
    end
    killed() -- latest.png is newer than the checkpoint: it will be written again
    write("r/frames/.fm-1-0.tmp", "left by a write")
    write("r/deep/down/.fm-12-3.tmp", "left by a write")
    local code, _, err = shell "CALM=1 $FMRUN -q resume r"
    assert.equal(0, code, err)
    same("calm", "r", files)
    assert.is_false(exists "r/frames/.fm-1-0.tmp")
    assert.is_false(exists "r/deep/down/.fm-12-3.tmp")
    for _, name in ipairs { "first.txt", "frames/10.txt", "deep/down/latest.png" } do
      killed()
      os.remove(path("r/" .. name))
      code, _, err = shell "CALM=1 $FMRUN -q resume r"
      assert.equal(1, code)
      assert.truthy(err:find(name .. " was written before, and is missing", 1, true), err)
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume --force r"))
    end
    for _, name in ipairs { "first.txt", "frames/10.txt" } do
      killed()
      write("r/" .. name, "changed")
      code, _, err = shell "CALM=1 $FMRUN -q resume r"
      assert.equal(1, code)
      assert.truthy(err:find(name .. " is damaged: its digest is", 1, true), err)
      assert.truthy(err:find("fmrun resume --force r goes on nevertheless, --anew begins again", 1, true), err)
      assert.equal("failed", record "r".status)
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume --force r"))
      assert.equal("done", record "r".status)
    end
  end)

  it("leaves nothing behind of writes that were cut off, when it is removed", function()
    experiment("x.lua", stopped [[
      run:keeps { a = {} }
      for step in run:steps(p.steps) do
        run:save("frames/deep/" .. step .. ".txt", "x")
        STOP
      end]], stops)
    assert.equal(75, (call "-q x.lua -o o at=3"))
    shell "touch o/x/*/frames/.fm-1-0.tmp o/x/*/frames/deep/.fm-12-3.tmp o/x/*/.fm-7-7.tmp"
    local code, _, err = call "rm -o o -f @-1"
    assert.equal(0, code, err)
    local _, left = shell "find o -type f"
    assert.equal("", left)
  end)

  it("says what a resume will do, also when nothing is kept", function()
    for body, words in pairs {
      ["for step in run:steps(p.steps) do STOP end"] = "nothing is kept (see run:keeps); to begin again: fmrun resume r\n",
      ["run:keeps { a = {} } if not os.getenv 'CALM' then kill(p.how) end"] = "no checkpoint was written yet; to begin again: fmrun resume r\n",
      ["run:keeps { a = {} } for step in run:steps(p.steps) do STOP end"] = "to go on: fmrun resume r\n",
    } do
      shell "rm -rf r"
      experiment("x.lua", stopped(body), stops)
      local code, _, err = call "x.lua --folder r at=3"
      assert.equal(75, code, err)
      assert.equal(words, err:match "[^\n]*resume r\n", err)
      assert.equal(0, (shell "CALM=1 $FMRUN -q resume r"))
    end
  end)
end)

describe("a gradient that is not finite", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("ends the run as diverged at its step; checkpoints hold finite numbers", function()
    experiment("x.lua", [[
      local w, v = fm.parameter(fm.tensor { 2, 1 }), fm.parameter(fm.ones(2))
      local first, second = fm.optim.sgd({ v }, { lr = 0.1 }), fm.optim[p.kind]({ w }, { lr = 0.1 })
      local ema = fm.optim.ema({ w }, { decay = 0.9 })
      run:keeps { w = w, v = v, first = first, second = second, ema = ema }
      run:checkpoints { every = 1, keep_last = 3 }
      local function loss(step)
        if step < 5 then return w:square():sum() end
        return (w * fm.tensor { 0, 1 }):sqrt():sum()
      end
      for step in run:steps(9) do
        first:step(function() return v:square():sum() end)
        local value
        if p.inside then
          coroutine.wrap(function() value = second:step(function() return loss(step) end, { clip = p.clip }) end)()
        else
          value = second:step(function() return loss(step) end, { clip = p.clip })
        end
        ema:update()
        run:log { mse = value }
      end]], 'kind = "adam", clip = 1.0, inside = false,')
    for _, words in ipairs { "", "kind=sgd", "kind=adamw clip=1e9 inside=true" } do
      shell "rm -rf r"
      local code, _, err = call("-q x.lua --folder r " .. words)
      assert.equal(1, code)
      assert.matches("^fmrun: x%.lua:%d+: %a+: the gradient of parameter 1 is %l+ at step 5; the step changed nothing\n$", err)
      assert.same({ "diverged", 5 }, { record "r".status, record "r".steps })
      assert.equal(4, #read "r/metrics.jsonl":gsub("[^\n]", ""))
      for _, name in ipairs { "checkpoint-1", "checkpoint-2", "checkpoint-step-4", "checkpoint-step-3" } do
        for key, tensor in pairs(assert(fm.load(path("r/" .. name .. ".safetensors")))) do
          assert.equal(0, (tensor * 0):sum():item(), name .. " " .. key)
        end
      end
      assert.equal(4, assert(fm.json.decode(read "r/state.json")).state.slots[1].step)
    end
  end)

  it("nor a loss, under whatever name it is logged: the line is written, and the run ends after its step", function()
    experiment("x.lua", [[
      local w = fm.parameter(fm.ones(2))
      local opt = fm.optim.adam { w }
      run:keeps { w = w, opt = opt }
      for step in run:steps(9) do
        local value = opt:step(function() return step == 5 and (w / 0):sum() or w:sum() end)
        if p.log then run:log { mse = value } end
      end]], "log = true,")
    for _, log in ipairs { true, false } do
      shell "rm -rf r"
      local code, _, err = call("-q x.lua --folder r --checkpoint-every 1 log=" .. tostring(log))
      assert.equal(1, code)
      assert.equal("fmrun: x.lua:8: adam: the loss is infinite at step 5; the step changed nothing\n", err)
      assert.same({ "diverged", 5 }, { record "r".status, record "r".steps })
      if log then assert.truthy(read "r/metrics.jsonl":find('{"step":5,"mse":"inf"}\n', 1, true)) end
      assert.equal(4, assert(fm.json.decode(read "r/state.json")).state.slots[1].step)
    end
  end)
end)
