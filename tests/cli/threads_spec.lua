-- How many threads a run gets, and how many runs of a sweep go at a time.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"
local cores <const> = (require "fm.run.cores"())

local call <const>, has <const>, toy <const> = shell.call, shell.has, shell.here .. "/toy.lua"
local on_one_core <const> = "taskset -c " .. (io.popen "taskset -pc $$ | grep -o '[0-9]*' | tail -1":read "l") .. " "

--- The path of the one folder of the experiment in a folder of runs.
local function only(runs)
  local parent = ("%s/%s/toy/"):format(shell.folder, runs)
  local names = shell.names(parent)
  assert.equal(1, #names)
  return parent .. names[1]
end

local function threads_and_cores(path)
  local record = shell.json(path .. "/run.json")
  return { record.threads, record.cores }
end

--- Threads and cores of the run that these words make.
local function of_run(words, before)
  os.execute("rm -rf " .. shell.folder .. "/one")
  local code, _, err = shell.run(("%s%s -q -o one %s %s steps=1"):format(before or "", shell.fmrun, toy, words))
  assert.equal(0, code, err)
  return threads_and_cores(only "one")
end

--- What a sweep of four runs says of itself, and the threads of its runs.
local function of_sweep(words, before)
  os.execute("rm -rf " .. shell.folder .. "/many")
  local code, _, err = shell.run(("%s%s -o many -m %s %s steps=1 seed=1:4"):format(before or "", shell.fmrun, words, toy))
  assert.equal(0, code, err)
  local path, threads = only "many", nil
  for _, run in ipairs(shell.json(path .. "/sweep.json").runs) do
    local found = threads_and_cores(path .. "/" .. run.folder)[1]
    assert.equal(threads or found, found)
    threads = found
  end
  return err:match "4 runs, (%d+ parallel x %d+ thread)", threads
end

describe("threads", function()
  before_each(shell.open)
  after_each(shell.close)

  it("of one run are all cores, of the affinity mask, unless it says", function()
    assert.same({ cores, cores }, of_run "")
    assert.same({ cores, cores }, of_run "--threads auto")
    assert.same({ 1, cores }, of_run "--threads 1")
    assert.same({ 3, cores }, of_run "--threads=3")
    assert.same({ 1, 1 }, of_run("", on_one_core))
    assert.same({ 1, 1 }, of_run("--threads auto", on_one_core))
    assert.same({ 2, 1 }, of_run("--threads 2", on_one_core))
  end)

  it("of statements and plain scripts are as many, and none starts before there is work", function()
    local chunk <const> = [['io.write(require "fm".system.threads(), " ", io.open "/proc/self/status":read "a":match "Threads:%s*(%d+)")']]
    assert.equal(cores .. " 1", (select(2, call("-e " .. chunk))))
    assert.equal("4 1", (select(2, call("--threads 4 -e " .. chunk))))
    shell.write("plain.lua", "io.write(require 'fm'.system.threads())")
    assert.equal(tostring(cores), (select(2, call "plain.lua")))
    assert.equal("1", (select(2, shell.run(on_one_core .. shell.fmrun .. " plain.lua"))))
  end)

  it("under stock lua are one, unless it says", function()
    local stock = ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' OPENBLAS_NUM_THREADS=1 lua5.4 %s -q -o "):format(lfs.currentdir(),
      lfs.currentdir(), assert(os.getenv "FM_MODULE"), toy)
    for runs, words in pairs { plain = "", auto = " --threads auto" } do
      assert.equal(0, (shell.run(stock .. runs .. words .. " steps=1")))
      assert.same({ 1, cores }, threads_and_cores(only(runs)))
    end
    assert.equal(0, (shell.run(stock .. "two --threads 2 steps=1")))
    assert.same({ 2, cores }, threads_and_cores(only "two"))
  end)

  it("times jobs are never more than the cores, unless both are asked for", function()
    local function expect(words, jobs, threads, before)
      assert.same({ ("%d parallel x %d thread"):format(math.min(jobs, 4), threads), threads }, { of_sweep(words, before) }, words)
    end
    expect("", cores, 1)
    expect("--threads auto", cores, 1)
    expect("-j auto --threads auto", cores, 1)
    expect("--threads 1", cores, 1)
    expect("--threads 2", math.max(1, cores // 2), 2)
    expect("-j auto --threads 2", math.max(1, cores // 2), 2)
    expect("--threads " .. 2 * cores, 1, 2 * cores)
    expect("-j 3", 3, 1)
    expect("-j 3 --threads auto", 3, 1)
    expect("-j 3 --threads 2", 3, 2)
    expect("", 1, 1, on_one_core)
    expect("--threads 2", 1, 2, on_one_core)
    expect("-j 2", 2, 1, on_one_core)
  end)

  it("of workers, and in scripts for schedulers, are one, unless it says", function()
    for i, words in ipairs { "", "--threads 2", "--threads auto" } do
      local runs, threads <const> = "emit" .. i, words == "--threads 2" and 2 or 1
      local code, out = call(("-q -o %s -m --emit slurm %s %s steps=1 seed=1:4"):format(runs, words, toy))
      assert.equal(0, code)
      has(out, ("#SBATCH --cpus-per-task=%d\n"):format(threads))
      assert.equal(threads == 2, out:find("--threads", 1, true) ~= nil)
      has(select(2, call(("-q -o %s -m --emit parallel %s %s steps=1 seed=1:4"):format(runs, words, toy))), "--jobs " .. math.max(1, cores // threads))
      local path = only(runs)
      local folders = {}
      for j, run in ipairs(shell.json(path .. "/sweep.json").runs) do folders[j] = path .. "/" .. run.folder end
      for j, more in ipairs { "", "--threads 3", "--threads auto" } do
        assert.equal(0, (call(("worker -q %s --task %d %s"):format(path, j, more))))
        assert.same({ more == "--threads 3" and 3 or 1, cores }, threads_and_cores(folders[j]))
      end
      assert.equal(0, (call(("worker -q %s %s"):format(path, words)))) -- the last one, in a process of its own
      assert.same({ threads, cores }, threads_and_cores(folders[4]))
    end
  end)

  it("of a resumed run are those of now, and its bytes are the same", function()
    shell.write("slow.lua", [[
      local fm = require "fm"
      return fm.experiment { name = "toy", params = { steps = 6 }, run = function(run, p)
        local model = fm.nn.linear(300, 300)
        local opt = fm.optim.adam(model, { lr = 0.1 })
        run:keeps { model = model, opt = opt }
        for step in run:steps(p.steps) do
          run:log { loss = opt:step(function() return model(run.rng:normal(200, 300)):square():mean() end) }
          if step == 3 and os.getenv "STOP" then
            io.popen(("kill -TERM %d"):format((fm.system.process()))):close()
          end
        end
      end }]])
    assert.equal(0, (call "-q -o whole --threads 1 slow.lua"))
    local function bytes(path) return shell.read(path .. "/checkpoint.safetensors") .. shell.read(path .. "/metrics.jsonl") end
    for i, words in ipairs { { "--threads 1", "", cores }, { "", "--threads 1", 1 }, { "--threads 2", "--threads 3", 3 },
      { "--threads 4", "--threads auto", cores } } do
      assert.equal(75, (shell.run(("STOP=1 %s -q -o r%d %s slow.lua"):format(shell.fmrun, i, words[1]))))
      local path = only("r" .. i)
      assert.equal(0, (call(("resume -q %s %s"):format(words[2], path))))
      assert.same({ words[3], cores }, threads_and_cores(path))
      assert.is_true(bytes(only "whole") == bytes(path), words[1] .. words[2])
    end
  end)

  it("of a resumed sweep are one, unless it says", function()
    for i, words in ipairs { "", "--threads 2", "-j 3 --threads 2", "-j 1" } do
      assert.not_equal(0, (call(("-q -o s%d -m %s fail_at=2 steps=3 seed=1:4"):format(i, toy))))
      local _, _, err = call(("resume --anew %s %s"):format(words, only("s" .. i)))
      local threads = words:find "threads" and 2 or 1
      local jobs = tonumber(words:match "%-j (%d)") or math.min(4, math.max(1, cores // threads))
      has(err, ("%d parallel x %d thread"):format(jobs, threads))
    end
  end)

  it("are recorded, and shown beside the cores", function()
    assert.equal(0, (call("-q --threads 2 --folder a " .. toy .. " steps=1")))
    assert.equal(0, (call("-q --threads 1 --folder b " .. toy .. " steps=1")))
    has(select(2, call "show a"), "2 threads on ", ("(%d core%s)"):format(cores, cores == 1 and "" or "s"))
    assert.equal(0, (call "report a -o a.html"))
    has(shell.read(shell.folder .. "/a.html"), ('<th scope="row">threads</th><td>2</td></tr><tr><th scope="row">cores</th><td>%d</td>'):format(cores))
    local difference = assert(fm.json.decode((select(2, call "diff --json a b"))))
    assert.same({ threads = { a = 2, b = 1 } }, difference.environment)
  end)

  it("are refused in one sentence", function()
    for _, words in ipairs { "0", "257", "-1", "two", "1.5", "1e2", "0x2", "99999999999999999999" } do
      for _, place in ipairs { toy, "-m " .. toy .. " seed=1,2", "resume x", "worker x" } do
        local before, command = place:match "^(%l%S+)( .*)$"
        local code, _, err = call(("%s --threads=%s %s"):format(before or "", words, command or place))
        assert.equal(2, code)
        has(err, ('fmrun: --threads: expected a whole number in 1..256, or auto, found "%s"\n'):format(words))
      end
    end
  end)
end)
