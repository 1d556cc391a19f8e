-- fmrun verify: its rows as a table and as JSON, exit codes, a case by name, cases of a user, and
-- that a broken formula, in a copy of fmrun with its own files, fails.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"

local has <const> = shell.has

--- The rows of `fmrun verify WORDS --json`, the exit code, and what it said.
local function rows(words, fmrun)
  local code, out, err = shell.run(("%s verify %s --json"):format(fmrun or shell.fmrun, words))
  local list = {}
  for i, line in ipairs(shell.lines(out)) do list[i] = assert(fm.json.decode(line)) end
  return list, code, err
end

--- A copy of fmrun with the Lua files of this tree, as an installed one has them.
local function copy()
  local folder <const> = shell.folder .. "/copy"
  assert(os.execute(("mkdir -p %s/bin && cp %s %s/bin/fmrun && cp -r %s/lua %s/lua"):format(folder, shell.fmrun, folder, lfs.currentdir(), folder)))
  return folder .. "/bin/fmrun", folder .. "/lua/fm/"
end

--- Changes a file, at one place.
local function change(path, from, to)
  local text = shell.read(path)
  local first, last = text:find(from, 1, true)
  assert(first, from)
  local file <close> = assert(io.open(path, "w"))
  file:write(text:sub(1, first - 1), to, text:sub(last + 1))
end

