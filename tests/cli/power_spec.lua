-- A power cut loses what was not synced. What a run, a sweep and the commands write is synced in
-- the right order, by their calls; and a part of tests/kill/power.lua: what may be on the disk
-- after a power cut is made in a folder, and the run goes on there to the same bytes.
local stopping <const> = require "cli.stopping"
local kill <const> = stopping.root .. "/tests/kill/"
local recorded <const>, order <const> = dofile(kill .. "recorded.lua"), dofile(kill .. "order.lua")
local shell <const>, call <const>, read <const>, exists <const>, write <const>, experiment <const>, path <const> =
  stopping.shell, stopping.call, stopping.read, stopping.exists, stopping.write, stopping.experiment, stopping.path

-- the runtime of a sanitizer must be loaded first, and so must the shim
local it_records <const> = stopping.sanitized and function() end or it
local saves <const> = " --checkpoint-every 3 --keep-last 2 --threads 1"

describe("before a power cut", function()
  before_each(function()
    stopping.open()
    assert.equal(0, (shell(("mkdir d && cc -shared -fPIC -O1 -o shim.so %sshim.c -ldl"):format(kill))))
  end)
  after_each(stopping.close)

  --- Runs fmrun, and records its calls too.
  local function watched(code, arguments, environment)
    local ended, _, err = shell(("export FM_RUNS=d/runs %s; LD_PRELOAD=%s FM_FAULT_SYNC=skip FM_FAULT_RECORD=%s $FMRUN %s"):format(environment or "",
      path "shim.so", path "record", arguments))
    assert.equal(code, ended, err)
  end

  --- The calls so far were in order, and among them was each of these.
  local function in_order(...)
    local problems, made = order(recorded(path "record"), path "d")
    assert.same({}, problems)
    for _, name in ipairs { ... } do assert.truthy(made[name], name .. " is not among the calls") end
    return made
  end

  it_records("a run that is killed, stopped, and goes on has synced what it relies on, each file before its name, each name before the next step", function()
    local words = kill .. "tiny.lua --folder d/runs/there/mine" .. saves
    watched(137, words, "FM_STOP_AT=5 FM_STOP_BY=KILL")
    watched(75, words, "FM_STOP_AT=8")
    watched(0, words)
    watched(0, words)
    local made = in_order("ftruncate metrics.jsonl", "ftruncate log.txt", "ftruncate timing.jsonl", "mkdir mine", "mkdir of", "mkdir code",
      "renameat config.json", "renameat begin.txt", "renameat 4.npy", "renameat weights.safetensors", "renameat picture.png", "renameat sums.csv",
      "renameat line.csv", "renameat checkpoint.safetensors", "renameat checkpoint-best.safetensors", "renameat checkpoint-step-9.safetensors",
      "remove checkpoint-step-3.safetensors", "remove state.json", "remove checkpoint-1.safetensors")
    assert.truthy(made["renameat checkpoint-1.safetensors"] >= 2 and made["renameat checkpoint-2.safetensors"] >= 2)
    assert.truthy(made["renameat state.json"] >= 4 and made["renameat run.json"] >= 4)
    -- what a process finds there may be of one that was killed before it synced it
    assert.same({ code = 4, there = 4, frames = 2 }, { code = made["fsync code"], there = made["fsync there"], frames = made["fsync frames"] })
  end)

  it_records("a run has: what its script wrote itself, with the folder that it lies in, before it is called done", function()
    experiment("x.lua", [[
      local function write(name, mode, text)
        local file <close> = assert(io.open(run:path(name), mode))
        file:write(text)
      end
      write("own.txt", "w", "one")
      write("deep/er.txt", "w", "one")
      run:path "not-there.txt"
      run:save("ours.txt", "one") ]])
    watched(0, "-q x.lua --folder d/r")
    local made, done = in_order(), {}
    for _, one in ipairs(recorded(path "record")) do
      local text = one.call == "write" and one.bytes:find('"status":"done"', 1, true) and "done" or one.call .. " " .. one.path:sub(#path "d/r" + 2)
      done[#done + 1] = text
    end
    local text = table.concat(done, "\n")
    assert.truthy(text:find "fsync deep/er%.txt\nfsync deep\nfsync own%.txt\nfsync \n.*\ndone\n", text)
    assert.is_nil(made["fsync ours.txt"])
  end)

  it_records("a sweep has: its table, its runs, what is measured of one, and pages", function()
    experiment("x.lua", [[
      local w = fm.zeros(2, 2)
      run:keeps { w = w }
      for _ in run:steps(5) do w:copy(w + run.rng:normal(2, 2)) run:log { w = w[1][1] } end
      run:picture("points", fm.plot.scatter(w))
      run:picture("points.svg", fm.plot.scatter(w))
      run:pareto { field = function(x) return w:mean() - x end, x0 = run.rng:stream "noise":normal(4, 2), metric = function(x) return x:mean() end }]])
    watched(0, "-q -m -j 1 x.lua seed=1:2 steps=4" .. saves)
    watched(0, "-q pareto @-1")
    watched(0, "report @-1")
    in_order("renameat sweep.json", "renameat points.png", "renameat points.svg", "renameat pareto.json", "renameat pareto.csv", "renameat report.html")
  end)

  it_records("the prompt has: each line of its history, and the folder of a new one", function()
    write("script", "expect >\\_\ntype x = 1\\r\nexpect >\\_\ntype y = 2\\r\nexpect >\\_\ntype \\x04\n")
    local watch = ("export FM_HISTORY=%s LD_PRELOAD=%s FM_FAULT_RECORD=%s TERM=xterm; unset LOCPATH"):format(path "d/deep/h", path "shim.so", path "record")
    local code, out, err = shell(watch .. "; ${FMRUN%/*}/tests/terminal script $FMRUN -q")
    assert.equal(0, code, out .. err)
    local made = {}
    for _, one in ipairs(recorded(path "record")) do
      if one.path:sub(1, #path "d") == path "d" then made[#made + 1] = one.call .. " " .. one.path:match "[^/]*$" end
    end
    assert.same({ "mkdir deep", "fsync d", "open h", "write h", "fsync h", "fsync deep", "open h", "write h", "fsync h" }, made)
    assert.equal("x = 1\ny = 2\n", read "d/deep/h")
  end)
end)

describe("after a power cut", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("a sweep removes the checkpoints that were left of a run that is done, and leaves it alone otherwise", function()
    experiment("x.lua", "run:keeps { n = { 1 } } for _ in run:steps(3) do end")
    assert.equal(0, (call "-q -m -j 1 -o o x.lua seed=1:2"))
    local _, out = shell "ls -d o/x/sweep-*/*/run.json | head -n 1 | xargs dirname"
    local folder = out:match "[^\n]+"
    local record = read(folder .. "/run.json")
    local left <const> = { "/state.json", "/checkpoint-1.safetensors", "/checkpoint-2.safetensors" }
    for _, name in ipairs(left) do
      write(folder .. name, "left over")
      assert.equal(0, (call "-q -m -j 1 -o o x.lua seed=1:2"))
      assert.is_false(exists(folder .. name))
    end
    assert.equal(record, read(folder .. "/run.json"))
    assert.is_true(exists(folder .. "/checkpoint.safetensors"))
  end)

  it_records("a run and a sweep go on to the same bytes from any state that the disk may be in", function()
    assert.equal(0, (shell(("cc -shared -fPIC -O1 -o shim.so %sshim.c -ldl"):format(kill))))
    local code, out, err = shell(("cd %s && $FMRUN tests/kill/power.lua -- %s %s 100 1 12"):format(stopping.root, path "shim.so", path "power"))
    assert.equal(0, code, out .. err)
    assert.truthy(out:find("100 states (12 of sweeps)", 1, true) and out:find(" 0 said what is lost, 0 wrong", 1, true), out)
  end)
end)
