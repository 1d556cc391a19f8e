-- What experiments/tabular.lua is made of (experiments/tabular_parts): a Gaussian, a kernel
-- density, one of them for each class, the three parts of a table, a flow that knows its units.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

describe("tabular parts", function()
  local former <const>, parts, path = package.path, {}, os.tmpname()
  setup(function()
    package.path = "experiments/?.lua;" .. former
    for _, name in ipairs { "by_class", "compared", "gaussian", "kernel_density", "rivals", "table_flow", "tables" } do
      parts[name] = require("tabular_parts." .. name)
    end
    parts.table_flow.new({ names = { "a" }, hidden = 2 }, fm.tensor { { 1 }, { 2 } }):log_prob(fm.ones(1, 1), fm.ones(1)) -- loads what stays
  end)
  teardown(function()
    os.remove(path)
    package.path = former
    for name in pairs(package.loaded) do
      if name:find "^tabular_parts%." then package.loaded[name] = nil end
    end
  end)
  checks.no_bytes_stay(before_each, after_each)

  -- Rows whose covariance is known: A z, of determinant 6.
  local A <const> = { { 2, 0, 0 }, { 1, 1, 0 }, { -1, 0.5, 3 } }
  local function rows(n, seed) return fm.rng(seed):normal(n, 3):linear(fm.tensor(A)) + fm.tensor { 5, 0, -2 } end

  it("fit a Gaussian: no other has a higher likelihood, and samples have its moments", function()
    local x = rows(400, 1)
    local g = parts.gaussian(x)
    -- ln p of the best Gaussian is -(D ln 2 pi + ln det + D) / 2 on its own rows
    local off = x - x:mean(1)
    local cov = (off:transpose():matmul(off) / 400):totable()
    local det = 0
    for i = 1, 3 do
      local j, k = i % 3 + 1, (i + 1) % 3 + 1
      det = det + cov[1][i] * (cov[2][j] * cov[3][k] - cov[2][k] * cov[3][j])
    end
    assert.near(-0.5 * (3 * math.log(2 * math.pi) + math.log(det) + 3), g.log_prob(x):mean():item(), 1e-4)
    assert.near(36, det, 8)
    local y = g.sample(20000, fm.rng(2))
    checks.near(y:mean(1), x:mean(1), 0.08)
    local apart = y - y:mean(1)
    checks.near(apart:transpose():matmul(apart) / 20000, off:transpose():matmul(off) / 400, 0.3)
  end)

  it("refuse a Gaussian without an inverse", function()
    local u = fm.rng(1):normal(20, 1)
    checks.raises_text("gaussian: column 2 follows from those before it", parts.gaussian, fm.cat(u, u * 2, 2))
    checks.raises_text("gaussian of cats: column 2 follows from those before it", parts.gaussian, fm.cat(u, u * 2, 2), "cats")
    -- what counts is the share of a column that the others leave open: a millionth of its square
    local x <const> = rows(400, 1)
    local want <const> = parts.gaussian(x).log_prob(x)
    for _, scale in ipairs { 1e-5, 1e5 } do
      local log_p <const> = parts.gaussian(x * scale).log_prob(x * scale)
      checks.near(want - 3 * math.log(scale), log_p, fm.real == "double" and 1e-8 or 1e-3)
    end
    local a <const>, b <const> = fm.tensor { { 1 }, { 1 }, { -1 }, { -1 } }, fm.tensor { { 1 }, { -1 }, { 1 }, { -1 } }
    assert.near(1, parts.gaussian(fm.cat(a, a + b * 1.5e-6 ^ 0.5, 2)).sample(1, fm.rng(1)):count(), 1)
    checks.raises_text("gaussian: column 2 follows from those before it: their covariance has no inverse", parts.gaussian,
      fm.cat(a, a + b * 0.5e-6 ^ 0.5, 2))
  end)

  it("estimate a density by kernels whose width the other rows choose", function()
    local x = fm.rng(3):normal(300, 1)
    local k = parts.kernel_density(x)
    -- the rule for a normal density: 1.06 N^-1/5 = 0.34
    assert.truthy(k.width > 0.2 and k.width < 0.5, k.width)
    local at = fm.linspace(-8, 8, 2001):reshape(-1, 1)
    assert.near(1, k.log_prob(at):exp():sum():item() * 16 / 2000, 1e-4)
    -- by hand, at one place
    local sum = 0
    for _, row in ipairs(x:totable()) do sum = sum + math.exp(-(row[1] - 0.5) ^ 2 / (2 * k.width ^ 2)) / (k.width * (2 * math.pi) ^ 0.5) end
    assert.near(math.log(sum / 300), k.log_prob(fm.tensor { { 0.5 } }):item(), 1e-4)
    local y = k.sample(20000, fm.rng(4))
    assert.near(x:var(1):item() + k.width ^ 2, y:var(1):item(), 0.05)
    -- each width in turn: the density of a row by the others is the highest there
    local function by_others(h, some)
      local total = 0
      local list = (some or x):totable()
      for i, a in ipairs(list) do
        local p = 0
        for j, b in ipairs(list) do p = p + (i == j and 0 or math.exp(-(a[1] - b[1]) ^ 2 / (2 * h * h)) / h) end
        total = total + math.log(p)
      end
      return total
    end
    assert.truthy(by_others(k.width) > by_others(k.width * 1.2) and by_others(k.width) > by_others(k.width / 1.2))
    local two, places = parts.kernel_density(fm.rng(5):normal(200, 2)), fm.rng(6):normal(700, 2) -- more than a block of rows
    checks.near(two.log_prob(places)[{ 451, 700 }], two.log_prob(places[{ 451, 700 }]))
    local at_rows, sum_two = fm.rng(5):normal(200, 2):totable(), 0
    for _, row in ipairs(at_rows) do
      sum_two = sum_two + math.exp(-((row[1] - 0.5) ^ 2 + (row[2] + 1) ^ 2) / (2 * two.width ^ 2)) / (two.width ^ 2 * 2 * math.pi) / 200
    end
    assert.near(math.log(sum_two), two.log_prob(fm.tensor { { 0.5, -1 } }):item(), 1e-4)
    -- the best of 60 widths from 0.05 to 2, each by so many times more than the one before
    local best, most, some = nil, -math.huge, x[{ 1, 30 }]
    for i = 0, 59 do
      local h <const> = 0.05 * 40 ^ (i / 59)
      local value <const> = by_others(h, some)
      if value > most then best, most = h, value end
    end
    assert.near(best, parts.kernel_density(some).width, 1e-9)
    local far <const> = parts.kernel_density(fm.tensor { { 0 }, { 3 } })
    assert.near(2, far.width, 1e-12) -- 3 is the best, but not tried
    local picked, its_rng = fm.tensor { { 0 }, { 3 } }, fm.rng(7)
    checks.near(picked:index_select(its_rng:integers(50, 1, 2), 1) + its_rng:normal(50, 1) * 2, far.sample(50, fm.rng(7)))
    -- rows that are there twice would have the width 0
    assert.near(0.05, parts.kernel_density(fm.cat(x[{ 1, 50 }], x[{ 1, 50 }], 1)).width, 1e-6)
  end)

  local function write(n, species)
    local lines = { "a,b,kind" }
    for i = 1, n do lines[i + 1] = ("%d,%d,%s"):format(i, i * i, species and species(i) or "x") end
    assert(fm.file.write(path, table.concat(lines, "\n")))
    return { table = path, columns = "", by = "kind" }
  end

  it("draw three parts of a table, in which each row is once", function()
    local p = write(30, function(i) return i % 3 == 0 and "third" or "other" end)
    local t = parts.tables(p, fm.rng(1))
    assert.same({ 10, 5, 15, 20 }, { #t.test.x, #t.valid.x, #t.train.x, #t.known.x })
    assert.same({ { "a", "b" }, { "other", "third" }, {} }, { t.names, t.classes, t.skipped })
    local seen = {}
    for _, part in ipairs { t.test, t.valid, t.train } do
      local labels = part.labels:totable()
      for i, row in ipairs(part.x:totable()) do
        assert.same({ row[1] ^ 2, row[1] % 3 == 0 and 2 or 1 }, { row[2], labels[i] })
        seen[#seen + 1] = row[1]
      end
    end
    assert.are_not.same({ 1, 2, 3 }, { seen[1], seen[2], seen[3] })
    table.sort(seen)
    for i = 1, 30 do assert.equal(i, seen[i]) end
    checks.same(t.known.x, fm.cat(t.valid.x, t.train.x, 1))
    p.by, p.columns = "", "b 1"
    t = parts.tables(p, fm.rng(1))
    assert.same({ { "b", "a" }, nil }, { t.names, t.classes })
    checks.same(t.test.labels, fm.ones(10))
    p.columns = "c"
    checks.raises_text('there is no column "c"', parts.tables, p, fm.rng(1))
    local _, message <const> = fm.data.csv(path, { columns = { "c" } })
    assert.same({ false, message }, { pcall(parts.tables, p, fm.rng(1)) })
    checks.raises_text(path .. ": expected at least 15 rows, found 14", parts.tables, write(14), fm.rng(1))
    assert.equal(5, #parts.tables(write(15), fm.rng(1)).test.x)
    t = parts.tables(write(32), fm.rng(1))
    assert.same({ 10, 5, 17, 22 }, { #t.test.x, #t.valid.x, #t.train.x, #t.known.x })
  end)

  it("take columns by name or number, and names in quotes", function()
    local lines = { '2020,"body mass",c,"3",kind of it' }
    for i = 1, 15 do lines[i + 1] = ("%d,%d,%d,%d,%s"):format(i, 100 + i, 200 + i, 300 + i, i % 2 == 0 and "x" or "y") end
    assert(fm.file.write(path, table.concat(lines, "\n")))
    local function names(columns, by)
      local t = parts.tables({ table = path, columns = columns, by = by, header = "yes" }, fm.rng(1))
      return table.concat(t.names, "|"), t.by, t.classes
    end
    assert.equal("2020|body mass|c|3", (names('"2020" "body mass"  c "3"', "")))
    assert.equal("c|3|2020", (names('3 "3" 1', "")))
    for _, by in ipairs { "5", "kind of it", '"kind of it"' } do
      assert.same({ "2020|body mass|c|3", "kind of it", { "x", "y" } }, { names("", by) })
    end
    assert.same({ "2020|body mass|3", "c" }, { names('1 2 "3"', "3"), (select(2, names('1 2 "3"', "3"))) })
    assert.same({ "2020", "3" }, { names("1", '"3"'), (select(2, names("1", '"3"'))) })
    checks.raises_text("there is no column 2020, the first line has 5", names, "2020", "")
    checks.raises_text('there is no column "1.5"', names, "1.5", "")
    -- without a line of names the first line is a row
    local numbers = {}
    for i = 1, 15 do numbers[i] = ("%d,%d"):format(i, i * i + 1) end
    assert(fm.file.write(path, table.concat(numbers, "\n")))
    for header, count in pairs { no = 15, auto = 15 } do
      local t <const> = parts.tables({ table = path, columns = "", by = "", header = header }, fm.rng(1))
      assert.equal(count, #t.test.x + #t.known.x)
    end
    checks.raises_text("expected at least 15 rows, found 14", parts.tables, { table = path, columns = "", by = "", header = "yes" }, fm.rng(1))
    assert(fm.file.write(path, "a,b\n" .. table.concat(numbers, "\n")))
    checks.raises_text("line 1, column 1", parts.tables, { table = path, columns = "", by = "", header = "no" }, fm.rng(1))
  end)

  -- A flow that is known: a normal in the units of the table.
  local function known_flow(x)
    local flow = { units = fm.nn.standardise(x), drawn = {} }
    function flow:log_prob(y) return self.units(y):square():sum(2) * -0.5 - math.log(2 * math.pi) + self.units:log_det() end
    function flow:sample(labels, rng)
      table.insert(self.drawn, #labels)
      return self.units:inverse(rng:normal(#labels, 2))
    end
    return flow
  end

  it("compare by as many samples as asked for, with the error of a mean over the held-out rows", function()
    local x, labels = fm.rng(1):normal(20, 2), fm.ones(20)
    local function part(first, last) return { x = x[{ first, last }], labels = labels[{ first, last }] } end
    local rows = { test = part(1, 6), known = part(7, 20), names = { "a", "b" } }
    local results, flow
    local run = { rng = fm.rng(3), summary = function(_, values) results = values end, table = function() end, picture = function() end }
    for samples, drawn in pairs { [60] = 60, [20] = 18, [3] = 6 } do
      flow = known_flow(rows.known.x)
      parts.compared(run, { samples = samples, classifier = 1 }, rows, flow, parts.rivals(rows, flow.units))
      assert.same({ drawn, 6 }, flow.drawn) -- for the classifier, and those that are shown
    end
    local gaussian = parts.by_class(parts.gaussian, flow.units, rows.known)
    local more, sum, squares = (flow:log_prob(rows.test.x) - gaussian:log_prob(rows.test.x, rows.test.labels)):totable(), 0, 0
    for _, value in ipairs(more) do sum = sum + value / 6 end
    for _, value in ipairs(more) do squares = squares + (value - sum) ^ 2 end
    assert.near(sum, results.behind_gaussian, 1e-5)
    assert.near((squares / 5 / 6) ^ 0.5, results.behind_gaussian_error, 1e-5)
  end)

  it("have a density of each class, in the units of the table", function()
    local z, labels = fm.rng(1):normal(400, 2), fm.rng(2):integers(400, 1, 2)
    local x = (z + labels:reshape(-1, 1) * 10) * fm.tensor { 3, 100 }
    local units = fm.nn.standardise(x)
    local model = parts.by_class(parts.gaussian, units, { x = x, labels = labels }, { "first", "second" })
    local log_p, list = model:log_prob(x, labels):totable(), labels:totable()
    local rows_of <const> = { {}, {} }
    for i, k in ipairs(list) do table.insert(rows_of[k // 1], i) end
    for k = 1, 2 do -- as a Gaussian of these rows alone, in the same units
      local own = x:index_select(fm.tensor(rows_of[k]), 1)
      local want = parts.gaussian(own / fm.tensor { 3, 100 }).log_prob(own / fm.tensor { 3, 100 }):totable()
      for i, row in ipairs(rows_of[k]) do assert.near(want[i] - math.log(300), log_p[row], 2e-3) end
    end
    local drawn = model:sample(labels, fm.rng(3)) / fm.tensor { 3, 100 }
    for k = 1, 2 do checks.near(drawn:index_select(fm.tensor(rows_of[k]), 1):mean(1), fm.full(2, 10 * k), 0.3) end
    checks.raises_text("third: expected at least two rows to learn from, found 0: another seed parts the rows otherwise", parts.by_class,
      parts.gaussian, units, { x = x, labels = labels }, { "first", "second", "third" })
    local made <const>, few = {}, fm.ones(400)
    local function make(some, name)
      made[#made + 1] = ("%s %d"):format(name, #some)
      return {}
    end
    few[{ 3, 4 }] = 2
    parts.by_class(make, units, { x = x, labels = few }, { "first", "second" })
    parts.by_class(make, units, { x = x, labels = fm.ones(400) })
    assert.same({ "first 398", "second 2", "nil 400" }, made)
    few[{ 3, 3 }] = 1
    checks.raises_text("second: expected at least two rows to learn from, found 1", parts.by_class, make, units, { x = x, labels = few },
      { "first", "second" })
  end)

  it("have a flow that knows its units, in a file too", function()
    local x = rows(50, 1) * fm.tensor { 1, 10, 1000 }
    for _, classes in ipairs { { "a", "b" }, false } do
      local o, labels = { names = { "u", "v", "w" }, classes = classes or nil, hidden = 8 }, fm.full(50, 2)
      local flow = parts.table_flow.new(o, x)
      -- the network's output is small at first: about a Gaussian in the columns' units
      local want = flow.units(x):square():sum(2) * -0.5 - 1.5 * math.log(2 * math.pi) - x:std(1):log():sum():item()
      assert.near(want:mean():item(), flow:log_prob(x, labels):mean():item(), 1)
      checks.near(flow:sample(fm.ones(4000), fm.rng(1)):mean(1) / x:std(1), x:mean(1) / x:std(1), 0.5)
      parts.table_flow.save(flow, path)
      local other = assert(parts.table_flow.load(path))
      assert.same({ o.names, o.classes, 8 }, { other.names, other.classes, other.hidden })
      checks.same(flow:log_prob(x, labels), other:log_prob(x, labels))
      checks.same(flow:sample(labels, fm.rng(2)), other:sample(labels, fm.rng(2)))
    end
    assert.same({ nil, path .. ".none: cannot read: No such file or directory" }, { parts.table_flow.load(path .. ".none") })
    local state, about = fm.load(path)
    assert.same({ names = '["u","v","w"]', hidden = "8" }, about)
    for _, wrong in ipairs { {}, { names = about.names }, { hidden = "8" }, { names = "[", hidden = "8" }, { names = "5", hidden = "8" },
      { names = about.names, hidden = "8.5" }, { names = about.names, hidden = "wide" }, { names = about.names, hidden = "8", classes = "[" },
      { names = about.names, hidden = "8", classes = "5" } } do
      assert(fm.save(path, state, wrong))
      assert.same({ nil, path .. ": expected a file of experiments/tabular.lua" }, { parts.table_flow.load(path) })
    end
  end)

  it("have a flow whose parts are a field in standard units, solved to 1e-4", function()
    local x, rng <const> = rows(30, 1) * fm.tensor { 1, 10, 1000 }, fm.rng(3)
    local labels <const> = rng:integers(30, 1, 2)
    local flow <const> = parts.table_flow.new({ names = { "u", "v", "w" }, classes = { "a", "b" }, hidden = 8 }, x)
    for _, w in ipairs(flow:parameters()) do w:copy(rng:normal(w:shape()) * 0.4) end
    assert.equal(fm.nn.vector_field({ dim = 3, hidden = 8, time_embed = 16, classes = 2 }):count(), flow:count())
    local z, t <const> = flow.units(x), fm.full(30, 0.25)
    checks.same(flow.field(z, t, labels), flow(z, t, labels))
    local o <const> = { cond = labels, rtol = 1e-4, atol = 1e-4 }
    checks.same(fm.flow.log_prob(flow.field, z, o) + flow.units:log_det(), flow:log_prob(x, labels))
    o.method = "dopri5"
    checks.same(flow.units:inverse((fm.ode.solve(flow.field, fm.rng(4):normal(30, 3), o))), flow:sample(labels, fm.rng(4)))
    local wanted <const> = fm.flow.loss(flow.field, z, { rng = fm.rng(5), cond = labels })
    assert.equal(fm.tensor(wanted):item(), fm.tensor(flow:loss(x, { rng = fm.rng(5), cond = labels })):item())
    assert.truthy(flow.training)
    parts.table_flow.save(flow, path)
    assert.falsy(parts.table_flow.load(path).training)
  end)
end)
