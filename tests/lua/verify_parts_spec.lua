-- What the cases of fmrun verify are made of, and what becomes of one that goes wrong. The cases
-- themselves: tests/cli/verify_spec.lua.
local case <const> = require "fm.verify.parts.case"
local checks <const> = dofile "tests/lua/checks.lua"
local files <const> = dofile "tests/whole_files.lua"
local fm <const> = require "fm"

--- The rows of a case that does f, without their times.
local function rows(f, name)
  local list <const> = {}
  case.run(name or "own", { run = f }, function(row)
    assert.truthy(row.seconds >= 0 and row.seconds < 10)
    row.seconds = nil
    list[#list + 1] = row
  end)
  return list
end

--- f() while fm finds more files: path in its folder -> text.
local function with_files(more, f)
  local folder <const>, own_path <const> = os.tmpname(), package.fm_path
  os.remove(folder)
  for path, text in pairs(more) do
    os.execute(("mkdir -p %s/%s"):format(folder, path:match "^(.*)/"))
    files.write(folder .. "/" .. path, text)
  end
  package.fm_path = own_path .. ";" .. folder .. "/?.lua"
  local ok, problem = pcall(f)
  package.fm_path = own_path
  os.execute("rm -r " .. folder)
  for path in pairs(more) do package.loaded[path:gsub("%.lua$", ""):gsub("/", ".")] = nil end
  rawset(fm.ode, "zz_refused", nil)
  if not ok then error(problem, 0) end
end

describe("a case of fmrun verify", function()
  setup(function() return fm.flow, fm.ode end)
  checks.no_bytes_stay(before_each, after_each)

  it("has a row for each thing that it checks: it holds up to its bound", function()
    local found <const> = rows(function(c)
      c:row("at", 0.5, 0.5, "why")
      c:row("over", 0.6, 0.5, "because")
      c:row("nan", 0 / 0, 1, "x")
    end)
    assert.same({ { case = "own", what = "at", error = 0.5, bound = 0.5, because = "why", ok = true }, { case = "own", what = "over", error = 0.6,
      bound = 0.5, because = "because", ok = false } }, { found[1], found[2] })
    assert.is_false(found[3].ok)
    assert.equal(3, #found)
  end)

  it("compares means to 5 standard errors and a bias, and tensors by their largest difference", function()
    local found <const> = rows(function(c)
      c:mean("list", { 1, 2, 3, 4 }, 2)
      c:mean("tensor", fm.tensor { { 1, 2 }, { 3, 4 } }, 2, 0.25, "more")
      c:row("apart", c.apart(fm.tensor { 1, -5 }, fm.tensor { 2, 1 }), c.apart(fm.tensor { 1, 4 }, 2), "x")
    end)
    local bound <const> = 5 * math.sqrt(5 / 3 / 4)
    assert.same({ 0.5, "5 standard errors of 4 draws", "5 standard errors of 4 draws, and more", 0.5 }, { found[1].error, found[1].because,
      found[2].because, found[2].error })
    assert.near(bound, found[1].bound, 1e-12)
    assert.near(bound + 0.25, found[2].bound, 1e-12)
    assert.same({ 6, 2 }, { found[3].error, found[3].bound })
  end)

  it("has a stream and networks of its own, always the same", function()
    local seen <const> = {}
    for i = 1, 2 do
      rows(function(c)
        seen[i] = { c.rng:number(), fm.nn.linear(1, 1).weight:item(), c.rounding }
        c:row("x", 0, 0, "")
      end, "mine")
    end
    assert.same(seen[1], seen[2])
    assert.same({ fm.rng(1, "verify mine"):number(), fm.real == "double" and 2.0 ^ -52 or 2.0 ^ -23 }, { seen[1][1], seen[1][3] })
  end)

  it("that raises or checks nothing has a row that says so", function()
    local broken <const> = rows(function(c)
      c:row("first", 0, 0, "")
      error("broken", 0)
    end)
    assert.same({ 2, "own", "runs to its end", false }, { #broken, broken[2].case, broken[2].what, broken[2].ok })
    assert.truthy(broken[2].problem:find "^broken\nstack traceback:\n", broken[2].problem)
    assert.same({ { case = "own", what = "runs to its end", ok = false, problem = "it checked nothing" } }, rows(function() end))
  end)

  it("has the worst of a list; a nan is worse than any number", function()
    local worst <const> = require "fm.verify.parts.worst"
    local function of(...)
      local list <const> = {}
      for i, value in ipairs { ... } do list[i] = { "n" .. i, value } end
      local asked <const> = {}
      local value, which = worst(list, function(thing, name)
        asked[#asked + 1] = name
        return thing
      end)
      return { value ~= value and "nan" or value, which, #asked }
    end
    assert.same({ 3, "n2", 3 }, of(1, 3, 2))
    assert.same({ 3, "n1", 2 }, of(3, 3))
    assert.same({ "nan", "n2", 2 }, of(1, 0 / 0, 9))
    assert.same({ math.huge, "none", 0 }, of())
    assert.same({ 0, "n1", 1 }, of(0))
    checks.raises_text("verify has no formula of the path bend", require "fm.verify.parts.formula_of", { a = 1 }, "path", "bend")
    assert.equal(1, require "fm.verify.parts.formula_of"({ a = 1 }, "path", "a"))
  end)

  it("has half of what shares are off, and what one draw in a million is above it", function()
    local variation <const> = require "fm.verify.parts.total_variation"
    local found <const> = rows(function(c) variation(c, fm.tensor { 1, 1, 2, 3 }, "cells", { 0.25, 0.25, 0.5 }, 0.125, "so") end)[1]
    assert.same({ "cells", 0.25, "its mean for 4 draws, what one in a million is above it, and so" }, { found.what, found.error, found.because })
    assert.near((2 * math.sqrt(0.1875 / 4) + math.sqrt(0.25 / 4)) / 2 + math.sqrt(7 / 4) + 0.125, found.bound, 1e-12)
  end)

  it("has every path that its name alone makes, and says what is wrong with another", function()
    local plain_paths <const> = require "fm.verify.parts.plain_paths"
    local names <const> = {}
    for i, entry in ipairs(plain_paths()) do
      names[i] = entry[1]
      assert.equal("table", type(entry[2]))
    end
    assert.truthy(table.concat(names, " "):find "linear", table.concat(names, " "))
    assert.is_nil((" " .. table.concat(names, " ") .. " "):find " geodesic ")
    with_files({ ["fm/flow/path/zz_broken_path.lua"] = "return function() error('it is no good', 0) end" }, function()
      checks.raises_text("it is no good", plain_paths)
    end)
    with_files({ ["fm/flow/path/zz_wanting_path.lua"] = "return function() error('manifold is missing', 0) end" }, function()
      assert.equal(#names, #plain_paths())
    end)
  end)

  it("names a solver that is refused, and why", function()
    with_files({ ["fm/ode/zz_refused.lua"] = "return { order = 2, c = { 0 }, a = { {} }, b = { 2 } }" }, function()
      local row
      case.run("solvers", require "fm.verify.solvers", function(first)
        if row then return end
        row = first
        error("enough", 0)
      end)
      assert.same({ 1, 0, false }, { row.error, row.bound, row.ok })
      assert.truthy(row.what:find "^conditions of order, %d+ methods$", row.what)
      assert.truthy(row.because:find("^none is refused: .*zz_refused", 1) or row.because:find("order", 1, true), row.because)
    end)
  end)
end)
