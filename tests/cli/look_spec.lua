-- Commands that look at runs, as a user calls them. FMRUN names the binary.
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
end)
