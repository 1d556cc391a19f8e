-- What commands show on a terminal alone: pages cut to it, questions, lines that move.
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local toy <const> = shell.here .. "/toy.lua"
local write <const> = shell.write
local asking <const> = shell.fmrun:match "^(.*)/" .. "/tests/terminal"

--- What a command prints on a terminal of so many columns, without carriage returns at the ends of
--- lines.
local function at(columns, command, before)
  local code, out = shell.run(("%s TERM=xterm PAGER=cat timeout 30 script -qec 'stty cols %d; %s' /dev/null"):format(before or "", columns, command))
  assert.equal(0, code)
  return (out:gsub("\r\n", "\n"))
end

describe("on a terminal", function()
  before_each(shell.open)
  after_each(shell.close)

  it("help says where else its words occur, and no more than five places", function()
    local plain <const> = select(2, shell.call "help path")
    local also <const> = "see also: fm.flow.path, fm.Path, fm.discrete.path, fm.Run:path, own_parts#a-path"
    assert.equal(("%s\n\27[2m%s\27[0m\n"):format(plain, also), at(100, shell.fmrun .. " help path"))
    assert.is_nil(plain:find "see also")
    assert.equal(select(2, shell.call "help from_pytorch"), (select(2, shell.call "help from pytorch")))
    write("pager", "#!/bin/sh\necho paged\ncat >seen\n")
    local page <const> = ("PAGER=\"sh %s/pager\" %s help %%s --color never"):format(shell.folder, shell.fmrun)
    assert.equal("paged\n", at(100, page:format "show resume"))
    shell.has(shell.read(shell.folder .. "/seen"), "usage: fmrun show", "\nsee also: ")
  end)

  it("compare fits, and says in lines that fit which columns are left out", function()
    for seed = 1, 2 do assert.equal(0, (shell.call(("-q %s steps=3 lr=0.%d note=%d seed=%d"):format(toy, seed, seed, seed)))) end
    local out <const> = at(24, shell.fmrun .. " compare toy --each --color never")
    local lines <const> = shell.lines(out)
    for _, line in ipairs(lines) do assert(utf8.len(line) <= 24, line) end
    assert.truthy(lines[1]:find "^RUN +lr", out)
    local told <const> = table.concat(lines, " ", 4)
    assert.truthy(told:find "^%d columns left out: .*rest, steps %(%-%-metric NAME chooses, %-%-csv has all%)$", told)
    shell.has(at(24, shell.fmrun .. " compare toy --each --color always"), "\27[2m(--metric NAME")
    assert.is_nil(at(200, shell.fmrun .. " compare toy --each"):find("left out", 1, true))
    assert.truthy(at(200, shell.fmrun .. " compare toy --each --color never"):find "^RUN +lr +note +seed +lr +rest +steps\n")
  end)

  it("a card cuts the names of its rows only where the numbers leave no room", function()
    dofile "tests/cli/transcripts.lua"(shell.folder)
    write("mine.lua", (shell.read(shell.folder .. "/mine.lua"):gsub('"first"', '"the first of all the rows that there are"')))
    local function rows(columns)
      local out <const> = at(columns, shell.fmrun .. " card ./mine.lua --show --color never")
      local list <const> = shell.lines(out:match "\nthe distance[^\n]*\n(.-)\n\n")
      for _, line in ipairs(shell.lines(out)) do assert(utf8.len(line) <= math.max(columns, 80), line) end
      return list
    end
    assert.equal("ROW                                           PUBLISHED         MEASURED      STD  FLOOR  TIME  VERDICT", rows(130)[1])
    assert.equal("the first of all the rows that there are      1.0 ± 0.5    1.255 ± 0.064   0.0071   0.38   15s  reproduced", rows(130)[2])
    assert.equal("ROW                                           PUBLISHED         MEASURED  VERDICT", rows(110)[1])
    assert.equal("the first of all the rows that there are      1.0 ± 0.5    1.255 ± 0.064  reproduced", rows(110)[2])
    assert.equal("the first o…      1.0 ± 0.5    1.255 ± 0.064   0.38   15s  reproduced", rows(90)[2])
  end)

  it("rm asks, naming five at most, and removes for y and yes alone", function()
    for seed = 1, 7 do assert.equal(0, (shell.call(("-q %s steps=1 --folder runs/toy/r%d seed=%d"):format(toy, seed, seed)))) end
    local function answer(word, runs)
      write("answers", "expect [y/N]\\_\ntype " .. word .. "\\r\n")
      local code, out = shell.run(("%s answers %s rm %s"):format(asking, shell.fmrun, runs))
      return code, (out:gsub("\r\n", "\n"))
    end
    local list <const> = "  runs/toy/r1 (done)\n  runs/toy/r2 (done)\n  runs/toy/r3 (done)\n  runs/toy/r4 (done)\n  runs/toy/r5 (done)\n"
    assert.same({ 1, list .. "  and 2 more\nremove 7 runs? [y/N] n\nnothing was removed\n" }, { answer("n", "toy") })
    for _, word in ipairs { "", "Y", "yess", "no" } do
      assert.same({ 1, list .. "remove 5 runs? [y/N] " .. word .. "\nnothing was removed\n" }, { answer(word, "r1 r2 r3 r4 r5") })
    end
    assert.same({ 1, list .. "  and 1 more\nremove 6 runs? [y/N] n\nnothing was removed\n" }, { answer("n", "r1 r2 r3 r4 r5 r6") })
    assert.same({ 0, "  runs/toy/r1 (done)\nremove 1 run? [y/N] y\nremoved runs/toy/r1\n" }, { answer("y", "r1") })
    assert.same({ 0, "  runs/toy/r2 (done)\nremove 1 run? [y/N] yes\nremoved runs/toy/r2\n" }, { answer("yes", "r2") })
    assert.same({ "r3", "r4", "r5", "r6", "r7" }, shell.names(shell.folder .. "/runs/toy"))
  end)

  it("a run moves one line, which gives way to what is printed, and is quiet with -q", function()
    write("slow.lua", [[return require "fm".experiment { name = "slow", run = function(run)
      for step in run:steps(3) do
        run:log { loss = step }
        local until_then = os.clock() + 0.12
        while os.clock() < until_then do end
        if step == 2 then print "half" end
      end
    end }]])
    local out <const> = at(60, shell.fmrun .. " slow.lua --folder a --color never")
    assert.truthy(out:find "^\rslow %[======>             %] step 1/3  33%%  loss=1  [%d.]+/s *…\27%[K", out)
    assert.truthy(out:find "\r\27%[Khalf\n", out)
    assert.truthy(out:find "\r\27%[Kdone  slow  step 3  0%.%ds  a\n$", out)
    for line in out:gmatch "[^\r\n]+" do assert(utf8.len(line:gsub("\27%[K", ""), 1, -1, true) < 60, line) end
    assert.equal("half\n", at(60, shell.fmrun .. " slow.lua -q --folder b"))
    local quiet <const> = at(60, shell.fmrun .. " slow.lua --json --folder c --color never")
    assert.is_nil(quiet:find("\27", 1, true))
    shell.has(quiet, '"event":"run_start"', "half\n", '"event":"run_end"')
  end)

  it("log -f shows where a run is, and that line goes when more is printed", function()
    write("slow.lua", [[return require "fm".experiment { name = "slow", run = function(run)
      for step in run:steps(3) do
        run:log { loss = step }
        print("at", step)
        run:flush(0)
        while not require "lfs".attributes("go" .. step) do os.execute "sleep 0.02" end
      end
    end }]])
    local out = at(60, shell.fmrun .. " log -f slow", ([[ln -s %s/lua lua; %s -q slow.lua >/dev/null 2>&1 &
      for i in $(seq 200); do grep -q at runs/slow/*/log.txt 2>/dev/null && break; sleep 0.02; done
      (sleep 0.5; for i in 1 2 3; do touch go$i; sleep 0.3; done) &]]):format(lfs.currentdir(), shell.fmrun))
    assert.truthy(out:find "^\r\27%[Kat\t1\nstep=1 loss=1\r\27%[K", out)
    assert.truthy(out:find "\27%[Kat\t2\nstep=2 loss=2\r\27%[K", out)
    assert.truthy(out:find "\27%[Kat\t3\nstep=3 loss=3.*\r\27%[Kslow/%d+%-%d+%-%x+: done\n$", out)
  end)

  it("verify counts its cases, unless it is quiet or JSON", function()
    local function said(words) return at(100, shell.fmrun .. " verify paths guidance -j 1 --color never " .. words) end
    local begun <const> = "\r\27[K0 of 2 cases\r\27[K1 of 2 cases\r\27[K1 of 2 cases\r\27[K"
    assert.equal(begun .. "    CASE ", said "":sub(1, #begun + 9))
    for _, words in ipairs { "-q", "--json" } do assert.is_nil(said(words):find("\r", 1, true)) end
  end)
end)
