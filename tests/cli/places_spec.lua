-- Scripts of one command line do not see each other, whatever they do to their globals; a sweep is
-- refused in one line; and the prompt goes on without print.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local toy <const> = shell.here .. "/toy.lua"
local call <const>, write <const> = shell.call, shell.write

describe("scripts side by side", function()
  before_each(shell.open)
  after_each(shell.close)

  it("have the globals and modules of before, also after one that removes, changes or locks them", function()
    write("part.lua", "return { n = 1 }")
    write("a.lua", 'extra, print, string.mine, own, require "part".n = 4, nil, 5, 6, 7\n_G.given = nil\n'
      .. "setmetatable(_G, { __index = function() return 9 end })")
    write("b.lua", 'print(extra, own, given, string.mine, require "part".n, getmetatable(_G), arg[0], arg[1], package.path:sub(1, 4))')
    assert.same({ 0, "1\tnil\t2\t5\t1\tnil\tb.lua\tx\t./?.\n", "" }, { call "-e 'extra, given = 1, 2' a.lua b.lua x" })
    write("a.lua", 'setmetatable(_G, { __metatable = "locked" })')
    assert.same({ 0, "1\tnil\t2\tnil\t1\tlocked\tb.lua\tnil\t./?.\n", "" }, { call "-e 'extra, given = 1, 2' a.lua b.lua" })
  end)

  it("leave the prompt that follows the globals of the last, one that it removed too", function()
    write("a.lua", "x, string.mine = 3, 5\nprint = nil\nextra = nil")
    write("input", 'io.write(tostring(x), type(print), tostring(extra), "\\n")\n1 + 1\n')
    local code, out, err = shell.run(shell.fmrun .. " -q -e 'extra = 1' -i a.lua <input")
    assert.same({ 0, "> 3nilnil\n> > \n", ("error calling 'print' (attempt to call a nil value)\n"):rep(2) }, { code, out, err })
    code, out, err = shell.run(("printf 'print = function() error [[mine]] end\\n1 + 1\\nerror {}\\nerror(nil)\\n' | %s -q -i"):format(shell.fmrun))
    assert.same({ 0, "> > > > > \n" }, { code, out })
    shell.has(err, "error calling 'print' (stdin:1: mine)\n", "(error object is a table value)")
  end)

  it("know a declared script that is called for its parameters alone", function()
    write("plain.lua", "print 'it ran'")
    assert.same({ 1, "", "it ran\nfmrun: plain.lua returns no experiment: it is a plain script\n" }, { call "params plain.lua" })
    write("says.lua", 'print("a", nil, 2) io.write "b" return require "fm".experiment { params = {}, run = function() end }')
    local code, out, err = call "params says.lua"
    assert.same({ 0, "says\nNAME  TYPE     DEFAULT  LIMITS  WHAT\nseed  integer  0        >= 0    seed of every random stream\n", "a\tnil\t2\nb" },
      { code, out, err })
  end)
end)

describe("a sweep that cannot begin", function()
  before_each(function()
    shell.open()
    write("mine.lua", shell.read(toy))
  end)
  after_each(shell.close)

  local function sweep() return "runs/toy/" .. shell.names(shell.folder .. "/runs/toy", "^sweep")[1] end

  it("is done, at work elsewhere, or has no place for what it keeps", function()
    local words <const> = "-m mine.lua steps=1 seed=1,2"
    assert.equal(0, (call("-q " .. words)))
    for _, kind in ipairs { "slurm", "parallel" } do
      assert.same({ 3, "", ("fmrun: %s: every run is done\n"):format(sweep()) }, { call(words .. " --emit " .. kind) })
    end
    local lock <const> = assert(fm.system.lock(shell.folder .. "/" .. sweep() .. "/lock"))
    for _, command in ipairs { "resume " .. sweep(), words } do
      local code, out, err = call(command)
      assert.same({ 1, "" }, { code, out })
      assert.truthy(err:find("^fmrun: " .. sweep():gsub("%p", "%%%0") .. ": [^\n]*is at work on this sweep\n$"), err)
    end
    lock:release()
    local kept <const> = sweep() .. "/code"
    assert(os.execute(("rm -r %s/%s"):format(shell.folder, kept)))
    write(kept, "a file")
    assert.same({ 1, "", ("fmrun: %s: not a folder; copies of the Lua files go there\n"):format(kept) }, { call(words) })
    write(sweep() .. "/sweep.json", "{")
    for _, command in ipairs { "resume ", "worker " } do
      local code, out, err = call(command .. sweep())
      assert.same({ 1, "" }, { code, out })
      assert.truthy(err:find("^fmrun: " .. sweep():gsub("%p", "%%%0") .. "/sweep%.json: [^\n]*\n$"), err)
    end
  end)

  it("has a path that no script of a scheduler can hold, or a script from stdin", function()
    assert(lfs.mkdir(shell.folder .. "/a\nb"))
    local code, out, err = shell.run(("cd 'a\nb' && %s -m ../mine.lua seed=1,2 --emit slurm"):format(shell.fmrun))
    assert.same({ 2, "", "fmrun: --emit: the path of the sweep has a line break in it\ntry: fmrun --help\n" }, { code, out, err })
    code, out, err = shell.run(("%s -m - seed=1,2 <mine.lua"):format(shell.fmrun))
    assert.same({ 2, "", "fmrun: a sweep needs its scripts in files, because every process reads them\ntry: fmrun --help\n" }, { code, out, err })
  end)

  it("says which scripts it calls when it goes on, unless it is quiet", function()
    assert.equal(0, (call "-q -m mine.lua steps=1 seed=1,2 --emit parallel"))
    local name <const> = sweep()
    local code, out, err = call("worker " .. name)
    assert.same({ 0, "", name .. ": its script is mine.lua\n" }, { code, out, err:match "^[^\n]*\n" })
    shell.has(err, "2 ok in ")
    assert(os.execute(("rm -r %s/%s/????????"):format(shell.folder, name)))
    code, out, err = call("resume --kept-code " .. name)
    assert.same({ 0, "", name .. ": its script is the copy that it keeps of mine.lua\n" }, { code, out, err:match "^[^\n]*\n" })
    assert(os.execute(("rm -r %s/%s/????????"):format(shell.folder, name)))
    assert.same({ 0, "", "" }, { call("resume -q " .. name) })
  end)
end)
