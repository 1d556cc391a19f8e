-- run:table: the file that it leaves, and who shows it.
local fm <const> = require "fm"
local stopping <const> = require "cli.stopping"

local call <const>, experiment <const>, read <const>, record <const> = stopping.call, stopping.experiment, stopping.read, stopping.record

local function has(text, ...)
  for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text:sub(1, 2000))) end
end

describe("a table of results", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("is a CSV file, told in run.json, printed by show and part of the page", function()
    experiment("x.lua", [[
      print(run:table("claims", { title = "What <holds>", columns = { "method", "W2, squared", "says" }, notes = "one seed", rows = {
        { "flow", 1 / 3, 'the "best"' }, { "ddpm", fm.tensor { 2.5 } }, { nil, 1 / 0, "no" } } }))
      run:table("sub/empty", { columns = { "a" }, rows = {} })]])
    local code, out, err = call "x.lua --folder r"
    assert.equal(0, code, err)
    has(out, "r/claims.csv")
    local third <const> = fm.json.encode(1 / 3)
    assert.equal(('method,"W2, squared",says\nflow,%s,"the ""best"""\nddpm,2.5,\n,inf,no\n'):format(third), read "r/claims.csv")
    assert.equal("a\n", read "r/sub/empty.csv")
    assert.same({ ["claims.csv"] = { title = "What <holds>", notes = { "one seed" } }, ["sub/empty.csv"] = { title = "", notes = {} } }, record "r".tables)
    local _, shown = call "show r"
    has(shown, "What <holds>", 'flow         0.3333  the "best"', "ddpm            2.5\n", "inf  no", "one seed", "sub/empty   table")
    assert.equal(0, (call "report r"))
    has(read "r/report.html", "<h2>Tables of results</h2>", "<h3>What &lt;holds&gt;</h3>", '<td class="number" title="0.333333', ">0.3333</td>",
      "the &quot;best&quot;", '<p class="note">one seed</p>', "<h3>sub/empty</h3>")
    assert.equal(0, (call "rm -f r"))
    assert.falsy(stopping.exists "r")
  end)

  it("is stated again by a run that goes on, and its file is written once", function()
    experiment("x.lua", [[
      run:table("before", { columns = { "a" }, rows = { { 1 } } })
      run:keeps { n = { 0 } }
      for step in run:steps(p.steps) do
        if step == p.at and not os.getenv "CALM" then kill "KILL" end
      end
      run:table("after", { columns = { "a" }, rows = { { 2 } } })]], "at = 33,")
    assert.equal(137, (call "-q x.lua --folder r --checkpoint-every 10"))
    assert.truthy(record "r".tables["before.csv"])
    local code, _, err = stopping.shell "CALM=1 $FMRUN -q resume r"
    assert.equal(0, code, err)
    assert.truthy(record "r".tables["before.csv"] and record "r".tables["after.csv"])
    assert.equal("a\n2\n", read "r/after.csv")
  end)

  it("is refused at the script's line when it is no table", function()
    stopping.refused(experiment, {
      ["run:table()"] = "table: expected the name of a file, found nil",
      ["run:table('', { columns = { 'a' }, rows = {} })"] = 'table: expected the name of a file, found ""',
      ["run:table('a\\nb', { columns = { 'a' }, rows = {} })"] = "table: expected the name of a file on one line",
      ["run:table('a')"] = "table: expected a table with columns and rows, found nil",
      ["run:table('a', { columns = {}, rows = {} })"] = "table: columns: expected at least one name, found none",
      ["run:table('a', { columns = { 'a' } })"] = "table: rows: expected a list, found nil",
      ["run:table('a', { columns = { 'a', 3 }, rows = {} })"] = "table: columns: entry 2: expected a text, found 3",
      ["run:table('a', { columns = { x = 'a' }, rows = {} })"] = 'table: columns: expected a list, found the key "x"',
      ["run:table('a', { columns = { 'a' }, rows = { { 1, 2 } } })"] = "table: row 1 has 2 cells, and there are 1 columns",
      ["run:table('a', { columns = { 'a' }, rows = { [2] = { 1 } } })"] = "table: rows: entry 1 is missing",
      ["run:table('a', { columns = { 'a' }, rows = { { 1 }, nil, { 3 } } })"] = "table: rows: entry 2 is missing",
      ["run:table('a', { columns = { 'a' }, rows = { { true } } })"] = "table: row 1: cell 1: expected a number or a text, found true",
      ["run:table('a', { columns = { 'a' }, rows = { { 'a\\nb' } } })"] = "table: row 1: cell 1: expected a text on one line",
      ["run:table('a', { columns = { 'a' }, rows = {}, note = 'b' })"] = 'table: unknown option "note"; did you mean "notes"?',
      ["run:table('../a', { columns = { 'a' }, rows = {} })"] = "table: expected the name of a file inside the run's folder",
      ["run:table('a', { columns = { 'a' }, rows = {} }, 3)"] = "table: unexpected argument 3",
    })
  end)

  it("that was damaged is named, and hurts nothing else", function()
    experiment("x.lua", "for _, n in ipairs { 'a', 'b', 'c', 'd' } do run:table(n, { columns = { 'n', 'm' }, rows = { { 1, 2 } } }) end")
    assert.equal(0, (call "-q x.lua --folder r"))
    stopping.write("r/a.csv", '"n,m\n1,2\n')
    stopping.write("r/b.csv", "n,m\n1\n")
    stopping.write("r/c.csv", "")
    local _, shown = call "show r"
    has(shown, "a.csv: line 1: a quote stays open", "b.csv: line 2: expected 2 cells, found 1", "c.csv: it is empty", "d           table\nn  m\n1  2\n")
    assert.equal(0, (call "report r"))
    has(read "r/report.html", "Not read: b.csv: line 2: expected 2 cells", "<h3>d</h3>")
    stopping.write("r/run.json", (read "r/run.json":gsub('"a.csv":', '"../a.csv":')))
    _, shown = call "show r"
    has(shown, "run.json: tables: expected names of files with title and notes")
  end)

  it("is made of other runs: fm.runs reads them", function()
    experiment("x.lua", "run:summary { w2 = p.a * run.seed } if p.a == 3 then error 'no' end", "a = 1,")
    call "-q -m x.lua a=1,3 seed=1:3 -o o"
    experiment("y.lua", [[
      local values, failed = {}, 0
      for _, found in ipairs(fm.runs("o", "x")) do
        if found.status == "done" then values[#values + 1] = found.summary.w2 else failed = failed + 1 end
      end
      local w2 = fm.mean_over_seeds(values)
      run:table("w2", { columns = { "mean", "half", "seeds", "failed" }, rows = { { w2.mean, w2.half, w2.n, failed } } })]])
    local code, _, err = call "-q y.lua --folder r"
    assert.equal(0, code, err)
    local mean, half, rest = read "r/w2.csv":match "\n([^,]+),([^,]+),([^\n]+)\n"
    assert.equal("2", mean)
    assert.truthy(math.abs(half - 4.302652729749464 / 3 ^ 0.5) < 1e-12, half) -- t of 2 degrees of freedom, deviation 1
    assert.equal("3,3", rest)
  end)
end)
