-- What experiments/tabular.lua shows of a flow beside its rivals (tabular_parts/compared): results,
-- tables and the picture, in whole.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

describe("tabular comparison", function()
  local former <const>, c2st <const>, filmstrip <const>, compared = package.path, fm.metrics.c2st, fm.plot.filmstrip, nil
  setup(function()
    package.path = "experiments/?.lua;" .. former
    compared = require "tabular_parts.compared"
  end)
  teardown(function() package.path, package.loaded["tabular_parts.compared"] = former, nil end)
  after_each(function() fm.metrics.c2st, fm.plot.filmstrip = c2st, filmstrip end)
  checks.no_bytes_stay(before_each, after_each)

  --- A model whose log-density of row i is `slope` i, and which draws `value` in all columns.
  local function model_of(value, slope, said)
    return { log_prob = function(_, x, labels)
      said[#said + 1] = ("p of %d, %d"):format(#x, #labels)
      return fm.range(1, #x) * slope
    end, sample = function(_, labels, rng)
      said[#said + 1] = ("draws %d, %.3f"):format(labels:sum():item(), rng:uniform(1):item())
      return fm.full({ #labels, said.columns }, value)
    end }
  end

  --- What a run is told of n held-out rows with these names, and classes if there are any.
  local function told_of(n, names, classes)
    local said <const>, found <const> = { columns = #names }, { judged = {} }
    local flow <const>, gaussian <const>, kernel <const> = model_of(1.23456, 1, said), model_of(2, 0.5, said), model_of(3, -1, said)
    kernel.densities = { { width = 0.25 } }
    flow.units = function(x) return x * 10 end
    local function part(count)
      local x <const> = fm.range(1, count * #names):reshape(count, #names)
      local labels = fm.ones(count)
      if classes then labels[{ 2, 2 }] = 2 end
      return { x = x, labels = labels }
    end
    local rows <const> = { test = part(n), known = part(7), names = names, classes = classes, by = classes and "kind" }
    local run <const> = { rng = fm.rng(3), summary = function(_, values) found.summary = values end, table = function(_, name, what) found[name] = what end,
      picture = function(_, name, what) found[name] = what end }
    fm.metrics.c2st = function(a, b, o)
      table.insert(found.judged, ("%d x %d, %d x %d"):format(#a, a:size(2), #b, b:size(2)))
      found.own, found.held_out = found.own or a, b
      found.steps, found.key = o.steps, o.rng:uniform(1):item()
      return #found.judged / 10
    end
    fm.plot.filmstrip = function(panels, o)
      found.panels = {}
      for i, panel in ipairs(panels) do found.panels[i] = panel:totable() end
      return o
    end
    compared(run, { samples = 25, classifier = 17 }, rows, flow, { gaussian = gaussian, kernel = kernel })
    return found, said
  end

  local columns <const> = { "", "nats per row", "more than the flow", "its error", "C2ST" }
  local notes <const> = "C2ST: 1/2 when samples and held-out rows cannot be told apart, 1 when they always can"

  it("has the cost of a row under each, how much more it is than the flow's, and what a classifier tells", function()
    local found <const>, said <const> = told_of(3, { "a", "b" })
    local rng <const>, shown <const> = fm.rng(3):stream "compare", fm.rng(3):stream "shown"
    local wanted = { "p of 3, 3" }
    wanted[2] = ("draws 24, %.3f"):format(rng:uniform(1):item()) -- 25 of whole sets of held-out labels
    for _ = 1, 2 do
      wanted[#wanted + 1] = "p of 3, 3"
      wanted[#wanted + 1] = ("draws 24, %.3f"):format(rng:uniform(1):item())
    end
    wanted[#wanted + 1] = ("draws 3, %.3f"):format(shown:uniform(1):item())
    said.columns = nil
    assert.same(wanted, said)
    assert.same({ "24 x 2, 3 x 2", "24 x 2, 3 x 2", "24 x 2, 3 x 2", "7 x 2, 3 x 2" }, found.judged)
    assert.same({ 17, fm.rng(3):stream "c2st":uniform(1):item() }, { found.steps, found.key })
    -- the flow has 1, 2, 3 nats for the rows, the Gaussian a half of it, the kernels minus so many
    local errors <const> = { (0.25 / 3) ^ 0.5, (4 / 3) ^ 0.5 }
    assert.near(errors[1], found.summary.behind_gaussian_error, 1e-6)
    assert.near(errors[2], found.summary.behind_kernel_error, 1e-6)
    local first <const>, second <const> = found.summary.behind_gaussian_error, found.summary.behind_kernel_error
    assert.same({ nll = -2, nll_gaussian = -1, nll_kernel = 2, behind_gaussian = 1, behind_gaussian_error = first, behind_kernel = 4,
      behind_kernel_error = second, c2st = 0.1, c2st_gaussian = 0.2, c2st_kernel = 0.3, c2st_rows = 0.4, kernel_width = 0.25 }, found.summary)
    assert.same({ title = "3 held-out rows", columns = columns, notes = notes, rows = { { "flow", -2, nil, nil, 0.1 }, { "Gaussian", -1, 1, first, 0.2 },
      { "kernel density", 2, 4, second, 0.3 }, { "rows to learn from", nil, nil, nil, 0.4 } } }, found.quality)
    assert.same({ title = "Rows that the flow draws", columns = { "a", "b" }, rows = { { 1.235, 1.235 }, { 1.235, 1.235 }, { 1.235, 1.235 } } },
      found.samples)
    assert.same({ titles = { "sampled, 1 and 2", "held out, 1 and 2" }, columns = 1, title = "1 a, 2 b", xlabel = "in deviations", ylabel = "" },
      found.pairs)
    assert.same({ { 10, 20 }, { 30, 40 }, { 50, 60 } }, found.panels[2])
    assert.near(12.3456, found.panels[1][3][2], 1e-5)
    assert.equal(2, #found.panels)
  end)

  it("has classes as further columns of the classifier, and their names beside ten of the rows that are drawn", function()
    local found <const> = told_of(12, { "a", "b", "c", "d", "e" }, { "cat", "dog" })
    assert.same({ "24 x 7, 12 x 7", "24 x 7, 12 x 7", "24 x 7, 12 x 7", "7 x 7, 12 x 7" }, found.judged)
    assert.same({ 6.0, 7.0, 8.0, 9.0, 10.0, 0.0, 1.0 }, found.held_out[2]:totable())
    assert.same({ { 0.0, 1.0 }, { 1.0, 0.0 }, { 0.0, 1.0 } }, { found.own[{ 2, 2 }][1][{ 6, 7 }]:totable(), found.own[13][{ 6, 7 }]:totable(),
      found.own[14][{ 6, 7 }]:totable() })
    assert.is_nil(found.summary.kernel_width)
    assert.same({ "a", "b", "c", "d", "e", "kind" }, found.samples.columns)
    assert.equal(10, #found.samples.rows)
    assert.same({ { 1.235, 1.235, 1.235, 1.235, 1.235, "cat" }, { 1.235, 1.235, 1.235, 1.235, 1.235, "dog" } },
      { found.samples.rows[1], found.samples.rows[2] })
    -- pairs of the first four columns, those of samples above those of held-out rows
    assert.same({ 6, "1 a, 2 b, 3 c, 4 d" }, { found.pairs.columns, found.pairs.title })
    local pairs_of = {}
    for i, title in ipairs(found.pairs.titles) do pairs_of[i] = title end
    assert.same({ "sampled, 1 and 2", "sampled, 1 and 3", "sampled, 1 and 4", "sampled, 2 and 3", "sampled, 2 and 4", "sampled, 3 and 4",
      "held out, 1 and 2", "held out, 1 and 3", "held out, 1 and 4", "held out, 2 and 3", "held out, 2 and 4", "held out, 3 and 4" }, pairs_of)
    assert.same({ 12, 2.0 }, { #found.pairs.classes, found.pairs.classes[2] })
    assert.same({ { 20, 40 }, { 30, 40 } }, { found.panels[11][1], found.panels[12][1] })
    for _, panel in ipairs(found.panels) do assert.same({ 12, 2 }, { #panel, #panel[1] }) end
    local fewer <const> = told_of(40, { "a" })
    assert.is_nil(fewer.pairs) -- one column has no pairs
    assert.equal("40 x 1, 40 x 1", fewer.judged[1]) -- never fewer than held-out rows
  end)
end)
