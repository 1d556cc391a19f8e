-- The run and its parameters as an experiment sees them: misuse is an error at its line, and a
-- message about an unknown name gives the nearest one.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, experiment <const>, exists <const>, record <const> = stopping.call, stopping.experiment, stopping.exists, stopping.record

--- Runs a body in an experiment; returns exit code, stdout, stderr.
local function run_body(body, params)
  experiment("x.lua", body, params)
  return call "-q x.lua --folder r"
end

describe("the run object", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("says at the script's line what is wrong with an argument, whichever it is", function()
    local code, out, err = run_body([[
      local spoilt = { number = 1.5, negative = -1, huge = 2 ^ 53, infinite = math.huge, nan = 0 / 0, string = "x", boolean = true, table = {},
        list = { 1, "x" }, strange = { [1.5] = 1 }, f = function() end, tensor = fm.zeros(3), empty = fm.zeros(0), rng = fm.rng(1),
        userdata = io.stdout, bytes = "caf\xe9", nested = { a = { b = print } } }
      local model = fm.nn.linear(2, 2)
      local picture = fm.plot.curve { loss = { 1, 2, 3 } }
      local methods = { log = { { loss = 1 } }, summary = { { w2 = 1 } }, keeps = { { model = model } }, checkpoints = { { every = 1 } },
        stop_when = { { metric = "m" } }, floor = { { loss = 1 }, { standard_error = 0.1 } },
        validation = { function() return 1 end, model }, picture = { "a", picture }, save = { "b.npy", fm.zeros(3) },
        path = { "c.txt" }, steps = { 0, function() end } }
      local function check(name, what, ...)
        local ok, message = pcall(run[name], run, ...)
        local text = not ok and type(message) == "string" and message:match "^x%.lua:%d+: (.*)$"
        local raw = text and (text:find "attempt to" or text:find "local '" or text:find "'?'" or text:find "bad argument" or text:find "\n")
        if not ok and (not text or raw or text:sub(1, #name) ~= name) then print(name, what, message) end
        return ok
      end
      local given = { every = 1, seconds = 1, keep_last = 1, best = "x", mode = "max" }
      for key in pairs(given) do
        for kind, value in pairs(spoilt) do check("checkpoints", key .. " " .. kind, { every = 1, [key] = value }) end
      end
      for key in pairs { metric = 1, patience = 1, mode = 1, min_delta = 1 } do
        for kind, value in pairs(spoilt) do check("stop_when", key .. " " .. kind, { metric = "m", [key] = value }) end
      end
      for key in pairs { metric = 1, spike = 1, patience = 1 } do
        for kind, value in pairs(spoilt) do check("stop_when", "spike, " .. key .. " " .. kind, { spike = 10, [key] = value }) end
      end
      local names = { "steps" }
      for name in pairs(methods) do if name ~= "steps" then table.insert(names, 1, name) end end -- what steps begins is a loop
      for _, name in ipairs(names) do
        local arguments = methods[name]
        if not check(name, "good", table.unpack(arguments)) then print(name, "good ones are refused") end
        for i = 1, #arguments do
          for kind, value in pairs(spoilt) do
            local given = table.move(arguments, 1, #arguments, 1, {})
            given[i] = value
            if not (name == "steps" and value == 2 ^ 53) then check(name, i .. " " .. kind, table.unpack(given, 1, #arguments)) end
          end
          local given = table.move(arguments, 1, #arguments, 1, {})
          given[i] = nil
          check(name, i .. " nil", table.unpack(given, 1, #arguments))
        end
        if name ~= "steps" then
          local n = #arguments + 1
          local given = table.move(arguments, 1, #arguments, 1, {})
          given[n] = 1
          if check(name, "one too many", table.unpack(given, 1, n)) then print(name, "one too many is accepted") end
        end
        local ok, message = pcall(run[name], table.unpack(arguments))
        if ok or not message:find("call it with a colon", 1, true) then print(name, "without a colon", message) end
      end
]])
    assert.equal("", out, err)
    assert.equal(0, code, err)
  end)

  it("refuses names that nobody knows, and fields that would be lost", function()
    for body, message in pairs {
      ["run:lgo { loss = 1 }"] = 'run: there is no "lgo"; did you mean "log"?',
      ["print(run.sead)"] = 'run: there is no "sead"; did you mean "seed"?',
      ["run.best = 3"] = "run: best cannot be set",
      ["run.step = 3"] = "run: step cannot be set",
      ["p.steps = 4000"] = "steps cannot be set to 4000: parameters are read only; set it in params, or on the command line: steps=...",
      ["run.config.steps = 7"] = "steps cannot be set to 7: parameters are read only",
      ["p.new = 5"] = "new cannot be set: parameters are read only, and there is none of that name; declare it in params, or use a local",
      ["p[1] = 5"] = "1 cannot be set: parameters are read only",
      ["fm.ode.solve(function(x) return x end, fm.ones(1, 1), p)"] = 'ode.solve: unknown option "seed"',
      ["print(p.step)"] = 'there is no parameter "step"; did you mean "steps"?',
      ["print(p.learning_rate or 3)"] = 'there is no parameter "learning_rate"',
    } do
      local code, _, err = run_body(body)
      assert.equal(1, code, body)
      assert.truthy(err:find("fmrun: x.lua:4: " .. message, 1, true), err)
      stopping.shell "rm -rf r"
    end
  end)

  it("gives parameters that can be walked, encoded and copied", function()
    local code, out, err = run_body([[
      local names, copy, kept = {}, {}, {}
      for name, value in pairs(p) do names[#names + 1], copy[name] = name, value end
      table.sort(names)
      for name, value in pairs(run.config) do kept[name] = value end
      local text = fm.json.encode(copy)
      print(table.concat(names, " "), text, #p, p[1], copy.nothing, run.config.lr, run.config.nothing)
      print(text == fm.json.encode(p), text == fm.json.encode(kept), fm.json.encode { run.config } == "[" .. text .. "]")
      run:summary(p)
      run:save("p.json", { p = p })
    ]], 'lr = 0.5, text = "a", names = true, n = 3, parameters = 1,')
    assert.equal(0, code, err)
    assert.equal('lr n names parameters seed steps text\t'
      .. '{"lr":0.5,"n":3,"names":true,"parameters":1,"seed":0,"steps":40,"text":"a"}\t0\tnil\tnil\t0.5\tnil\ntrue\ttrue\ttrue\n', out)
    assert.same(record "r".config, record "r".summary)
    assert.same({ p = record "r".config }, fm.json.decode(stopping.read "r/p.json"))
  end)

  it("refuses what a finalizer or a reference that was left asks of it once it is over, however it ended", function()
    for _, ending in ipairs { "", "error 'on purpose'" } do
      local code, out, err = run_body([[
        local step = run:steps(9)
        step()
        table.late = setmetatable({}, { __gc = function() -- when the process ends
          for name, arguments in pairs { log = { { loss = 1 } }, summary = { { x = 1 } }, save = { "t.txt", "a" }, print = { "late" }, path = { "a.png" },
            picture = { "p", { save = function() end } }, keeps = { { t = {} } }, steps = { 3 }, validation = { math.random }, flush = {} } do
            local ok, message = pcall(run[name], run, table.unpack(arguments))
            if ok or not message:find(name .. ": the run is over", 1, true) then io.write(name, " ", tostring(message), "\n") end
          end
          io.write(select(2, pcall(step)):match "steps: .*", " ", run.step, "\n")
        end })
      ]] .. ending)
      assert.equal(ending == "" and 0 or 1, code, err)
      assert.equal("steps: the run is over 1\n", out)
      assert.is_false(exists "r/metrics.jsonl")
      assert.is_nil(next(record "r".summary))
      assert.is_false(exists "r/t.txt")
      stopping.shell "rm -r r"
    end
  end)

  it("logs under any name but its own", function()
    local code, _, err = run_body [[
      for step in run:steps(3) do
        run:log { keys = step, texts = step + 0.5, lasts = "x", names = true, known = 1, n = 2, ["for"] = 3, ["a.b"] = 4, ["quote\""] = 5, ["line\n"] = 6,
          __index = 7, parts = 8, ["1"] = 9 }
        run:log { loss = step }
      end
      run:summary { keys = 1, step = 4, ["a b"] = 2, __index = "x" }]]
    assert.equal(0, code, err)
    local lines = stopping.read "r/metrics.jsonl"
    assert.truthy(lines:find('{"step":3,"1":9,"__index":7,"a.b":4,"for":3,"keys":3,"known":1,"lasts":"x","line\\n":6,"n":2,"names":true,"parts":8,'
      .. '"quote\\"":5,"texts":3.5}\n{"step":3,"loss":3}\n', 1, true), lines)
    assert.same({ keys = 1, step = 4, ["a b"] = 2, __index = "x" }, record "r".summary)
    for body, message in pairs {
      ["run:log { step = 9 }"] = 'log: the name "step" is the run\'s own',
      ["run:log { ['caf\\xe9'] = 9 }"] = "log: a name: expected UTF-8 text, byte 4 is E9",
      ["run:log { name = 'caf\\xe9' }"] = "log: name: expected UTF-8 text, byte 4 is E9",
      ["run:summary { name = 'caf\\xe9' }"] = "summary: name: expected UTF-8 text, byte 4 is E9",
      ["run:save('a.json', { { 'caf\\xe9' } })"] = "save: .json: expected UTF-8 text, byte 4 is E9",
      ["run:save('caf\\xe9.json', 1)"] = "save: the name of a file: expected UTF-8 text, byte 4 is E9",
    } do
      stopping.shell "rm -rf r"
      local failed, _, said = run_body(body)
      assert.equal(1, failed, body)
      assert.truthy(said:find(message, 1, true), said)
    end
  end)

  it("keeps its own files, however they are called, and leaves others to the script", function()
    local own = { "config.json", "./config.json", ".//config.json", "Config.JSON", "run.json", "state.json", "log.txt", "metrics.jsonl", "timing.jsonl",
      "lock", "checkpoint", "checkpoint.safetensors", "checkpoint-1.safetensors", "checkpoint-step-5.safetensors", "checkpoint-best.safetensors",
      "CHECKPOINT-1.safetensors", "report.html", ".fm-1-2.tmp", "log.txt/x.txt", "lock/x.txt", "checkpoint-1.safetensors/x.txt" }
    local outside = { "a/../config.json", "../x.txt", "/tmp/x.txt", "", ".", "a/", "a/.", "./" }
    local free = { "sub/config.json", "sub/checkpoint.safetensors", "my-config.json", "config.json.txt", "checkpoints/w.txt", "logs.txt", "a/./b.txt" }
    local function quoted(list) return '{ "' .. table.concat(list, '", "') .. '" }' end
    local code, out, err = run_body(([[
      for _, name in ipairs(%s) do
        local ok, message = pcall(function() return run:path(name) end)
        if ok or not message:find("is a file of the run itself; these are taken: config.json, run.json", 1, true) then print(name, message) end
      end
      for _, try in ipairs { function() run:save("config.json", {}) end, function() run:save("checkpoint", {}) end,
        function() run:save("./log.txt", "x") end, function() run:picture("checkpoint", fm.plot.curve { a = { 1, 2 } }) end } do
        local ok, message = pcall(try)
        if ok or not message:find("is a file of the run itself", 1, true) then print(message) end
      end
      for _, name in ipairs(%s) do
        local ok, message = pcall(function() return run:path(name) end)
        if ok or not message:find "expected the name of a file inside the run's folder" then print(name, message) end
      end
      for _, name in ipairs(%s) do
        local file = assert(io.open(run:path(name), "w"))
        file:close()
      end]]):format(quoted(own), quoted(outside), quoted(free)))
    assert.equal("", out, err)
    assert.equal(0, code, err)
    for _, name in ipairs(free) do assert.is_true(exists("r/" .. name), name) end
    assert.equal("done", record "r".status)
  end)

  it("does not let loops nest, nor ask inside of a loop for what a resume would not know", function()
    for body, message in pairs {
      ["for _ in run:steps(3) do for _ in run:steps(2) do end end"] = "steps: a loop of this run goes on; loops follow each other, they do not nest",
      ["for _ in run:steps(3) do run:keeps { a = {} } end"] = "keeps: call it before the loop",
      ["for _ in run:steps(3) do run:floor(1) end"] = "floor: call it before the loop",
      ["for _ in run:steps(3) do run:stop_when { metric = 'm' } end"] = "stop_when: call it before the loop",
      ["for _ in run:steps(3) do math.randomseed(3) end"] = "math.randomseed: call it before the loop",
      ["run:keeps { a = {} } for _ in run:steps(3) do fm.nn.seed(3) end"] = "seed: call it before the loop",
      ["for _ in run:steps(3) do run:checkpoints { every = 3 } end"] = "checkpoints: call it before the loop",
      ["local opt = fm.optim.sgd { fm.parameter(fm.ones(2)) } run:keeps { opt = opt } for _ in run:steps(3) do opt.lr = fm.optim.step {} end"] =
        "sgd: lr: a schedule that is set inside the loop is lost",
    } do
      stopping.shell "rm -rf r"
      local code, _, err = run_body(body)
      assert.equal(1, code, body)
      assert.truthy(err:find("fmrun: x.lua:4: " .. message, 1, true), err)
    end
  end)

  it("goes on after a loop whose coroutine died of an error", function()
    local code, out, err = run_body [[
      local co = coroutine.create(function() for step in run:steps(5) do if step == 3 then error "bad batch" end end end)
      print(coroutine.resume(co))
      for step in run:steps(4) do run:log { n = step } end
      print(run.step)]]
    assert.equal(0, code, err)
    assert.equal("false\tx.lua:4: bad batch\n7\n", out)
  end)

  it("gives layers their own modes back after a validation, also after an error, also in a coroutine", function()
    local code, out, err = run_body [[
      local drop = fm.nn.dropout(0.5)
      local model = fm.nn.sequential { drop, fm.nn.linear(2, 2) }
      drop.training = false
      local function modes() return tostring(model.training) .. " " .. tostring(drop.training) .. " " .. tostring(fm.is_recording()) end
      print(run:validation(function() return modes() end, model), modes())
      local function fails() return run:validation(function() error "in it" end, model) end
      print(pcall(fails))
      print(modes())
      print(coroutine.resume(coroutine.create(fails)))
      print(modes())]]
    assert.equal(0, code, err)
    assert.equal("false false false\ttrue false false\nfalse\tx.lua:9: in it\ntrue false false\nfalse\tx.lua:9: in it\ntrue false false\n", out)
  end)
end)
