-- Commands that look at runs, as a user calls them. FMRUN names the binary.
local fm <const> = require "fm"
local lfs <const> = require "lfs"

local fmrun <const> = assert(os.getenv "FMRUN", "FMRUN must name the binary under test")
local toy <const> = lfs.currentdir() .. "/tests/cli/toy.lua"
local folder

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

--- Runs fmrun in the test's folder; returns exit code, stdout, stderr.
local function call(arguments)
  local ok, how, code = os.execute(("cd %s && (%s %s) >out 2>err </dev/null"):format(folder, fmrun, arguments))
  assert(ok or how == "exit", how)
  return code, read(folder .. "/out"), read(folder .. "/err")
end

local function train(arguments)
  local code, _, err = call(("-q %s steps=3 %s"):format(toy, arguments or ""))
  assert.equal(0, code, err)
end

local function refused(arguments, wanted_code, message)
  local code, out, err = call(arguments)
  assert.equal(wanted_code, code)
  assert.equal("", out)
  assert.truthy(err:find(message, 1, true), err)
end

describe("fmrun COMMAND", function()
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end)
  after_each(function() os.execute("rm -rf " .. folder) end)

  it("is a file of its name; another word is refused with the nearest", function()
    local code, out = call "help"
    assert.equal(0, code)
    assert.truthy(out:find "\n  path +print the folder of a run")
    refused("hlep", 2, 'unknown command "hlep"; did you mean "help"?')
    refused("nothing", 2, 'unknown command "nothing"; see fmrun help, and a script')
    os.execute("touch " .. folder .. "/train.lua")
    refused("train", 2, 'unknown command "train"; did you mean "train.lua"?')
    refused("../path", 1, "cannot open ../path")
  end)

  it("prints its help, and refuses options it does not have", function()
    local code, out = call "path --help"
    assert.equal(0, code)
    assert.truthy(out:find("usage: fmrun path RUN\n", 1, true))
    assert.truthy(out:find("  -o, --runs DIR     folder of the runs", 1, true))
    assert.equal(out, (select(2, call "help path")))
    refused("path --rnus x", 2, 'path: unknown option "--rnus"; did you mean "--runs"?\ntry: fmrun path --help')
    refused("--threads 2 path x", 2, 'path: unknown option "--threads"')
    refused("path", 2, "path: expected one run, found 0 words")
  end)

  describe("path", function()
    it("prints the folder, options before and after", function()
      train()
      train "-o there"
      local code, out = call "path @-1"
      assert.equal(0, code)
      assert.truthy(out:find "^runs/toy/%d+%-%d+%-%x+\n$", out)
      assert.truthy(select(2, call "-o there path @-1"):find "^there/toy/")
      assert.truthy(select(2, call "path -othere toy"):find "^there/toy\n")
      refused("path @-2", 3, "fmrun: @-2: there are 1 runs in runs\n")
    end)
  end)

  describe("ls", function()
    before_each(function()
      train "seed=1 lr=1e-3"
      train "seed=2 lr=2e-3 note=long"
      call("-q " .. toy .. " steps=3 fail_at=2")
    end)

    it("shows status, changes and results, the newest last, without colour in a file", function()
      local code, out = call "ls"
      assert.equal(0, code)
      local rows = {}
      for row in out:gmatch "[^\n]+" do rows[#rows + 1] = row end
      assert.equal(4, #rows)
      assert.truthy(rows[1]:find "^RUN +STATUS +AGE +TIME +CHANGED +RESULTS$", rows[1])
      assert.truthy(rows[2]:find "^%x%x%x%x%x%x%x%x  done +%ds +%d.%ds  seed=1 steps=3 +lr=0.001 rest=inf steps=3$", rows[2])
      assert.truthy(rows[3]:find("lr=0.002 note=long seed=2 steps=3", 1, true), rows[3])
      assert.truthy(rows[4]:find "failed .* fail_at=2 steps=3 +toy.lua:6: add: shapes", rows[4])
      assert.falsy(out:find "\27")
      assert.truthy(select(2, call "ls --color always"):find("\27[31mfailed\27[0m", 1, true))
    end)

    it("chooses and sorts", function()
      local function seeds(arguments)
        local found = {}
        for row in select(2, call("ls --json " .. arguments)):gmatch "[^\n]+" do found[#found + 1] = tostring(assert(fm.json.decode(row)).seed) end
        return table.concat(found, " ")
      end
      assert.equal("1 2 0", seeds "toy")
      assert.equal("2", seeds "--where 'lr>1e-3'")
      assert.equal("2 1", seeds "--where 'summary.rest=inf' --sort -lr")
      assert.equal("1 0", seeds "--where lr=0.001 --where 'note!=long'")
      assert.equal("0", seeds "--failed")
      assert.equal("0", seeds "--status failed")
      assert.equal("0 1 2", seeds "--sort seed")
      assert.equal("2", seeds "@-2")
    end)

    it("says what it does not know, and when nothing fits", function()
      refused("ls --where 'lrr<1'", 2, 'ls: --where: no run has "lrr"; did you mean "lr"?\ntry: fmrun ls --help')
      refused("ls --where lr", 2, "ls: --where: expected NAME<VALUE")
      refused("ls --sort note.x", 2, 'no run has "note.x"')
      refused("ls --status dnoe", 2, 'found "dnoe"; did you mean "done"?')
      refused("ls --where 'lr>1'", 3, "none of the 3 runs fits")
      refused("ls toi", 3, 'no run is called "toi"')
      refused("ls -o empty", 3, "there are no runs in empty")
    end)

    it("goes on beside torn and strange folders", function()
      local torn = "toy/20260101-000000-00000000"
      os.execute(("cd %s/runs && mkdir -p %s toy/junk odd && echo x >odd/file && echo '{\"status\"' >%s/run.json"):format(folder, torn, torn))
      local code, out = call "ls"
      assert.equal(0, code)
      assert.truthy(out:find "\n00000000  damaged +%d+d +run.json: line 2", out)
      assert.truthy(select(2, call "ls --json --status damaged"):find '"error":"run.json: line')
    end)
  end)
end)
