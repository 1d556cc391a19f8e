-- fmrun card: a tiny card of two rows and two seeds is run, killed, gone on with, shown and saved.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, read <const>, write <const>, exists <const> = stopping.call, stopping.read, stopping.write, stopping.exists
local shell <const> = stopping.shell

local function has(text, ...)
  for _, part in ipairs { ... } do assert(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text:sub(1, 4000))) end
end

local function well(arguments)
  local code, out, err = call(arguments)
  assert.equal(0, code, out .. err)
  return out, err
end

-- near: within its published bar; far: beyond it, and lower. Seed 2 of far may stop itself.
local toy <const> = [[
local fm <const> = require "fm"
return fm.experiment {
  name = "toy_card",
  params = { kind = { "near", choices = { "near", "far" } }, how = "", gain = 1.0@MORE@ },
  run = function(run, p)
    local kept = { n = 0 }
    run:keeps { kept = kept }
    for step in run:steps(10) do
      kept.n = kept.n + 1
      local me = p.kind == "far" and run.seed == 2 and step == 5 and not os.getenv "CALM"
      if me and os.getenv "HOW" == "fail" then error "it broke" end
      local parent = me and os.getenv "HOW" == "INT" and io.open "/proc/self/stat":read "a":match "%) %S (%d+)" -- the fmrun of the card
      if me and os.getenv "HOW" then io.popen(("kill -%s %s"):format(os.getenv "HOW", parent or (fm.system.process()))):close() end
      if parent then os.execute "sleep 0.3" end
    end
    local w2 = (p.kind == "near" and 1.0 or 0.5) + 0.01 * run.seed
    run:summary { w2 = w2, share = p.gain * run.seed / 4, floor = 0.25 * run.seed, n = kept.n }
  end,
  card = {
    title = "A toy", source = "Nobody 2026, table 1", seeds = 2, data = function(rng) return rng:normal(5, 2) end,
    protocol = { { "solver", "none at all" }, { "published error bar", "deviation over 3 seeds" } },
    results = { { "w2", "the distance", floor = "floor" }, { "share", "a share", better = "higher" } },
    rows = { { "near it", { kind = "near" }, w2 = { 1.02, 0.05 }, share = { 9, 1 }, because = "the share@BECAUSE@ is made up" },
      { "far", { kind = "far" }, w2 = { 9.5, 0.5 } } },
  },
}]]

local function card(changes)
  shell "mkdir -p cards"
  write("cards/toy.lua", (toy:gsub("@(%u+)@", function(name) return (changes or {})[name] or "" end)))
end

local function json(arguments)
  return assert(fm.json.decode((well(arguments))))
end

