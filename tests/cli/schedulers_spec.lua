-- A sweep handed to real schedulers: GNU parallel, and a Slurm of one node that
-- the test starts for itself.
local fm <const> = require "fm"
local shell <const> = require "cli.shell"

local call <const>, toy <const> = shell.call, shell.here .. "/toy.lua"

local has <const> = shell.has

local function sweep_of(experiment)
  local parent = ("%s/runs/%s/"):format(shell.folder, experiment)
  local path = parent .. shell.names(parent, "^sweep%-")[1]
  return path, shell.json(path .. "/sweep.json")
end

--- An experiment "odd" that writes, sleeps and fails as its parameters say; n = 3 fails until there
--- is a file "mended".
local function write_odd()
  shell.write("odd.lua", [[
    local fm = require "fm"
    return fm.experiment { name = "odd", params = { n = 1, steps = 3, pause = 0.0 }, run = function(run, p)
      local model = fm.nn.linear(2, 2)
      local opt = fm.optim.adam(model, { lr = 0.1 })
      run:keeps { model = model, opt = opt }
      for _ in run:steps(p.steps) do
        run:log { loss = opt:step(function() return model(run.rng:normal(4, 2)):square():mean() end) }
        if p.pause > 0 then os.execute("sleep " .. p.pause) end
      end
      if p.n == 3 and not io.open "mended" then error "on purpose" end
      run:summary { loss = p.n / 8 }
    end }]])
end

describe("a sweep for a scheduler", function()
  before_each(function()
    shell.open()
    write_odd()
  end)
  after_each(shell.close)

  it("is a script on stdout and in its folder; what is done is left out", function()
    local code, out, err = call "--emit slurm -m odd.lua n=1:6"
    assert.equal(0, code, err)
    has(out, "#SBATCH --array=1-6\n", "#SBATCH --signal=B:USR1@120\n", "#SBATCH --requeue\n", "#SBATCH --chdir=" .. shell.folder .. "\n",
      'worker runs/odd/sweep-', ' --task "$task"', 'seq "$SLURM_ARRAY_TASK_ID" 1000 6')
    local path = sweep_of "odd"
    assert.equal(out, shell.read(path .. "/slurm.sh"))
    has(err, "6 runs of 6 to do\nnext: sbatch runs/odd/sweep-")
    assert.equal(0, (call "-q -m odd.lua n=2,5"))
    has(select(2, call "--emit slurm -m odd.lua n=1:6"), "#SBATCH --array=1,3-4,6\n")
    has(select(2, call "--emit slurm --checkpoint-every '1; touch x' -m odd.lua n=1:6"), "--task \"$task\" '--checkpoint-every=1; touch x' &")
    local many = select(2, call "--emit slurm -m odd.lua n=1:2300")
    has(many, "#SBATCH --array=1-1000\n", 'seq "$SLURM_ARRAY_TASK_ID" 1000 2300')
    local refused, _, message = call(("--emit slum -m %s seed=1,2"):format(toy))
    assert.equal(2, refused)
    has(message, '--emit: expected slurm or parallel, found "slum"; did you mean "slurm"?')
    call "-q -m odd.lua n=1"
    assert.equal(3, (call "--emit slurm -m odd.lua n=2,5"))
  end)

  it("is run by GNU parallel, which runs again what failed", function()
    if not os.execute "command -v parallel >/dev/null" then return pending "GNU parallel is not installed" end
    local code, _, err = shell.run(shell.fmrun .. " -q --emit parallel -j 2 -m odd.lua n=1:4 | sh")
    assert.equal(1, code, err)
    has(err, "on purpose")
    has(select(2, call "-n -m odd.lua n=1:4"), "002 n=2   (done)\n003 n=3   (failed)\n004 n=4   (done)\n")
    shell.write("mended", "")
    local path = sweep_of "odd"
    code, _, err = shell.run(("sh %s/parallel.sh"):format(path))
    assert.equal(0, code, err)
    has(select(2, call "-n -m odd.lua n=1:4"), "003 n=3   (done)\n")
    assert.equal(6, #shell.lines(shell.read(path .. "/parallel.log"))) -- a heading, four, and one again
    assert.equal(0, (shell.run(shell.fmrun .. " -q -o 'two words' --emit parallel -m odd.lua n=1,2 | sh"))) -- a path of two words
    has(select(2, call "-n -o 'two words' -m odd.lua n=1,2"), "001 n=1   (done)\n002 n=2   (done)\n")
  end)

  it("is run by Slurm: an array of tasks; a signal saves one, it is queued again and goes on", function()
    local code, out = shell.run(shell.here .. "/slurm_here start $PWD/slurm")
    if code == 77 then return pending(out) end
    local ok, problem = pcall(function()
      assert.equal(0, code, out)
      local environment = ("SLURM_CONF=%s/slurm/slurm.conf "):format(shell.folder)
      local wait <const> = "for i in $(seq 300); do [ -z \"$(squeue --noheader)\" ] && exit 0; sleep 0.1; done; squeue; exit 1"
      code, out = shell.run(("%s -q --emit slurm -m odd.lua n=1:4 | %s sbatch && export %s; %s"):format(shell.fmrun, environment, environment, wait))
      assert.equal(0, code, out)
      has(select(2, call "-n -m odd.lua n=1:4"), "001 n=1   (done)\n002 n=2   (done)\n003 n=3   (failed)\n004 n=4   (done)\n")
      has(shell.read(sweep_of "odd" .. "/slurm-3.log"), "odd.lua", "on purpose")

      code, out = shell.run(([=[export %s; job=$(%s -q -o slow --emit slurm -m odd.lua steps=30 pause=0.1 n=1:2 | sbatch --parsable)
        for i in $(seq 100); do [ $(ls slow/odd/sweep-*/*/metrics.jsonl 2>/dev/null | wc -l) = 2 ] && break; sleep 0.1; done
        scancel --batch --signal=USR1 ${job}_1; %s]=]):format(environment, shell.fmrun, wait))
      assert.equal(0, code, out)
      local slow = ("%s/slow/odd/"):format(shell.folder)
      slow = slow .. shell.names(slow)[1]
      local runs = shell.json(slow .. "/sweep.json").runs
      for i, resumed in ipairs { 1, 0 } do
        local run = shell.json(("%s/%s/run.json"):format(slow, runs[i].folder))
        assert.same({ "done", 30, resumed }, { run.status, run.steps, run.resumed })
      end
      has(shell.read(slow .. "/slurm-1.log"), "SIGUSR1 after step ", "goes on from step ")
    end)
    shell.run(shell.here .. "/slurm_here stop $PWD/slurm")
    if not ok then error(problem, 0) end
  end)
end)

it("leaves no tensors", function()
  collectgarbage()
  assert.equal(0, fm.live_bytes())
end)
