-- What the commands say about a folder of runs that is always the same, word for word, and the
-- pages of reports: each beside its file in transcripts/, which a person has read. After a change
-- that is meant, FM_TRANSCRIPTS=write makes the files anew; `git diff` then shows what changed.
-- What is drawn on a terminal is tested elsewhere.
local lfs <const> = require "lfs"
local make <const> = dofile "tests/cli/transcripts.lua"
local shell <const> = require "cli.shell"

local here <const> = shell.here .. "/transcripts/"

--- Ages, the time of a page, and places are not always the same.
local function steady(text)
  local folder <const>, fmrun <const> = shell.folder:gsub("%p", "%%%0"), shell.fmrun:gsub("%p", "%%%0")
  text = text:gsub(folder, "FOLDER"):gsub(fmrun, "FMRUN"):gsub("%f[%w]%d+d%f[%W]", "AGE")
  return (text:gsub("report, [%d-]+ [%d:]+ UTC", "report, NOW"))
end

--- Nor is how long a run took, when it began, and its memory, which one that ends at once may not
--- have; one that takes long says how far it is.
local function timeless(text)
  text = text:gsub('{"event":"progress"[^\n]*\n', ""):gsub("\nlearn  step [^\n]*", "")
  text = text:gsub(" +%d[%dm.]*s%f[%W]", " TIME"):gsub('("seconds":)[%d.e-]+', "%1TIME"):gsub('"peak_rss":%d+,', "")
  text = text:gsub("%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d%-", "NOW-")
  return (text:gsub("(NOW%-%x%x%x%x%x%x%x%x)%-%d+", "%1")) -- the second of that second has a number
end

--- A page without what its style and its scripts hold, a line for each element.
local function page(text)
  text = text:gsub("<style>.-</style>", "<style></style>"):gsub("<script>.-</script>", "<script></script>")
  return (text:gsub("><", ">\n<"))
end

local function compare(name, text)
  if os.getenv "FM_TRANSCRIPTS" == "write" then return shell.write_at(here .. name, text) end
  local wanted, found = shell.lines(shell.read(here .. name)), shell.lines(text)
  for i, line in ipairs(wanted) do assert.equal(line, found[i], ("%s:%d"):format(name, i)) end
  assert.equal(#wanted, #found, name)
end

local function transcript(name, list, mend)
  local parts = {}
  for _, words in ipairs(list) do
    local code, out, err = shell.run(("COLUMNS= FM_RUNS= %s %s"):format(shell.fmrun, words))
    parts[#parts + 1] = ("$ fmrun %s\n%s%s%s"):format(words, out, err, code == 0 and "" or ("exit code %d\n"):format(code))
  end
  local text <const> = steady(table.concat(parts, "\n"))
  compare(name, mend and mend(text) or text)
end

function shell.write_at(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

describe("word for word", function()
  setup(function()
    shell.open()
    make(shell.folder)
  end)
  teardown(shell.close)

  it("commands that look at runs", function()
    transcript("looking.txt", { "ls", "ls toy --sort w2", "ls --failed", "ls --status done --where 'lr<0.15' --where n=3 --sort -lr", "ls other --json",
      "ls --where 'w2<0'", "ls --sort w3", "show aaaa0001", "show aaaa0001 --json", "show aaaa0001 --code", "show c0ffee00", "show cccc0001",
        "show cccc0002",
      "show cccc0003", "log aaaa0001", "log aaaa0002", "path @-2", "diff aaaa0001 aaaa0002", "diff aaaa0001 cccc0001 --json", "rm cccc0002" })
  end)

  it("commands that compare and export them", function()
    transcript("comparing.txt", { "compare toy", "compare c0ffee00", "compare c0ffee00 --each --sort -w2",
      "compare c0ffee00 --csv --metric w2 --metric loss:min",
      "compare c0ffee00 --json --metric loss:mean:5 --metric spikes", "compare toy other --metric w2 --sort lr", "compare c0ffee00 --metric w3",
      "export aaaa0002 --to csv", "export bbbb0001 bbbb0002 --to csv | head -3", "compare aaaa0001",
        "export aaaa0001 --to tensorboard && cat tensorboard/*/*/* | cksum" })
  end)

  it("what a script declares, and the runs that words ask for", function()
    transcript("planning.txt", { "params toy.lua", "params toy.lua --json", "-n toy.lua lr=0.5", "-n -m toy.lua lr=1,2 seed=1:3 preset=quick",
      "-n -m toy.lua 'lr=log(1e-3,1)' n=1:9 --random 4 --sweep-seed 3", "-m toy.lua lr=1:2:0.5 -j 2 --emit parallel",
        "-m toy.lua lr=1,2 --emit slurm --threads 3",
      "toy.lua lrr=3", "toy.lua lr=11", "toy.lua lr=1,2", "toy.lua path=vq", "-n -m toy.lua lr=1,1", "-n -m toy.lua lr=1:3 --max-runs 2",
        "toy.lua --seed x",
      "completion --line 'fmrun toy.lua '", "completion --line 'fmrun show '", "completion --line 'fmrun ls --status '" })
  end)

  it("runs as they go, and what ends one", function()
    transcript("running.txt", { "-o new learn.lua", "-o new learn.lua lr=3", "-o new learn.lua lr=4", "-o new -m learn.lua lr=1:3 -j 1",
      "-o new -m learn.lua lr=1:2 -j 1",
      "-o new --json learn.lua", "-o new --json -m learn.lua lr=2,3 -j 1", "-o new -q learn.lua lr=5" }, timeless)
  end)

  it("a card, and the page of results", function()
    transcript("card.txt", { "card ./mine.lua --show", "card ./mine.lua --show --json", "card ./mine.lua -n", "card results --page" })
  end)

  it("the site of a small manual: one page whole, and what the others have in their middle", function()
    assert.same({ 0, "site/index.html   9 pages\n", "" }, { shell.call(("%s/small_site.lua -- site"):format(shell.here)) })
    local names <const>, parts = shell.names(shell.folder .. "/site"), {}
    assert.equal("commands.html first.html flows_pairs.png fm.Thing.html fm.flow.html fm.loose.html fm.room.html index.html index.js second.html "
      .. "site.css site.js third.html", table.concat(names, " "))
    for _, name in ipairs(names) do
      local text = shell.read(shell.folder .. "/site/" .. name)
      if name ~= "first.html" then text = text:match "<main>(.*)</main>" or text end
      if name:find "%.html$" or name == "index.js" then parts[#parts + 1] = ("== %s\n%s"):format(name, text:gsub("><", ">\n<"):gsub("%],%[", "],\n[")) end
    end
    compare("site.txt", (table.concat(parts, "\n"):gsub("The manual of fmrun [^<]*", "The manual of fmrun VERSION")))
  end)

  it("the page of a run, of a sweep and of what fits a condition", function()
    for name, words in pairs { ["run.html"] = "aaaa0001", ["sweep.html"] = "c0ffee00", ["highest.html"] = "c0ffee00 --metric accuracy:max",
      ["mixed.html"] = "toy other --where 'steps=40'", ["failed.html"] = "cccc0001" } do
      local code, out, err = shell.run(("FM_CHART_JS=/dev/null %s report %s -o page.html"):format(shell.fmrun, words))
      assert.same({ 0, "" }, { code, err }, out)
      compare(name, steady(page(shell.read(shell.folder .. "/page.html"))))
    end
    assert.truthy(lfs.attributes(shell.folder .. "/page.html"))
  end)
end)