describe("fmrun card", function()
  before_each(function()
    stopping.open()
    card()
  end)
  after_each(stopping.close)

  it("lists the cards, those beside fmrun and those in ./cards", function()
    write("cards/part.lua", "return {}")
    local out = well "card"
    assert.equal(out, (well "card --list"))
    has(out, "CARD", "SOURCE", "c2ot ", "Cheng and Schwing 2025")
    assert.truthy(out:find "\ntoy  +2 +2  none +Nobody 2026, table 1\n", out)
    assert.is_nil(out:find("part", 1, true))
    local found
    for line in (well "card --list --json"):gmatch "[^\n]+" do
      local entry = assert(fm.json.decode(line))
      if entry.name == "toy" then found = entry end
    end
    assert.same({ "A toy", 2, 2, "cards/toy.lua" }, { found.title, found.rows, found.seeds, found.path })
    write("cards/broken.lua", "return fm.")
    local code
    code, out = call "card"
    assert.equal(1, code)
    has(out, "broken", "cards/broken.lua:1:", "toy")
  end)

  it("runs the rows with every seed, and compares", function()
    local out, err = well "card toy -j 2"
    has(out, "A toy\n", "Nobody 2026, table 1", "cards/toy.lua, digest ", "[5, 2], digest ", "none at all", "deviation over 3 seeds", "1 to 2")
    has(out, "4 runs in runs")
    assert(out:find("1 to 2", 1, true) < out:find("the distance", 1, true) and out:find("the distance", 1, true) < out:find("4 runs", 1, true))
    has(err, "4 runs, 2 parallel", "4 ok")
    has(out, "the distance (w2, lower is better)", "a share (share, higher is better)")
    assert.truthy(out:find "\nnear it +1%.02 ± 0%.05 +1%.015 ± 0%.064 +0%.0071 +0%.38 +%S+  reproduced\n", out)
    assert.truthy(out:find "\nfar +9%.5 ± 0%.5 +0%.515 ± 0%.064 +0%.0071 +0%.38 +%S+  better\n", out)
    assert.truthy(out:find "\nnear it +9 ± 1 +0%.4 ± 1%.6 +0%.18 +%S+  not reproduced\n", out) -- 0.375 ± 12.7 * 0.125
    assert.truthy(out:find "\nfar +0%.4 ± 1%.6 +0%.18 +%S+\n", out) -- nothing was published
    has(out, "\nnear it: the share is made up\n", "reproduced 1, better 1, not reproduced 1, 1 without a verdict")
    assert.is_nil(out:find("no explanation", 1, true)) -- far is better
    out, err = well "card toy"
    has(out, "not reproduced")
    assert.is_nil(err:find("ok", 1, true), err)
    assert.equal(out, (well "card toy --show"))
    assert.equal(out, (well "card cards/toy.lua --show"))
    assert.same({ "", "nothing is left to do\n" }, { well "card toy -n" })
    assert.equal("001 kind=near seed=3\n002 kind=far seed=3\n", (well "card toy -n --seeds 3"))
  end)

  it("is an object as JSON, with every seed's values", function()
    local found = json "card toy --json -q"
    assert.same({ "card", "toy", 2, "A toy", "fmrun card toy" }, { found.kind, found.name, found.seeds, found.title, found.command })
    local row = found.rows[1]
    assert.same({ kind = "near" }, row.params)
    assert.same({ how = "", kind = "near", gain = 1 }, row.config)
    assert.same({ w2 = 1.02, share = 0.5, floor = 0.5 }, row.runs[2].values)
    assert.same({ 1, 2 }, { row.runs[1].seed, row.runs[2].seed })
    assert.same({ 1.02, 0.05 }, row.published.w2)
    assert.near(1.015, row.measured.w2.mean, 1e-12)
    assert.near(12.7062047 * 0.005, row.measured.w2.half, 1e-6)
    assert.same({ "reproduced", "mean inside the error bar", 0.375 }, { row.measured.w2.verdict, row.measured.w2.why, row.measured.w2.floor })
    assert.is_nil(found.rows[2].measured.share.verdict)
    assert.same({ fm.real, fm.version, found.digest, found.data.digest }, { found.machine.real, row.runs[1].fmrun, row.runs[1].code, row.runs[1].data })
    assert.same({ { 5, 2 } }, found.data.shapes)
    local packed = "[5,2]" -- the digest is that of the shape, and of the numbers as floats, of the stream "card" of seed 1
    for _, number in ipairs(fm.rng(1, "card"):normal(5, 2):reshape(10):totable()) do packed = packed .. ("<f"):pack(number) end
    assert.equal(fm.file.hash(packed), found.data.digest)
  end)

  it("goes on after a kill, and a part of the seeds has no verdict", function()
    for _, case in ipairs { { "KILL", 1, "1 failed" }, { "fail", 1, "1 failed" } } do
      shell "rm -rf runs"
      local code, out, err = shell(("HOW=%s $FMRUN card toy -j 1 --checkpoint-seconds 0"):format(case[1]))
      assert.equal(case[2], code, err)
      has(out, "1 of 2 seeds, " .. case[3], "reproduced")
      assert.is_nil(out:find("better\n", 1, true), out)
      out, err = well "card toy -j 1"
      has(err, "1 run, 1 parallel", "004 kind=far seed=2")
      has(out, "reproduced", "better\n")
    end
    assert.equal(4, select(2, select(2, shell "ls -d runs/toy_card/sweep-*/*/run.json"):gsub("\n", "")))
  end)

  it("ends with what was saved when it is interrupted", function()
    local code, out, err = shell "HOW=INT $FMRUN card toy -j 1"
    assert.equal(75, code, err)
    has(out, "1 of 2 seeds")
    has(well "card toy -j 1", "better\n")
    local path = select(2, shell "grep -l '\"kind\":\"far\"' runs/toy_card/*/*/config.json | xargs grep -l '\"seed\":2'"):match "^(.-)/config.json"
    assert.equal(10, stopping.record(path).summary.n)
    assert.equal(1, stopping.record(path).resumed)
  end)

  it("finds runs by their parameters, wherever they lie and whatever the script was then", function()
    well "-q cards/toy.lua kind=near seed=1"
    well "-q cards/toy.lua kind=near seed=2 --folder runs/toy_card/mine"
    well "-q -m cards/toy.lua kind=near,far seed=2,3"
    well "-q cards/toy.lua kind=near seed=1 gain=2"
    has(well "card toy --show", "1 of 2 seeds", "reproduced", "3 runs in runs") -- far seed 1 is missing
    card { MORE = ", later = 3", BECAUSE = " of all" } -- a parameter that the runs did not know, and another text
    local out = well "card toy --show"
    has(out, "1 of 2 seeds", "3 runs in runs", "the script of 3 runs had another text: digest ")
    local err
    out, err = well "card toy"
    has(err, "sweep runs/toy_card/sweep-", "1 run, ")
    has(out, "the script of 3 runs had another text", "4 runs in runs", "better\n")
    well "-q cards/toy.lua kind=near seed=1 later=3" -- the present text is preferred
    has(well "card toy --show", "the script of 2 runs had another text")
    card { MORE = ", later = 4" }
    has(well "card toy --show", "3 runs in runs") -- those that never heard of it
  end)

  it("counts no run of other numbers, and leaves one alone that another process does", function()
    well "card toy -q --seeds 1"
    local paths = stopping.lines(select(2, shell "ls -d runs/toy_card/sweep-*/*/"))
    local function change(path, from, to) write(path .. "run.json", (read(path .. "run.json"):gsub(from, to))) end
    change(paths[1], ('"real":"%s"'):format(fm.real), '"real":"half"')
    has(well "card toy --show --seeds 1", "1 run in runs", "0 of 1 seeds")
    change(paths[1], '"half"', ('"%s"'):format(fm.real))
    change(paths[1], '"status":"done"', '"status":"running"')
    local lock = assert(fm.system.lock(stopping.path(paths[1] .. "lock")))
    local out, err = well "card toy --seeds 1"
    has(out, "0 of 1 seeds, 1 running")
    has(err, "1 run of the card is done by another process now")
    lock:release()
    has(well "card toy --seeds 1 --show", "0 of 1 seeds, 1 lost")
    has(well "card toy --seeds 1 -q", "2 runs in runs")
  end)

  it("lists only, takes fewer or more seeds", function()
    local out, err = well "card toy -n"
    has(out, "001 kind=near seed=1\n002 kind=far seed=1\n003 kind=near seed=2\n004 kind=far seed=2\n")
    has(err, "4 runs in runs/toy_card/sweep-", "4 to do")
    assert.is_false(exists "runs")
    out = well "card toy --seeds 1 -q"
    has(out, "1 to 1", "1.01", "2 runs in runs", "4 without a verdict")
    assert.truthy(out:find "\nnear it +1%.02 ± 0%.05 +1%.01 +0%.25 +%S+  one seed\n", out)
    assert.is_nil(out:find("explanation", 1, true)) -- nobody knows of a difference
    has(well "card toy --show", "1 of 2 seeds")
    has(well "card toy --seeds 3 --show", "1 of 3 seeds")
    has(well "card toy -n", "001 kind=near seed=2\n002 kind=far seed=2\n")
    assert.equal("fmrun card toy --seeds 1", json "card toy --seeds 1 --show --json".command)
    well "card toy -q"
    has(select(2, well "card toy -n"), "nothing is left to do")
  end)

  it("saves, and shows what was saved where there are no runs", function()
    local code, _, err = call "card toy --show --save"
    assert.equal(1, code)
    has(err, "toy: there are no runs to save")
    err = select(2, well "card toy -j 2 --save")
    has(err, "cards/results/toy.json")
    local saved = assert(fm.json.decode(read "cards/results/toy.json"))
    assert.same({ "card", "fmrun card toy", 1.02 }, { saved.kind, saved.command, saved.rows[1].runs[2].values.w2 })
    for line in read "cards/results/toy.json":gmatch "[^\n]+" do assert(#line <= 160, line) end
    assert.truthy((well "card"):find "\ntoy  +2 +2  2 seeds, 20%d%d%-%d%d%-%d%d +Nobody", "the list")
    local before = well "card toy --show"
    shell "rm -r runs"
    local out = well "card toy --show"
    has(out, "the committed result of 20", "reproduced 1, better 1, not reproduced 1, 1 without a verdict")
    local function tables(text) return text:match "\n\n(.*)\nnumbers " end
    assert.equal(tables(before), tables(out))
    well "-q cards/toy.lua kind=near seed=1" -- fewer runs than are saved
    code, _, err = call "card toy --show --save"
    assert.equal(1, code)
    has(err, "cards/results/toy.json has 4 runs, and here are 1: remove it to save these")
    shell "rm -r runs"
    card { BECAUSE = " of this year" } -- what the card says now
    has(well "card toy --show", "the share of this year is made up", "the script of 4 runs had another text")
    write("cards/results/toy.json", "{}")
    code, _, err = call "card toy --show"
    assert.equal(1, code)
    has(err, "fmrun: cards/results/toy.json: not the result of a card")
    has(select(2, call "card"), "  cards/results/toy.json: not the result")
    write("cards/results/toy.json", "{")
    has(select(3, call "card toy --show"), "fmrun: cards/results/toy.json: ")
    assert.is_nil(select(3, call "card toy --show"):find("json: toy", 1, true))
    has(select(3, call "card --page cards/results"), "fmrun: cards/results/toy.json: ")
    assert.is_nil(select(3, call "card --page cards/results"):find("json: toy", 1, true))
  end)

  it("draws its data with files that its runs do not need", function()
    card()
    write("cards/drawn.lua", "return function(rng) return rng:normal(5, 2) end")
    write("cards/toy.lua", (read "cards/toy.lua":gsub("return rng:normal%(5, 2%)", 'return require "drawn"(rng)', 1)))
    local _, err = well "card toy -j 2"
    has(err, "4 ok")
  end)

  it("goes on where a saved result ended, without its runs", function()
    well "-q cards/toy.lua kind=near seed=1"
    well "card toy --show --save"
    shell "rm -r runs"
    has(well "card toy --show --add", "the committed result of 20", "1 of 2 seeds")
    local out, err = well "card toy --add --save -j 2"
    has(err, "3 runs, 2 parallel", "3 ok")
    has(out, "1 run of the committed result", "3 runs in runs", "reproduced 1, better 1, not reproduced 1")
    local saved = assert(fm.json.decode(read "cards/results/toy.json"))
    local runs = saved.rows[1].runs
    assert.same({ 1, 2 }, { runs[1].seed, runs[2].seed })
    assert.same({ "string", "nil" }, { type(runs[1].machine), type(runs[2].machine) })
    has(out, "4 runs, ")
    assert.equal(4, #saved.rows[1].runs + #saved.rows[2].runs)
    write("cards/results/toy.json", (read "cards/results/toy.json":gsub('"machine": ?"[^"]*"', '"machine": "another, 8 cores"', 1)))
    has(well "card toy --add --show", "4 runs, ", "; 1 of them on another")
    local other = fm.real == "float" and "double" or "float"
    write("cards/results/toy.json", (read "cards/results/toy.json":gsub(('"real": ?"%s"'):format(fm.real), ('"real": "%s"'):format(other), 1)))
    for _, options in ipairs { "--add", "--add --show", "--add -n" } do
      local code, _, message = call("card toy " .. options)
      assert.equal(1, code)
      has(message, ("cards/results/toy.json: its runs are in %s, and these are in %s: --add takes runs of one precision"):format(other, fm.real))
    end
    has(well "card toy --show", "3 runs in runs") -- nor does it hide those that are here
  end)

  it("names what nobody has explained", function()
    write("cards/toy.lua", (toy:gsub("@%u+@", ""):gsub(', because = "[^"]*"', ""):gsub("9.5, 0.5", "0.1, 0.1")))
    has(well "card toy -q", "\nno explanation yet: near it; far\n")
    write("cards/toy.lua", (toy:gsub("@%u+@", ""):gsub("9.5, 0.5", "0.55, 0.01"))) -- 0.515 is outside, 0.515 + 0.064 is not
    has(well "card toy --show", "reproduced (~)\n", "reproduced 2, not reproduced 1")
  end)

  it("counts apart what is too uncertain to say", function()
    write("cards/toy.lua", (toy:gsub("@%u+@", ""):gsub("{ 9, 1 }", "{ 1, 0.3 }"))) -- 0.4 ± 1.6
    local out = well "card toy -q --save"
    assert.truthy(out:find "\nnear it +1%.0 ± 0%.3 +0%.4 ± 1%.6 +0%.18 +%S+  too uncertain\n", out)
    has(out, "reproduced 1, better 1, too uncertain 1, 1 without a verdict", "\nnear it: the share is made up\n")
    has(out:gsub("%s+", " "), "too uncertain: they overlap, and half")
    has(well "card --page cards/results", "| too uncertain |", "Verdicts: reproduced 1, better 1, too uncertain 1, 1 without a verdict.")
    write("cards/toy.lua", (toy:gsub("@%u+@", ""):gsub("{ 9, 1 }", "{ 1, 0.3 }"):gsub(', because = "[^"]*"', "")))
    assert.is_nil((well "card toy --show"):find("no explanation", 1, true)) -- there may be nothing to explain
  end)

  it("tells when the data are not what they were", function()
    well "card toy -q --save"
    assert.is_nil((well "card toy --show"):find("data now", 1, true))
    write("cards/toy.lua", (toy:gsub("@%u+@", ""):gsub("rng:normal%(5, 2%)", "rng:normal(5, 2) * 2")))
    has(well "card toy --show", "data now", "not those of 4 runs: digest ")
  end)

  it("says what the runs were made with, and not what a later card has", function()
    local function saved() return assert(fm.json.decode(read "cards/results/toy.json")) end
    local old, other = read "cards/toy.lua", (toy:gsub("@%u+@", ""):gsub("rng:normal%(5, 2%)", "rng:normal(5, 3)"))
    has(well "card toy -q", "made with", "fmrun " .. fm.version .. "; digest of the data: ")
    write("cards/toy.lua", other)
    has(well "card toy --show", "digest of the data: not known\n") -- nobody has said which they were
    write("cards/toy.lua", old)
    well "card toy --show --save"
    local before = saved()
    write("cards/toy.lua", other)
    for _ = 1, 2 do -- with the runs, and without
      has(well "card toy --show --save", "[5, 3], digest ", "digest of the data: " .. before.data.digest .. "\n", "data now")
      local now = saved()
      assert.same({ { { 5, 3 } }, before.digest, before.data.digest }, { now.data.shapes, now.rows[1].runs[2].code, now.rows[2].runs[1].data })
      assert(now.digest ~= before.digest and now.data.digest ~= before.data.digest)
      local page = well "card --page cards/results"
      has(page, ("fmrun %s; digest of the data: `%s`."):format(fm.version, before.data.digest), "The script of 4 runs had another text then.")
      assert.is_nil(page:find(now.data.digest, 1, true))
      shell "rm -rf runs"
    end
    assert.equal(before.date, saved().date)
  end)

  it("tells versions and commits apart, and knows no data of other code or another fmrun", function()
    write("cards/part.lua", "return 2")
    write("cards/toy.lua", (read "cards/toy.lua":gsub("return fm.experiment", 'require "part"\n%0', 1)))
    well "card toy -q"
    local paths = stopping.lines(select(2, shell "ls -d runs/toy_card/sweep-*/*/"))
    local function change(path, from, to) write(path .. "run.json", (read(path .. "run.json"):gsub(from, to, 1))) end
    change(paths[1], '"fmrun":"[^"]*"', '"fmrun":"0.0.9"')
    change(paths[2], '"resumed"', '"commit":"0123abcd","dirty":true,%0')
    local digest = json "card toy --show --json".data.digest
    has((well "card toy --show":gsub("%s+", " ")), ("fmrun 0.0.9 (1 run), %s (3 runs); digest of the data: %s (3 runs), not known (1 run)"):format(
      fm.version, digest), "; commit: 0123abcd, with changes (1 run), not known (3 runs)")
    write("cards/part.lua", "return 3") -- what it draws may be something else now
    has((well "card toy --show":gsub("%s+", " ")), "digest of the data: not known; commit")
  end)

  it("makes a page of what was saved, and of other tables", function()
    shell "mkdir -p cards/results"
    has(well "card --page cards/results", "# Measured results", "There are no results yet.")
    well "card toy -q --save"
    local first = { title = "first *one*", columns = { "name", "value" }, rows = { { "a_b", 0.123456 }, { "[c]", "1 ± 2" }, { "d" } },
      notes = { "A note.", "Another." } }
    write("cards/results/other.json", fm.json.encode { title = "Some | tables", command = "fmrun -m x.lua", machine = "a box", seconds = 90.5,
      notes = "All of it.", tables = { first, { columns = { "x" }, rows = fm.json.array {} } } })
    write("cards/results/notes.txt", "not read")
    local out = well "card --page cards/results"
    has(out, "## toy\n\n**A toy**\n")
    has(out, "\nNobody 2026, table 1. `fmrun card toy`, 20", ": 4 runs, ", "\n- solver: none at all\n", "**the distance** (`w2`, lower is better)",
      "| near it | 1.02 ± 0.05 | 1.015 ± 0.064 | 0.0071 | 0.38 | reproduced |", "- near it: the share is made up\n",
      "`fmrun cards/toy.lua kind=near seed=1`", "Verdicts: reproduced 1, better 1, not reproduced 1, 1 without a verdict.")
    has(out, "## other\n\n**Some \\| tables**\n\n`fmrun -m x.lua`: 1m31s in all; a box.\n\nAll of it.\n\n**first \\*one\\***\n",
      "| name | value |\n|---|---:|\n| a_b | 0.1235 |\n| \\[c] | 1 ± 2 |\n| d |  |\n\nA note.\n\nAnother.\n\n| x |\n|---|\n")
    local page = require "fm.cli.help.pages".parse("results", out)
    assert.same({ "Measured results", 78 }, { page.title, page.order })
    local begun, one = '{"title":"t","command":"c","seconds":1', '{"columns":["a"],"rows":'
    for text, message in pairs {
      ["[1]"] = "no object", ["{}"] = "command: expected a string, found nil", ['{"kind": "card"}'] = "expected a",
      [read "cards/results/toy.json":gsub('"seed": ?%d', '"seed":"x"')] = "rows: expected a list, each with name,",
      [read "cards/results/toy.json":gsub('"seed": ?2', '"seed":1')] = "rows[1] (near it): seed 1 is there twice",
      [read "cards/results/toy.json":gsub('"seed": ?1', '"seed":0')] = "rows: expected a list, each with name,",
      [read "cards/results/toy.json":gsub('"seconds": ?([%d.]+,\n? *"seed")', '"seconds":-%1')] = "rows: expected a list, each with name,",
      [read "cards/results/toy.json":gsub('"seconds": ?([%d.]+,\n? *"seeds")', '"seconds":-%1')] = "seconds: expected a number >= 0",
      [read "cards/results/toy.json":gsub('"seeds": ?2', '"seeds":-3')] = "seeds: expected a whole number >= 1",
      [read "cards/results/toy.json":gsub('"protocol": %[', '"protocol": [1,')] = "protocol: expected a list, each with a name and a text",
      [read "cards/results/toy.json":gsub('"key"', '"kee"')] = "results: expected a list, each with key,",
      [begun .. ',"tables":[]}'] = "machine: expected a text, found nil",
      [begun .. ',"machine":"m","tables":[' .. one .. "[[1,2]]}]}"] = "tables[1].rows[1]: 2 cells, and there are 1 columns",
      [begun .. ',"machine":"m","tables":[' .. one .. "[[true]]}]}"] = "tables[1].rows: expected lists of texts and numbers",
      [begun .. ',"machine":"m","tables":[{"columns":[],"rows":[]}]}'] = "tables[1].columns: expected a list of texts",
      [begun .. ',"machine":"m","notes":1,"tables":[]}'] = "notes: expected a text or a list of texts",
    } do
      write("cards/results/other.json", text)
      local code, _, err = call "card --page cards/results"
      assert.equal(1, code, text)
      has(err, "cards/results/other.json: ", message)
    end
  end)

  it("says that a result cannot be written, and which card's data cannot be drawn", function()
    well "card toy -q --seeds 1"
    write("cards/results", "a file")
    local code, _, err = call "card toy --seeds 1 --show --save"
    assert.equal(1, code)
    assert.truthy(err:find "^fmrun: cards/results[^\n]*\n$", err)
    assert.equal("a file", read "cards/results")
    for drawn, message in pairs { ['error "there is none"'] = "there is none", ['return rng:normal(1), { 1 }'] = "expected tensors, found a table" } do
      write("cards/toy.lua", (toy:gsub("@%u+@", ""):gsub("return rng:normal%(5, 2%)", drawn)))
      code, _, err = call "card toy --show"
      assert.equal(1, code)
      has(err, "fmrun: cards/toy.lua: card: data: ", message)
      assert.equal(1, #stopping.lines(err))
    end
  end)

  it("shows several cards, an empty line between them, and ends with the worst of their codes", function()
    write("cards/other.lua", (read "cards/toy.lua":gsub('title = "A toy"', 'title = "Another"')))
    local one, other = well "card toy --show", well "card other --show"
    assert.equal(one .. "\n" .. other, (well "card toy other --show"))
    assert.equal(2, #stopping.lines((well "card toy other --show --json")))
    assert.equal((well "card toy -n") .. (well "card other -n"), (well "card toy other -n"))
    write("cards/other.lua", (read "cards/other.lua":gsub("run:keeps", "error 'no' run:keeps")))
    assert.equal(1, (call "card other toy -q --seeds 1 -j 2"))
  end)

  it("passes over runs of parameters that the script has no longer", function()
    card { MORE = ", later = 3" }
    well "-q cards/toy.lua kind=near seed=1 later=3"
    has(well "card toy --show", "1 run in runs")
    card()
    has(well "card toy --show", "0 runs in runs")
  end)

  it("says where there are no cards at all, with an fmrun that has none beside it", function()
    shell "rm -r cards; mkdir -p own/bin; cp $FMRUN own/bin/fmrun; mkdir -p own/lua"
    shell(("cp -r %s/lua/fm own/lua/fm"):format(stopping.root))
    local function own(words) return shell("own/bin/fmrun " .. words) end
    assert.same({ 0, "CARD  ROWS  SEEDS  RESULT  SOURCE\n", "there are no cards here: none in ./cards\n" }, { own "card" })
    assert.same({ 1, "", "fmrun: there is no folder experiments/cards beside this fmrun\n" }, { own "card --page" })
    shell "mkdir cards"
    card()
    local code, out, err = own "card"
    assert.same({ 0, "CARD  ROWS  SEEDS  RESULT  SOURCE\ntoy      2      2  none    Nobody 2026, table 1\n", "" }, { code, out, err })
    assert.equal(0, (own "card toy -q --save --seeds 1"))
    has(own "card" == 0 and read "out", "toy      2      2  1 seed, 20")
    assert.equal("cards/toy.lua", assert(fm.json.decode(read "cards/results/toy.json")).script)
    shell "mkdir -p own/experiments; mv cards own/experiments/cards"
    has(own "card" == 0 and read "out", "toy      2      2  1 seed, 20")
    assert.equal(0, (own "card toy -q --save --seeds 1"))
    assert.equal("experiments/cards/toy.lua", assert(fm.json.decode(read "own/experiments/cards/results/toy.json")).script) -- wherever that fmrun is
  end)

  it("says what is wrong", function()
    for arguments, message in pairs {
      ["card tyo"] = 'there is no card "tyo"; did you mean "toy"?', ["card --list toy"] = '--list takes no names, found "toy"',
      ["card toy --seeds 0"] = "--seeds: expected a whole number >= 1", ["card toy --show -n"] = "--show or -n, not both",
      ["card toy --sed 1"] = 'unknown option "--sed"',
      ["card toy --seeds 5001"] = "--seeds: 10002 runs, over the limit of 10000", ["card --page a b"] = "--page: expected one folder, found 2 words",
      ["card toy --seeds 4611686018427387904"] = "--seeds: 9223372036854775808 runs, over the limit", -- as whole numbers the product is 0
      ["card toy --save -n"] = "--save or -n, not both",
    } do
      local code, _, err = call(arguments)
      assert.equal(2, code, err)
      has(err, message)
    end
    local alone <const> = { json = "--json", show = "--show", save = "--save", add = "--add", ["seeds 1"] = "--seeds", ["jobs 2"] = "--jobs",
      ["threads 1"] = "--threads", ["runs r"] = "--runs", ["timeout 9s"] = "--timeout", ["fail-fast"] = "--fail-fast", list = "--list",
      ["dry-run"] = "--dry-run" }
    for what, taken in pairs { ["--page"] = "", ["--list"] = "json list", ["toy --show"] = "json show save add seeds runs list dry-run" } do
      for word, flag in pairs(alone) do
        if not taken:find(word:match "%S+", 1, true) then
          local result = { call(("card %s --%s"):format(what, word)) }
          assert.same({ 2, "" }, { result[1], result[2] }, what .. " " .. word)
          has(result[3], ("card: %s does not go with "):format(flag))
        end
      end
    end
    local nowhere = { call "card --page nofolder" }
    assert.same({ 1, "" }, { nowhere[1], nowhere[2] })
    has(nowhere[3], "--page: nofolder is no folder")
    assert.equal(1, (call "card --page cards/toy.lua"))
    write("plain.lua", "local fm = require 'fm' return fm.experiment { run = function() end }")
    write("wrong.lua", "local fm = require 'fm' return fm.experiment { run = function() end, card = { seeds = 1 } }")
    write("tensor.lua", (toy:gsub("@%u+@", ""):gsub("return rng:normal%(5, 2%)", "return 5")))
    for path, message in pairs { ["./plain.lua"] = "./plain.lua: the experiment has no card", ["./wrong.lua"] = "experiment: card: data is missing",
      ["./nothing.lua"] = "nothing.lua", ["./tensor.lua --show"] = "./tensor.lua: card: data: expected tensors, found a number" } do
      local code, _, err = call("card " .. path)
      assert.equal(1, code, err)
      has(err, message)
    end
  end)
end)

describe("the cards of fm", function()
  local cards <const>, card_result <const>, card_runs <const> = require "fm.cli.cards", require "fm.records.card_result", require "fm.cli.card_runs"

  local function lacks(card)
    local said, list = {}, {}
    for _, pair in ipairs(card.protocol) do said[pair[1]] = true end
    for _, name in ipairs { "metric", "solver", "evaluations", "batch", "reference set", "published error bar" } do
      if not said[name] then list[#list + 1] = name end
    end
    return table.concat(list, ", ")
  end

  --- Whether numbers come out here as on the machine of a result: same kernels, same precision.
  local function is_like_here(there)
    local here = require "fm.cli.machine".here()
    return there.kernels == here.kernels and there.real == here.real
  end

  --- A value as it is after it was written to a file, as a text.
  local function written(value)
    return fm.json.encode(assert(fm.json.decode(fm.json.encode({ value })))[1])
  end

  --- The names of what a reader of a result is told otherwise than the card says now: published
  --- numbers, explanations, protocol, data, and the digest of the script.
  local function stale(script, result)
    local list, rows = {}, {}
    local said = card_runs.said(script)
    for i, row in ipairs(result.rows) do
      rows[i] = { name = row.name, params = row.params, config = row.config, published = row.published, because = row.because }
      local now = said.rows[i]
      for key, value in pairs(now or {}) do
        if written(value) ~= written(rows[i][key]) then list[#list + 1] = ("%s of %s"):format(key, row.name) end
      end
    end
    if written(said.rows) ~= written(rows) then list[#list + 1] = "rows" end
    said.rows, said.data = nil, is_like_here(result.machine) and said.data or nil
    for key, value in pairs(said) do
      if written(value) ~= written(result[key]) then list[#list + 1] = key end
    end
    table.sort(list)
    return table.concat(list, ", ")
  end

  it("say how the numbers were made, want five seeds, and their results say what they say", function()
    local count = 0
    for _, name in ipairs(select(2, cards.all())) do
      local script, message, is_part = cards.open((cards.all())[name], {})
      if not is_part then
        assert(script, message)
        assert.equal("", lacks(script.card), name .. ": its protocol does not say")
        assert(script.card.seeds >= 5, name .. ": too few seeds")
        local result, problem, missing = card_result.read(script.result)
        assert(result or missing, problem)
        local advice = ("%s was saved before the card changed: fmrun card %s --show --save, then --page"):format(script.result, name)
        assert.equal("", result and stale(script, result) or "", advice)
        count = count + 1
      end
    end
    assert(count >= 1)
  end)

  it("have their results on the page of the manual", function()
    stopping.open()
    local page = well "card --page"
    stopping.close()
    local path = require "fm.cli.help.pages".folder() .. "results.md"
    local file <close> = assert(io.open(path))
    assert(file:read "a" == page, "results.md is not what the results say: fmrun card --page >lua/fm/manual/results.md")
  end)
end)