describe("verify", function()
  before_each(shell.open)
  after_each(shell.close)

  it("prints a table of one case, and how many rows hold", function()
    local code, out, err = shell.call "verify gaussian"
    assert.same({ 0, "" }, { code, err })
    local lines = shell.lines(out)
    has(lines[1], "CASE", "CHECKED", "ERROR", "BOUND", "TIME")
    for i = 2, #lines - 1 do assert.truthy(lines[i]:find "^ok  gaussian  .* %d%S* +%d%S* +%d+%.%ds$", lines[i]) end
    assert.truthy(lines[#lines]:find(("^%d rows of 1 case in %%d+%%.%%ds %%(%s%%): all within their bounds$"):format(#lines - 2, fm.real)), lines[#lines])
  end)

  it("gives a row as JSON: what was checked, error, bound and where it comes from", function()
    local list, code = rows "paths gaussian paths"
    assert.equal(0, code)
    assert.equal("paths", list[1].case) -- in the order of the words, each once
    assert.equal("gaussian", list[#list].case)
    for _, row in ipairs(list) do
      assert.is_true(row.ok and row.error <= row.bound and row.seconds >= 0 and #row.because > 5, row.what)
    end
  end)

  it("has the same errors whatever the threads and the cases beside it", function()
    local function errors(list)
      local found = {}
      for _, row in ipairs(list) do
        if row.case == "maps" then found[#found + 1] = { row.what, row.error, row.bound } end
      end
      return found
    end
    local alone = errors((rows "maps --threads 1"))
    assert.is_true(#alone > 3)
    assert.same(alone, errors((rows "maps paths guidance -j 3 --threads 4")))
  end)

  it("refuses a name that is no case, with the nearest", function()
    for words, text in pairs { gausian = 'there is no case "gausian"; did you mean "gaussian"?', ["paths ../paths"] = 'there is no case "../paths"',
      ["paths -j 0"] = '--jobs: expected a whole number >= 1, found "0"', ["paths --rows 3 maps"] = "--rows is for one case",
      ["paths --parent 3"] = "--parent goes with --rows", ["--list -j 2"] = "--jobs does not go with --list, which runs nothing" } do
      local code, out, err = shell.call("verify " .. words)
      assert.same({ 2, "" }, { code, out })
      has(err, text)
    end
  end)

  it("lists the cases; each says what it is about", function()
    local code, out = shell.call "verify --list --json"
    assert.equal(0, code)
    local names = {}
    for i, line in ipairs(shell.lines(out)) do
      local row = assert(fm.json.decode(line))
      names[i] = row.case
      assert.is_true(#row.about > 10 and #row.about <= 110, row.case)
    end
    assert.same(shell.names("lua/fm/verify", "%.lua$"), (function()
      local files = {}
      for i, name in ipairs(names) do files[i] = name .. ".lua" end
      return files
    end)())
  end)

  it("runs a user's own case, and says why one failed", function()
    assert(lfs.mkdir(shell.folder .. "/fm") and lfs.mkdir(shell.folder .. "/fm/verify"))
    local own <const> = {
      own_row = [[case:row("a", 2, 1, "a limit of mine") case:row("b", 0, 0, "exact") case:mean("c", { 1, 2, 3 }, 2)]],
      own_nan = [[case:row("nan", 0 / 0, 1, "any number")]], own_error = [[case:row("a", 0, 1, "x") error "it broke"]],
      own_nothing = "", own_end = "os.exit(0)",
      own_crash = "os.exit(7)",
    }
    for name, text in pairs(own) do
      shell.write("fm/verify/" .. name .. ".lua", ("return { about = 'x', run = function(case) %s end }"):format(text))
    end
    shell.write("fm/verify/own_broken.lua", "return {")
    local fmrun <const> = ("LUA_PATH='%s/?.lua;;' %s"):format(shell.folder, shell.fmrun)
    local code, out = shell.run(fmrun .. " verify own_row")
    assert.equal(1, code)
    has(out, "BAD  own_row  a ", "ok   own_row  b ", "ok   own_row  c ", "own_row: a: the bound is a limit of mine",
      "3 rows of 1 case", "1 not within its bound")
    for name, text in pairs { own_error = "it broke", own_nothing = "it checked nothing", own_crash = "exit code 7",
      own_end = "it ended in the middle with exit code 0", own_broken = "own_broken.lua" } do
      local list
      list, code = rows(name, fmrun)
      assert.same({ 1, false, "runs to its end" }, { code, list[#list].ok, list[#list].what })
      has(list[#list].problem, text)
    end
    local list = rows("own_nan", fmrun)
    assert.same({ false, "nan" }, { list[1].ok, list[1].error })
    code, out = shell.run(fmrun .. " verify own_nan")
    assert.equal(1, code)
    has(out, "BAD  own_nan  nan", "nan      1")
  end)

  it("lists a case on a line, also one that does not load, and passes over what is no case", function()
    assert(lfs.mkdir(shell.folder .. "/fm") and lfs.mkdir(shell.folder .. "/fm/verify"))
    shell.write("fm/verify/a_word.lua", "return 3")
    shell.write("fm/verify/a_torn.lua", "return {")
    shell.write("fm/verify/a_long_name.lua", "return { about = 'x y', run = function() end }")
    shell.write("fm/verify/a_mute.lua", "return { run = function() end }")
    local fmrun <const> = ("LUA_PATH='%s/?.lua;;' %s"):format(shell.folder, shell.fmrun)
    local code, out = shell.run(fmrun .. " verify --list a_word a_torn a_long_name a_mute a_torn")
    assert.same({ 0, "a_word      its file does not load\na_torn      its file does not load\na_long_name x y\na_mute      \n" }, { code, out })
    local list
    list, code = rows("a_word", fmrun)
    assert.same({ 1, false, shell.folder .. "/fm/verify/a_word.lua: expected { about = text, run = function }" }, { code, list[1].ok, list[1].problem })
  end)

  it("ends at a signal with its code, and prints no table then", function()
    assert(lfs.mkdir(shell.folder .. "/fm") and lfs.mkdir(shell.folder .. "/fm/verify"))
    shell.write("fm/verify/a_slow.lua", "return { about = 'x', run = function() io.open('began', 'w'):close() while true do end end }")
    for signal, code in pairs { INT = 130, TERM = 143 } do
      assert.same({ code, "", "" }, { shell.run(([[rm -f began; LUA_PATH='%s/?.lua;;' timeout 20 %s verify a_slow & p=$!
        for i in $(seq 200); do [ -e began ] && break; sleep 0.02; done
        kill -%s $p; wait $p]]):format(shell.folder, shell.fmrun, signal)) })
    end
  end)

  -- The whole list takes minutes: fmrun tests/verify/mutate.lua
  it("finds formulas that are wrong, of the list of mutations, by cases that use them", function()
    local mutate <const> = ("%s %s/tests/verify/mutate.lua -- "):format(shell.fmrun, lfs.currentdir())
    local code, out, err = shell.run(mutate .. "path_slope_sign map_without_length cases=maps,paths")
    assert.same({ 0, "" }, { code, err })
    has(out, "path_slope_sign              lua/fm/flow/path/cosine.lua            1\n    paths: slopes of a, s, gamma",
      "map_without_length           lua/fm/flow/map_loss/lsd.lua           1\n    maps: loss of the map, lsd", "2 of 2 mutations found")
    code, out = shell.run(mutate .. "path_slope_sign map_without_length cases=maps")
    assert.equal(1, code)
    has(out, "cosine.lua            NONE", "1 of 2 mutations found")
    code, out, err = shell.run(mutate .. "path_slop_sign")
    assert.same({ 1, "", "there is no mutation path_slop_sign\n" }, { code, out, err })
  end)

  it("says of which map loss it has no formula", function()
    local fmrun, lua = copy()
    local file <close> = assert(io.open(lua .. "flow/map_loss/lagged.lua", "w"))
    file:write "return function(rows) return rows:u(rows.x1, rows.s, rows.t), rows.x1 end"
    file:close()
    local list, code = rows("maps", fmrun)
    assert.same({ 1, "runs to its end", "verify has no formula of the map loss lagged" }, { code, list[#list].what, list[#list].problem })
  end)

  it("lists mutations of places that are there, once", function()
    local names = {}
    for _, mutation in ipairs(dofile "tests/verify/mutations.lua") do
      local text = shell.read(lfs.currentdir() .. "/" .. mutation.file)
      local _, last = text:find(mutation.from, 1, true)
      assert(last and not text:find(mutation.from, last, true), mutation.name)
      assert.is_nil(names[mutation.name])
      names[mutation.name] = true
    end
  end)

  it("fails when a formula is wrong, in an installed copy as here", function()
    local fmrun, lua = copy()
    local list, code = rows("gaussian maps", fmrun)
    assert.equal(0, code)
    assert.is_true(#list > 10)
    change(lua .. "flow/score.lua", "predictions.velocity, predictions.score", "predictions.velocity, predictions.noise")
    change(lua .. "flow/map.lua", "coefficients.over_rows(t - s, x)", "coefficients.over_rows(t, x)")
    list, code = rows("gaussian maps paths", fmrun)
    assert.equal(1, code)
    local failed = {}
    for _, row in ipairs(list) do
      if not row.ok then failed[row.case] = (failed[row.case] or 0) + 1 end
    end
    assert.same({ gaussian = 1, maps = 2 }, failed)
  end)
end)
