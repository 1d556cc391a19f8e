-- fmrun check: what it says of a script word for word, how it ends with a script that does not, and
-- that it leaves nothing, whatever happens.
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local write <const> = shell.write

--- A script of an experiment with parameters and a run of this text.
local function script(name, body, more)
  write(name .. ".lua", ('local fm, exit = require "fm", os.exit\nreturn fm.experiment { name = "%s", %s run = function(run, p)\n%s\nend }'):format(name,
    more or "params = {},", body))
end

describe("fmrun check", function()
  before_each(function()
    shell.open()
    assert(lfs.mkdir(shell.folder .. "/tmp"))
  end)
  after_each(function()
    assert.same({}, shell.names(shell.folder .. "/tmp"))
    shell.close()
  end)

  --- Its exit code, stdout without times, and stderr; its folders lie in tmp.
  local function check(words, before, fmrun)
    local code, out, err = shell.run(("export TMPDIR=$PWD/tmp; %s timeout 20 %s check %s"):format(before or "", fmrun or shell.fmrun, words))
    return code, out:gsub("%(%d+%.%ds%)", "(TIME)"), err
  end

  it("tells what was made small, logged, kept, drawn and found, with a preset below what is given", function()
    script("drawn", [[
      run:keeps { kept = { n = 1 }, model = fm.nn.linear(1, 2) }
      for step in run:steps(p.steps) do run:log { loss = 1 / step } end
      run:picture("a", fm.plot.scatter(fm.rng(1):normal(9, 2)))
      fm.plot.scatter(fm.rng(1):normal(9, 2)):save(run:path "b.svg")
      run:save("notes.txt", "x")
      run:summary { n = p.n, batch = p.batch }]],
      "params = { steps = 50, batch = { 100, min = 20 }, n = 1, points = 3 }, presets = { big = { n = 9, batch = 30 } },")
    local text <const> = "drawn.lua: drawn\n  made small  %s\n  logged      2 lines: loss 1 -> 0.5\n  checkpoint  2 tensors, read back\n"
      .. "  pictures    a.png, b.svg\n  results     batch=%d n=%d\n  it works (TIME); nothing was kept\n"
    for words, filled in pairs { [""] = { "batch=20 instead of 100 (its minimum), steps=2 instead of 50", 20, 1 },
      [" preset=big"] = { "steps=2 instead of 50", 30, 9 }, [" preset=big n=3"] = { "steps=2 instead of 50", 30, 3 },
      [" batch=25"] = { "steps=2 instead of 50", 25, 1 } } do
      assert.same({ 0, text:format(table.unpack(filled)), "" }, { check("drawn.lua" .. words) })
    end
    script("plain", "")
    assert.same({ 0, "plain.lua: plain\n  logged      nothing\n  checkpoint  none: the run keeps nothing\n  it works (TIME); nothing was kept\n", "" },
      { check "plain.lua" })
    assert.same({ 0, "plain.lua: plain\n  logged      nothing\n  checkpoint  none: the run keeps nothing\n  it works (TIME); nothing was kept\n", "" },
      { check "--into kept plain.lua" })
    assert.same({ "it-works", "plain" }, shell.names(shell.folder .. "/kept"))
  end)

  it("goes on with the next script after one that fails, crashes, or ends itself", function()
    script("plain", "")
    script("kills", 'os.execute("kill -SEGV " .. fm.system.process())')
    script("ends", 'exit(tonumber(os.getenv "CODE"))')
    script("fails", 'error "on purpose"')
    script("torn", [[
      run:keeps { kept = { 1 } }
      fm.load = function() return nil, "it is torn" end]])
    local well <const> = "plain.lua: plain\n  logged      nothing\n  checkpoint  none: the run keeps nothing\n  it works (TIME); nothing was kept\n"
    for words, wanted in pairs { ["kills.lua plain.lua"] = { 1, "kills.lua: kills\n  killed by SIGSEGV; nothing was kept\n" .. well, "" },
      ["nowhere.lua plain.lua"] = { 1, well, "fmrun: cannot open nowhere.lua: No such file or directory\n" },
      ["fails.lua plain.lua"] = { 1, "fails.lua: fails\n  it does not work; nothing was kept\n" .. well,
        "fmrun: fails.lua:3: on purpose\nstack traceback:\n\tfails.lua:3: in field 'run'\n" },
      ["torn.lua plain.lua"] = { 1, "torn.lua: torn\n  logged      nothing\n" .. well, "fmrun: it is torn\n" } } do
      assert.same(wanted, { check(words, "ASAN_OPTIONS=$ASAN_OPTIONS:handle_segv=0") }, words)
    end
    assert.same({ 1, "ends.lua: ends\n  it ended in the middle; nothing was kept\n" .. well, "" }, { check("ends.lua plain.lua", "CODE=0") })
    assert.same({ 1, "ends.lua: ends\n" .. well, "" }, { check("ends.lua plain.lua", "CODE=5") })
    assert.same({ 2, "ends.lua: ends\n", "" }, { check("ends.lua plain.lua", "CODE=2") }) -- as for a wrong word: the others have it too
  end)

  it("makes no folder, or no process", function()
    script("plain", "")
    local code, out, err = shell.run(("TMPDIR=/nowhere %s check plain.lua"):format(shell.fmrun))
    assert.same({ 1, "" }, { code, out })
    assert.truthy(err:find "^fmrun: ENOENT: no such file or directory: /nowhere/fmrun%-check%-%w+\n$", err)
    script("removes", 'os.remove "own/fmrun"')
    local root <const> = lfs.currentdir()
    assert(os.execute(("mkdir %s/own && cp %s %s/own/fmrun"):format(shell.folder, shell.fmrun, shell.folder)))
    code, out, err = check("removes.lua plain.lua", ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;'"):format(root, root), "own/fmrun")
    assert.same({ 1, "removes.lua: removes\n  logged      nothing\n  checkpoint  none: the run keeps nothing\n  it works (TIME); nothing was kept\n" },
      { code, out })
    assert.truthy(err:find "^fmrun: cannot start a process: ENOENT: [^\n]+\n$", err)
  end)

  it("passes a signal on, tries no other script after it, and kills at the second", function()
    script("waits", [[
      run:keeps { kept = { 1 } }
      for _ in run:steps(2) do
        io.open("began", "w"):close()
        while not require "lfs".attributes "go" and os.clock() < 10 do end -- os.execute would ignore SIGINT
      end]])
    local function stopped(signals)
      local code, out, err = shell.run(([[export TMPDIR=$PWD/tmp; %s check waits.lua waits.lua & p=$!
        for i in $(seq 200); do [ -e began ] && break; sleep 0.02; done
        %s; wait $p; c=$?; rm -f began go; exit $c]]):format(shell.fmrun, signals))
      return code, out, err
    end
    for signal, code in pairs { INT = 130, TERM = 143, HUP = 129 } do
      local found, out, err = stopped(("kill -%s $p; sleep 0.1; touch go"):format(signal))
      assert.same({ code, "waits.lua: waits\n  it does not work; nothing was kept\n" }, { found, out }, signal)
      assert.truthy(err:find("SIG" .. signal .. " after step 1", 1, true), err)
    end
    local found, out = stopped "kill -INT $p; sleep 0.1; kill -TERM $p"
    assert.same({ 130, "waits.lua: waits\n  killed by SIGKILL; nothing was kept\n" }, { found, out })
  end)
end)
