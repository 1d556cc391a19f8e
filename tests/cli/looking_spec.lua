-- More of the commands that look at runs: what they print to the byte where a run still goes on, or
-- its files are odd.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local toy <const> = shell.here .. "/toy.lua"
local call <const>, write <const> = shell.call, shell.write

local function well(arguments)
  local code, out, err = call(arguments)
  assert.equal(0, code, err)
  return out, err
end

describe("looking at a run", function()
  before_each(shell.open)
  after_each(shell.close)

  it("log prints whole lines of one that goes on, and what is left when it has ended", function()
    write("writes.lua", [[return require "fm".experiment { name = "writes", run = function(run)
      print "one"
      run:flush(0)
      local log = assert(io.open(run.path and "r/log.txt", "a"))
      log:write "half"
      log:close()
      io.open("written", "w"):close()
      while not require "lfs".attributes "go" do os.execute "sleep 0.02" end
    end }]])
    local code, out, err = shell.run(([[%s -q writes.lua --folder r >/dev/null & p=$!
      for i in $(seq 200); do [ -e written ] && break; sleep 0.02; done
      timeout 10 %s log -f r >followed 2>told & f=$!
      sleep 0.5; cat followed; touch go; wait $p $f; cat followed told >&2]]):format(shell.fmrun, shell.fmrun))
    assert.same({ 0, "one\n", "one\nhalfr: done\n" }, { code, out, err })
    assert.equal("one\nhalf", (well "log r"))
    assert.equal("one\n", (shell.run "true" == 0 and select(2, shell.run(shell.fmrun .. " log r | head -1"))))
  end)

  it("log cuts no character in two at the end of a block, and goes on after a log that was cut back", function()
    well("-q " .. toy .. " steps=1 --folder r")
    for _, character in ipairs { "é", "漢", "\u{1f600}" } do
      for before = 65530, 65537 do
        local text <const> = ("x"):rep(before) .. character .. "y\n"
        write("r/log.txt", text)
        assert.is_true(well "log r" == text, before)
      end
    end
    write("r/log.txt", ("x"):rep(65535) .. "\xe6\xff" .. ("\x80"):rep(65537))
    assert.equal(("x"):rep(65535) .. "\\xe6\\xff" .. ("\\x80"):rep(65537), (well "log r"))
    write("r/log.txt", "")
    assert.same({ "", "r printed nothing (done)\n" }, { well "log r" })
    assert(os.remove(shell.folder .. "/r/log.txt"))
    assert.same({ "", "r printed nothing (done)\n" }, { well "log r" })
    assert.same({ "", "r: done\n" }, { well "log -f r" })
  end)

  it("refuses files that are none, each by its name", function()
    well("-q " .. toy .. " steps=1 --folder r")
    for name, commands in pairs { ["log.txt"] = { "log r", "log -f r" }, ["metrics.jsonl"] = { "export r --to csv", "export r --to tensorboard" } } do
      assert(os.remove(shell.folder .. "/r/" .. name) and lfs.mkdir(shell.folder .. "/r/" .. name))
      for _, command in ipairs(commands) do
        assert.same({ 1, "", ("fmrun: r/%s is no file, it is a directory\n"):format(name) }, { call(command) })
      end
    end
    assert(lfs.link("elsewhere.html", shell.folder .. "/r/report.html", true))
    assert.same({ 1, "", "fmrun: r/report.html is a link; say where to write the report: -o FILE\n" }, { call "report r" })
    assert.same({ 0, "r/report.html\n", "" }, { call "report r -o r/report.html" })
    assert.is_true(lfs.attributes(shell.folder .. "/r/report.html", "mode") == "file")
  end)

  it("show says where one is that goes on", function()
    well("-q " .. toy .. " steps=2 --folder r")
    local text <const> = shell.read(shell.folder .. "/r/run.json"):gsub('"status":"done"', '"status":"running"')
    write("r/run.json", text)
    write("r/metrics.jsonl", '{"step":1,"loss":0.5}\n{"step":2,"loss":0.25}\n')
    assert.is_nil((well "show r"):find("\nnow ", 1, true)) -- it is lost
    local lock <const> = assert(fm.system.lock(shell.folder .. "/r/lock"))
    assert.truthy((well "show r"):find "\nstatus      running at step 2 after [^\n]*\nnow         step=2 loss=0%.25\nstarted ")
    lock:release()
  end)

  it("show tells the sizes of files, and what has become of the code", function()
    write("mine.lua", shell.read(toy))
    well "-q mine.lua steps=1 --folder r"
    for name, size in pairs { ["a.x"] = 0, ["b.x"] = 999, ["c.x"] = 1000, ["d.x"] = 999949, ["e.x"] = 1000000, ["f.svg"] = 1 } do
      write("r/" .. name, ("x"):rep(size))
    end
    local function row(title) return ("\n" .. well "show r"):match("\n" .. title .. " +([^\n]*)\n") end
    local out <const> = well "show r"
    shell.has((out:gsub("\n +", "  ")), "a.x (0 B)  b.x (999 B)  c.x (1.0 kB)  ", "d.x (999.9 kB)  e.x (1.0 MB)  ", "\npictures    r/f.svg\n")
    assert.is_nil(out:find("lock (", 1, true))
    assert.equal("mine.lua", row "code")
    write("mine.lua", "x")
    assert.equal("mine.lua (changed since)", row "code")
    assert(os.remove(shell.folder .. "/mine.lua"))
    assert.equal("mine.lua (gone)", row "code")
    assert(lfs.mkdir(shell.folder .. "/mine.lua"))
    assert.equal("mine.lua (no file that can be read now)", row "code")
    local record <const> = shell.json(shell.folder .. "/r/run.json")
    local function with(fields)
      local changed <const> = assert(fm.json.decode(fm.json.encode(record)))
      for key, value in pairs(fields) do changed[key] = value end
      write("r/run.json", fm.json.encode(changed))
    end
    for wanted, fields in pairs { ["0123, with changes"] = { commit = "0123", dirty = true }, ["0123"] = { commit = "0123", dirty = false },
      ["0123, changes not known"] = { commit = "0123" } } do
      with(fields)
      assert.equal(wanted, row "commit")
    end
    with { versions = {}, threads = 2, host = "h", cores = 1 }
    assert.equal("fmrun ? (?), Lua ?, OpenBLAS ? ?, 2 threads on h (1 core)", row "made by")
    with { versions = { fmrun = "1", real = "r", lua = "5", blas = "b", blas_core = "c" }, threads = 1, host = "h", cores = 2 }
    assert.equal("fmrun 1 (r), Lua 5, OpenBLAS b c, 1 thread on h (2 cores)", row "made by")
    with { error = "one\n\ntwo\n" }
    shell.has(well "show r", "\nerror       one\n            two\n")
    with { status = "failed" }
    shell.has(well "show r --color always", "\27[31mfailed at step 1 after ", "\27[2mfolder\27[0m      r\n")
  end)

  it("show --code prints the script, or the file that a word names, and which others there are", function()
    assert(lfs.mkdir(shell.folder .. "/deep"))
    for name, text in pairs { ["a.lua"] = "return 1 -- a", ["deep/b.lua"] = "return 2 -- b" } do write(name, text) end
    local text <const> = 'require "a"\nrequire "deep.b"\nreturn require "fm".experiment { name = "m", params = { n = 1, big = 0 }, run = function() end }\n'
    write("mine.lua", text)
    well "-q mine.lua --folder r"
    assert.same({ text, "with it: fmrun show r --code ./a.lua\nwith it: fmrun show r --code ./deep/b.lua\n" }, { well "show r --code" })
    for word, wanted in pairs { ["a.lua"] = "return 1 -- a", ["deep/b.lua"] = "return 2 -- b", ["b.lua"] = "return 2 -- b", ["mine.lua"] = text } do
      assert.same({ wanted, "" }, { well("show r --code " .. word) })
    end
    for _, word in ipairs { "p/b.lua", "lua", "ine.lua", "/b.lua" } do assert.equal(3, (call("show r --code " .. word))) end
    assert.same({ 3, "", 'fmrun: r has no file "mime.lua"; did you mean "mine.lua"?\n' }, { call "show r --code mime.lua" })
    assert.same({ 3, "", 'fmrun: r has no file "zzzzzz"; it was made from ./a.lua, ./deep/b.lua, mine.lua\n' }, { call "show r --code zzzzzz" })
    local copy <const> = "r/code/" .. shell.names(shell.folder .. "/r/code", "^a%-")[1]
    write(copy, "return 3")
    assert.same({ 1, "", ("fmrun: %s is damaged: its digest is not that of its name\n"):format(copy) }, { call "show r --code a.lua" })
    assert(os.remove(shell.folder .. "/" .. copy))
    assert.same({ 1, "", "fmrun: r keeps no copy of ./a.lua\n" }, { call "show r --code a.lua" })
    well "-q mine.lua n=-9223372036854775807 big=2 --folder s"
    well "-q mine.lua n=9223372036854775807 big=1 --folder t"
    shell.has(well "diff s t", "\n  big  2", "  -1\n", "  +1.845e+19\n")
    assert.equal("run,experiment,status,big,n\ns,m,done,2,-9223372036854775807\nt,m,done,1,9223372036854775807\n", (well "compare s t --csv --each"))
    local record <const> = shell.json(shell.folder .. "/r/run.json")
    record.floors, record.script = { ["the loss of all"] = 0.25 }, nil
    write("r/run.json", fm.json.encode(record))
    write("r/metrics.jsonl", '{"step":1,"a_long_loss_x":2}\n')
    shell.has(well "show r", "\na_long_loss_x \u{2581} 2 -> 2\n", "\nthe loss of all floor 0.25; nothing was logged\n")
    assert.same({ 3, "", "fmrun: r does not know its script\n" }, { call "show r --code" })
  end)

  it("params tells limits of either side", function()
    write("limits.lua", [[return require "fm".experiment { help = "some", params = { a = { 1, "both", min = 0, max = 2 }, b = { 0.5, min = 0.25 },
      c = { 3, "least", max = 5 }, d = { 2, choices = { 1, 2 } }, e = "x y" }, presets = { p = { a = 2, e = "z" }, q = { c = 4 } }, run = function() end }]])
    assert.equal('limits: some\nNAME  TYPE     DEFAULT  LIMITS   WHAT\na     integer  1        0..2     both\nb     number   0.5      >= 0.25\n'
      .. 'c     integer  3        <= 5     least\nd     integer  2        1|2\ne     string   "x y"\n'
      .. 'seed  integer  0        >= 0     seed of every random stream\n\npreset=p  a=2 e=z\npreset=q  c=4\n', (well "params limits.lua"))
  end)

  it("export tells TensorBoard the time of each step, between the marks of the clock", function()
    well("-q " .. toy .. " steps=2 --folder r")
    local record <const> = shell.json(shell.folder .. "/r/run.json")
    record.started, record.steps = "2020-01-01T00:00:00Z", 40
    write("r/run.json", fm.json.encode(record))
    local rows = {}
    for step = 1, 40 do rows[step] = ('{"step":%d,"loss":1}\n'):format(step) end
    write("r/metrics.jsonl", table.concat(rows))
    write("r/timing.jsonl", '{"step":10,"seconds":5}\n{"step":10,"seconds":7}\n{"step":"x"}\n{"step":20,"seconds":27}\n{"step":30,"seconds":28}\n')
    local path <const> = well "export r --to tensorboard":gsub("\n$", "")
    assert.equal("tensorboard/r/events.out.tfevents.1577836800.fmrun", path)
    local bytes <const>, times, at = shell.read(shell.folder .. "/" .. path), {}, 1
    while at < #bytes do
      local size <const> = ("<I8"):unpack(bytes, at)
      local event <const> = bytes:sub(at + 12, at + 11 + size)
      local step = event:byte(10) == 0x10 and event:byte(11)
      if step then times[step] = times[step] or ("<d"):unpack(event, 2) - 1577836800 end
      at = at + 16 + size
    end
    assert.same({ 0.5, 5, 7 + 2, 27, 27.5, 28, 28 }, { times[1], times[10], times[11], times[20], times[25], times[30], times[40] })
  end)

  it("rm names five of the files that stay, and those of each run of a sweep", function()
    well("-q " .. toy .. " steps=1 --folder runs/toy/r")
    for i = 1, 5 do write("runs/toy/r/mine" .. i, "") end
    local list <const> = "removed the run in runs/toy/r; what it did not make stays:\n  mine1\n  mine2\n  mine3\n  mine4\n  mine5\n"
    assert.same({ "", list }, { well "rm -f r" })
    well("-q " .. toy .. " steps=1 --folder runs/toy/s")
    for i = 1, 7 do write("runs/toy/s/mine" .. i, "") end
    assert.same({ "", (list:gsub("/r;", "/s;") .. "  and 2 more\n") }, { well "rm -f s" })
    well("-q -m " .. toy .. " steps=1 seed=1:2 -o other")
    local sweep <const> = "other/toy/" .. shell.names(shell.folder .. "/other/toy")[1]
    local run <const> = sweep .. "/" .. shell.names(shell.folder .. "/" .. sweep, "^%x+$")[2]
    write(run .. "/mine", "")
    local _, err = well("rm -f -o other " .. sweep)
    assert.equal(("removed the run in %s; what it did not make stays:\n  mine\nremoved the run in %s; what it did not make stays:\n  %s\n"):format(run, sweep,
      run:match "[^/]*$"), err)
    assert.same({ "mine" }, shell.names(shell.folder .. "/" .. run))
  end)
end)
