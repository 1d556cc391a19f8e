-- What may come next on a command line of fmrun, for lines of every kind.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local toy <const> = shell.here .. "/toy.lua"

describe("at the end of a line", function()
  setup(function()
    shell.open()
    shell.write("mine.lua", shell.read(toy))
    assert.equal(0, (shell.call "-q mine.lua steps=1 lr=2 --folder runs/toy/r1"))
    assert(os.execute(("cd %s && mkdir -p dir/sub .hid && touch a.txt .b.lua dir/c.lua 'sp ace.lua' dir/list"):format(shell.folder)))
    shell.write("plain.lua", "-- experiment\nreturn 3")
    shell.write("preset.lua", 'return require "fm".experiment { params = { n = { 3, "how many" } }, presets = { few = { n = 1 } }, run = function() end }')
    local sweep <const> = shell.folder .. "/runs/toy/sweep-0123abcd"
    assert(lfs.mkdir(sweep) and os.execute(("cp -r %s/runs/toy/r1 %s/89abcdef"):format(shell.folder, sweep)))
    for _, name in ipairs { "r1", "sweep-0123abcd/89abcdef" } do
      local path <const> = ("%s/runs/toy/%s/run.json"):format(shell.folder, name)
      local record <const> = shell.json(path)
      record.started, record.sweep = name == "r1" and "2020-01-01T00:00:00Z" or "2020-01-02T00:00:00Z", name:match "^sweep" and "toy/sweep-0123abcd"
      assert(fm.file.write(path, fm.json.encode(record)))
    end
  end)
  teardown(shell.close)

  --- What is offered, with what it means where `meanings`, one line.
  local function offered(line, meanings)
    local code, out, err = shell.run(("%s completion --line \"%s\""):format(shell.fmrun, line:gsub('"', '\\"')))
    assert.same({ 0, "" }, { code, err }, line)
    local words = {}
    for i, text in ipairs(shell.lines(out)) do words[i] = meanings and text or text:match "^[^\t]*" end
    return table.concat(words, "|")
  end

  it("comes what fits there", function()
    for line, words in pairs {
      ["fmrun show "] = "0123abcd|0123abcd/89abcdef|@-1|r1|toy", ["fmrun show r"] = "r1", ["fmrun show 0123abcd/"] = "0123abcd/89abcdef",
      ["fmrun --runs"] = "--runs", ["fmrun --runs "] = "dir/|runs/", ["fmrun -o d"] = "dir/", ["fmrun --runs=d"] = "--runs=dir/",
      ["fmrun --runs=dir/"] = "--runs=dir/sub/", ["fmrun ls --status d"] = "damaged|diverged|done",
      ["fmrun ls --status=d"] = "--status=damaged|--status=diverged|--status=done", ["fmrun report -o "] =
        "a.txt|dir/|err|mine.lua|out|plain.lua|preset.lua|runs/|sp ace.lua",
      ["fmrun report -o ."] = ".b.lua|.hid/", ["fmrun report --output=dir/"] = "--output=dir/c.lua|--output=dir/list|--output=dir/sub/",
      ["fmrun mine.lua "] = "diverge_at=|fail_at=|lr=|note=|path=|seed=|shout=|steps=", ["fmrun mine.lua p"] = "path=|plain.lua|preset.lua",
      ["fmrun preset.lua "] = "n=|preset=|seed=", ["fmrun preset.lua preset="] = "preset=few", ["fmrun card c2"] = "c2ot",
      ["fmrun help tuto"] = "tutorial", ["fmrun help pat"] = "path", ["fmrun help fm.ode.so"] = "fm.ode.solve", ["fmrun check "] =
        "dir/|mine.lua|plain.lua|preset.lua|runs/|sp ace.lua",
      ["fmrun check mine.lua pa"] = "path=", ["fmrun check mine.lua path="] = "path=linear|path=straight", ["fmrun check seed=1 mine.lua st"] = "steps=",
      ["fmrun params m"] = "mine.lua", ["fmrun params mine.lua "] = "", ["fmrun ls --where l"] = "lr", ["fmrun ls --where=l"] = "--where=lr",
      ["fmrun ls --nope="] = "", ["fmrun -q mine.lua sh"] = "shout=", ["fmrun mine.lua shout="] = "shout=false|shout=true",
      ["fmrun mine.lua steps="] = "steps=20", ["fmrun mine.lua lr=9"] = "", ["fmrun mine.lua nope="] = "", ["fmrun ./mine.lua dive"] = "diverge_at=",
      ["fmrun pa"] = "params|pareto|path", ["fmrun path -"] = "--help|--runs|-h|-o", ["fmrun none.lua st"] = "", ["fmrun plain.lua n"] = "",
      ["fmrun ls --runs runs to"] = "toy", ["fmrun ls --runs=runs to"] = "toy", ["fmrun ls --runs dir to"] = "", ["fmrun --seed 3 mine.lua dive"] =
        "diverge_at=", ["fmrun seed=1 mine.lua dive"] = "diverge_at=", ["fmrun - st"] = "",
      ["fmrun verify pa"] = "paths", ["fmrun completion f"] = "fish", ["fmrun dir/"] = "dir/c.lua|dir/sub/", ["fmrun ."] = ".b.lua|.hid/",
      ["fmrun --color "] = "always|auto|never", ["fmrun --color a"] = "always|auto", ["fmrun 'mine.lua' dive"] = "diverge_at=",
      ['fmrun check "mi'] = "", ["fmrun check 'sp"] = "", ["fmrun check 'mine.lua' 'path'='li'"] = "path=linear", ["fmrun  path   --ru"] = "--runs",
    } do
      assert.equal(words, offered(line), line)
    end
    assert.truthy(offered "fmrun ":find "^card|check|compare|.*|mine.lua|.*|verify|worker$")
  end)

  it("come the twenty newest runs, or all that begin with what is typed", function()
    local record <const> = shell.json(shell.folder .. "/runs/toy/r1/run.json")
    assert(os.execute(("mkdir -p %s/many/toy"):format(shell.folder)))
    for i = 1, 22 do
      local path <const> = ("many/toy/run%02d"):format(i)
      assert(lfs.mkdir(shell.folder .. "/" .. path))
      record.started = ("2020-01-01T00:00:%02dZ"):format(i)
      shell.write(path .. "/run.json", fm.json.encode(record))
    end
    local words <const> = {}
    for i = 1, 20 do words[i] = ("run%02d"):format(i + 2) end
    assert.equal("@-1|" .. table.concat(words, "|") .. "|toy", offered "fmrun show -o many ")
    assert.equal("run01|run02|run03", offered "fmrun show -o many run0":match "^run01|run02|run03")
  end)

  it("stands what it means", function()
    for line, wanted in pairs { ["fmrun show r"] = "r1\tdone AGE ago, lr=2 steps=1", ["fmrun show @"] = "@-1\tthe last run", ["fmrun show 0123abcd"] =
      "0123abcd\tsweep|0123abcd/89abcdef\tdone AGE ago, lr=2 steps=1", ["fmrun show t"] = "toy\texperiment",
      ["fmrun mine.lua l"] = "lr=\tlearning rate", ["fmrun preset.lua p"] = "plain.lua|preset.lua|preset=\tvalues of several parameters",
      ["fmrun preset.lua n="] = "n=3\thow many", ["fmrun path --r"] = "--runs\tfolder of the runs (else FM_RUNS, else ./runs)",
      ["fmrun dif"] = "diff\twhat two runs differ in: parameters, code, environment, results", ["fmrun verify pa"] = "paths" } do
      assert.equal(wanted, (offered(line, true):gsub("%d+d ago", "AGE ago")), line)
    end
    local paths <const> = require "fm.cli.cards".all()
    assert.equal("c2ot\t" .. paths.c2ot, offered("fmrun card c2o", true))
  end)
end)
