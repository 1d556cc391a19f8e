-- One training of several processes, with a real mpirun on this machine: the same bytes as one
-- process gives, one writer, one end.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local has <const>, call <const> = shell.has, shell.call

-- mpirun refuses root, and more processes than cores, unless it is asked. OpenMPI keeps some memory
-- until the end, which a sanitizer would take for our leak.
local environment <const> = "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 "
  .. "OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none "
  .. "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0; "
local built <const> = lfs.attributes(shell.fmrun:gsub("[^/]*$", "") .. "fm/mpi.so") ~= nil
-- without a page about how the processes ended; later versions have no such option
local quiet <const> = os.execute "mpirun -q --version >/dev/null 2>&1" and "-q " or ""
local missing <const> = not os.execute "command -v mpirun >/dev/null" and "mpirun is not installed" or not built and "this build has no fm/mpi.so"

--- Runs n processes. Returns exit code, stdout, stderr.
local function mpirun(n, arguments, before)
  return shell.run(("%s%s timeout 120 mpirun %s-n %d %s %s"):format(environment, before or "", quiet, n, shell.fmrun, arguments))
end

--- The lines of stderr that are fmrun's: a version of MPI may have something to say as well.
local function own_lines(err)
  local list = {}
  for _, line in ipairs(shell.lines(err)) do
    if line:find "^fmrun: " then list[#list + 1] = line end
  end
  return list
end

local function bytes(name)
  local folder = shell.folder .. "/" .. name
  return shell.read(folder .. "/metrics.jsonl"), shell.read(folder .. "/checkpoint.safetensors")
end

local function same(name, other)
  local a, b = { bytes(name) }, { bytes(other) }
  assert(a[1] == b[1], ("metrics of %s and %s differ:\n%s\n%s"):format(name, other, a[1], b[1]))
  assert(a[2] == b[2], ("checkpoints of %s and %s differ"):format(name, other))
end

--- Everything that makes a step depend on others: a coupling within the batch, dropout, the norm of
--- the gradient, an average; batches that shares do not divide evenly, the last one of a round too
--- small to be cut; results beside the loss. STOP: the last rank gets a signal at that step.
local script <const> = [[
local fm = require "fm"
return fm.experiment { name = "deep", params = { steps = 23, own = false, fail = 0, late = 0 }, run = function(run, p)
  local x = fm.data.moons { n = 105, noise = 0.05, rng = run.rng:stream "data" }
  local model = fm.nn.sequential { fm.nn.linear(2, 24), fm.nn.activation.silu(), fm.nn.dropout(0.2), fm.nn.linear(24, 2) }
  local opt = fm.optim.adamw(model, { lr = 1e-2 })
  local average = fm.optim.ema(model, { decay = 0.9 })
  run:keeps { model = model, opt = opt, average = average }
  local stop = math.tointeger(tonumber(os.getenv "STOP" or ""))
  local last = run.rank == run.processes - 1
  for step, x1 in run:steps(p.steps, fm.data.batches(x, 50, { rng = run.rng:stream "batches" })) do
    local loss, rows, half
    if p.own then
      loss, half, rows = opt:step(function(share)
        local y = share(x1)
        if step == p.fail and last then error "on purpose" end
        local x0 = run.rng:normal(y:shape())
        local loss = fm.mse(model(x0), y - x0)
        return loss, loss:item() / 2, y
      end)
      assert((rows - x1):abs():max():item() == 0 and math.abs(half - loss / 2) < 1e-6)
    else
      loss = opt:step(function()
        return fm.flow.loss(function(x) return model(x) end, x1, { rng = run.rng, coupling = step % 2 == 0 and "ot" or "sinkhorn", time = "stratified" })
      end, { clip = 0.5 })
    end
    if step == p.late and last then run:agreed(step) end
    average:update()
    run:log { loss = loss, norm = opt.grad_norm or 0, luck = math.random(1000) }
    if step == stop and last then os.execute "kill -USR1 $PPID" end
  end
  print("end of rank", run.rank)
  run:save("rows.npy", x)
  run:summary { all = run:agreed(run.rank) + 1, processes = run:agreed(run.processes) }
end }
]]

describe("mpirun", function()
  before_each(function()
    shell.open()
    shell.write("deep.lua", script)
  end)
  after_each(shell.close)

  local function itm(name, f)
    it(name, function()
      if missing then return pending(missing) end
      f()
    end)
  end

  itm("gives the bytes of one process, for 1, 2, 3, 4 processes and their threads", function()
    for _, own in ipairs { "false", "true" } do
      local whole = "whole-" .. own
      assert.equal(0, (call(("-q --shares 8 deep.lua own=%s --folder %s"):format(own, whole))))
      for _, n in ipairs { 1, 2, 3, 4 } do
        for _, threads in ipairs(n == 2 and { 1, 2 } or { 1 }) do
          local name = ("n%d-%d-%s"):format(n, threads, own)
          local code, out, err = mpirun(n, ("-q --threads %d deep.lua own=%s --folder %s"):format(threads, own, name))
          assert.equal(0, code, err)
          assert.equal("end of rank\t0\n", out)
          same(whole, name)
          local record = shell.json(("%s/%s/run.json"):format(shell.folder, name))
          assert.same({ 8, n > 1 and n or nil, threads }, { record.shares, record.processes, record.threads })
          assert.equal(1, record.summary.all)
        end
      end
    end
    assert.same(shell.names(shell.folder .. "/whole-true"), shell.names(shell.folder .. "/n4-1-true"))
  end)

  itm("gives the same bytes for the experiments", function()
    local words <const> = { toy2d_moons = "steps=12 hidden=64 euler=2", image32_digits = "steps=3 hidden=64 euler=2 batch=60" }
    for experiment, more in pairs(words) do
      local path = lfs.currentdir() .. "/experiments/" .. experiment .. ".lua"
      for _, n in ipairs { 1, 2, 4 } do
        local code, _, err = mpirun(n, ("-q %s %s --folder %s-%d"):format(path, more, experiment, n))
        assert.equal(0, code, err)
        if n > 1 then same(experiment .. "-1", ("%s-%d"):format(experiment, n)) end
      end
    end
  end)

  itm("is nearly what a batch that is not cut gives", function()
    call "-q deep.lua own=false steps=1 --folder whole"
    call "-q deep.lua own=false steps=1 --shares 7 --folder cut"
    local function loss(name) return fm.json.decode(shell.read(("%s/%s/metrics.jsonl"):format(shell.folder, name))).loss end
    assert(math.abs(loss "whole" - loss "cut") < 1e-5, "the noise of a row depends on the shares")
  end)

  itm("stops all after the same step, saves once, exits with 75, and goes on with other processes", function()
    assert.equal(0, (call "-q --shares 8 deep.lua --folder whole"))
    local code, _, err = mpirun(2, "deep.lua --folder parts", "STOP=5")
    assert.equal(75, code, err)
    has(err, "SIGUSR1 after step 5", "to go on: fmrun resume parts")
    assert.equal("killed", shell.json(shell.folder .. "/parts/run.json").status)
    assert.equal(75, (shell.run("STOP=11 " .. shell.fmrun .. " -q resume parts")))
    assert.equal(75, (mpirun(4, "resume parts", "STOP=17")))
    code, _, err = mpirun(3, "resume parts --shares 4")
    assert.equal(1, code)
    has(err, "shares: were 8, are now 4")
    code, _, err = mpirun(3, "resume parts")
    assert.equal(0, code, err)
    has(err, "goes on from step 17")
    same("whole", "parts")
    has(select(3, mpirun(2, "resume parts")), "is done")
  end)

  itm("ends all when one fails, says it once, and with which rank", function()
    local code, _, err = mpirun(3, "deep.lua own=true fail=4 --folder fails")
    assert.equal(1, code, err)
    has(err, "rank 2: deep.lua:15: on purpose")
    assert.equal(1, select(2, err:gsub("on purpose", "")))
    local record = shell.json(shell.folder .. "/fails/run.json")
    assert.equal("failed", record.status)
    has(record.error, "rank 2: deep.lua:15: on purpose")
    shell.write("wrong.lua", "local fm = require 'fm'\nreturn fm.experiment { name = 'wrong', run = function() error 'alike' end }")
    code, _, err = mpirun(3, "wrong.lua")
    assert.equal(1, code)
    assert.equal(1, select(2, err:gsub("alike", "")))
    code, _, err = mpirun(2, "missing.lua")
    assert.equal(1, code)
    assert.same({ "fmrun: cannot open missing.lua: No such file or directory" }, own_lines(err))
  end)

  itm("says that processes took different decisions, instead of waiting for ever", function()
    local code, _, err = mpirun(2, "deep.lua late=4")
    assert.equal(1, code, err)
    has(err, "rank 1: it is at another place of the script than rank 0", "run:agreed")
  end)

  itm("refuses what does not fit", function()
    local code, _, err = mpirun(2, "deep.lua --shares 1")
    assert.equal(1, code)
    has(err, "2 processes, but a step's batch has 1 share", "--shares N")
    assert.equal(1, select(2, err:gsub("a step's batch", "")))
    code, _, err = mpirun(2, "deep.lua --shares 1 --folder fresh") -- in a folder that was chosen, too
    assert.equal(1, code)
    has(err, "2 processes, but a step's batch has 1 share")
    code, _, err = mpirun(2, "-m deep.lua steps=1,2")
    assert.equal(2, code)
    has(err, "mpirun is for one run of many processes")
    code, _, err = call "deep.lua --ranks 2"
    assert.equal(2, code)
    has(err, "--ranks goes with --emit slurm", "mpirun -n N fmrun SCRIPT")
    has(select(3, call "deep.lua --shares 0"), '--shares: expected a whole number >= 1, found "0"')
    shell.write("two.lua", [[local fm = require "fm"
      local w = fm.parameter(fm.ones(2))
      local opt = fm.optim.sgd({ w })
      return fm.experiment { name = "two", run = function(run) for _ in run:steps(1) do
        opt:step(function(share) return (share(fm.ones(9, 2)) * w):mean() + share(fm.ones(10)):mean() end) end end }]])
    code, _, err = call "two.lua --shares 4"
    assert.equal(1, code)
    has(err, "two.lua:5: share: the closure cuts a batch of 9 rows and one of 10 into 4 shares: expected as many rows, or multiples of 4")
  end)

  itm("says that a script without an experiment was done by all, and by one says nothing", function()
    shell.write("plain.lua", "print 'did'")
    local code, out, err = mpirun(2, "plain.lua")
    assert.equal(0, code)
    assert.same({ "fmrun: no script returned an experiment: each of the 2 processes has done all of it" }, own_lines(err))
    assert.truthy(out:find "did\n", out)
    code, out, err = mpirun(1, "plain.lua")
    assert.same({ 0, "did\n", {} }, { code, out, own_lines(err) })
  end)

  it("says what to install when fmrun has no MPI", function()
    assert(os.execute(("mkdir %s/bin && cp %s %s/bin/fmrun && ln -s %s/lua %s/lua"):format(shell.folder, shell.fmrun, shell.folder, lfs.currentdir(),
      shell.folder)))
    local code, _, err = shell.run "OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 bin/fmrun deep.lua"
    assert.equal(2, code, err)
    has(err, "mpirun started 2 processes to train one model, and this fmrun was built without MPI: install libopenmpi-dev and openmpi-bin")
    code, _, err = shell.run "OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1 bin/fmrun deep.lua"
    assert.same({ 1, "" }, { code, err }) -- rank 0 says it
    assert.equal(0, (shell.run "PMI_SIZE=1 PMI_RANK=0 bin/fmrun -q deep.lua steps=1 --folder srun"))
    assert.equal(nil, shell.json(shell.folder .. "/srun/run.json").shares)
  end)

  it("is what a script for Slurm calls with --ranks", function()
    local code, out, err = call "--emit slurm --ranks 4 --shares 12 -m deep.lua steps=2,3"
    assert.equal(0, code, err)
    has(out, "#SBATCH --ntasks=4\n", "\n    mpirun -n 4 ", ' --task "$task" --shares=12 &', "kill -USR1 $run' TERM")
  end)

  itm("does the run of a sweep that the script for Slurm names", function()
    local path = select(2, call "--emit slurm --ranks 4 --shares 12 -m deep.lua steps=2,3"):match "worker (runs/%S+) "
    local status, _, message = mpirun(2, ("worker %s --task 2"):format(path))
    assert.equal(0, status, message)
    has(select(3, mpirun(2, ("worker %s --task 2"):format(path))), "done before")
    has(select(2, call "-n -m deep.lua steps=2,3"), "002 steps=3   (done)\n")
  end)
end)

it("leaves no tensors", function()
  collectgarbage()
  assert.equal(0, fm.live_bytes())
end)
