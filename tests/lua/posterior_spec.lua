-- Tasks and parts of experiments/cards/posterior: exact posteriors, draws within the prior's box,
-- log-densities, observations from a folder.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local metrics <const> = fm.metrics

describe("posterior", function()
  local parts <const>, folder = checks.parts_of(setup, teardown, "experiments/cards", "posterior", { "exact", "inside", "learned", "observations" }), nil
  checks.no_bytes_stay(before_each, after_each)

  local sizes <const> = { two_moons = { 2, 2 }, gaussian_mixture = { 2, 2 }, gaussian_linear = { 10, 10 }, slcp = { 5, 8 } }

  for name, size in pairs(sizes) do
    it("samples the posterior of " .. name .. " exactly: its ranks are uniform", function()
      local task, rng, n, draws = require("posterior." .. name), fm.rng(1, name), 300, 9
      local theta = task.prior(n, rng)
      local x = task.simulate(theta, rng)
      assert.same({ { n, size[1] }, { n, size[2] } }, { theta:shape(), x:shape() })
      local list = {}
      for i = 1, n do list[i] = parts.exact(task, x[i], draws, rng) end
      local ranks = metrics.ranks(fm.stack(list, { axis = 1 }), theta)
      for k = 1, size[1] do
        local hits, chi2 = {}, 0
        for _, rank in ipairs(ranks[{ {}, k }]:totable()) do hits[rank] = (hits[rank] or 0) + 1 end
        for rank = 0, draws do chi2 = chi2 + ((hits[rank] or 0) - n / 10) ^ 2 / (n / 10) end
        assert.truthy(chi2 < 33.7, ("%s %d: chi2 %.1f"):format(name, k, chi2)) -- 1e-4 of 9 degrees of freedom
      end
      assert.near(1, parts.inside(task, fm.cat(list, { axis = 1 })):mean():item(), 0)
      assert.same({ 10, size[2] }, fm.tensor(task.observed):shape())
    end)
  end

  it("knows the density of the Gaussian linear posterior", function()
    local task = require "posterior.gaussian_linear"
    local x = fm.rng(2, "x"):normal(1, 10)
    local draws = parts.exact(task, x[1], 20000, fm.rng(3, "x"))
    local entropy = 5 * math.log(2 * math.pi * math.exp(1) * 0.05)
    assert.near(entropy, -task.log_posterior(draws, x):mean():item(), 5 * (5 / 20000) ^ 0.5)
  end)

  --- A learned posterior whose flow is exact: normal in standard units, whatever is observed.
  local function normal_posterior(task, mean, deviation)
    local rng = fm.rng(4, "simulations")
    local theta = rng:normal(5000, 2) * deviation + mean
    local flow = fm.flow.exact.gaussian { mean = { 0, 0 }, std = 1 }
    return parts.learned(task, function(z, t) return flow(z, t) end, theta, rng:normal(5000, 3)), theta
  end

  it("draws again what is outside of the box, and says how much that was", function()
    local task = { box = { 0, 10 } }
    local post = normal_posterior(task, fm.tensor { 0, 5 }, fm.tensor { 1, 1 })
    local draws, outside = post:sample(fm.zeros(4000, 3), fm.rng(5, "draws"))
    assert.near(0.5, outside, 5 * (0.25 / 4000) ^ 0.5 + 0.02)
    assert.equal(4000, parts.inside(task, draws):sum():item())
    assert.near((2 / math.pi) ^ 0.5, draws[{ {}, 1 }]:mean():item(), 0.06) -- of half a normal
    assert.near(5, draws[{ {}, 2 }]:mean():item(), 0.1)
    local all, none = normal_posterior({}, 0, 1):sample(fm.zeros(2000, 3), fm.rng(5, "draws"))
    assert.equal(0, none)
    assert.near(0, all:mean():item(), 0.1)
    checks.raises_text("the flow draws hardly ever within the prior's box: 100 % of all draws were outside", function()
      normal_posterior({ box = { 50, 60 } }, 0, 1):sample(fm.zeros(5, 3), fm.rng(5, "draws"))
    end)
  end)

  it("keeps each draw at the row of its observation", function()
    local rng, task = fm.rng(6, "rows"), { box = { -1, 1 } }
    local function model(z, t, cond) -- the exact flow to N(cond, 0.3^2)
      return cond + (z - cond * t) * (t * 0.09 - (1 - t)) / ((1 - t) ^ 2 + t ^ 2 * 0.09)
    end
    local theta = rng:normal(2000, 2)
    local post = parts.learned(task, model, theta, theta)
    local x = fm.cat(fm.full({ 50, 2 }, -0.8), fm.full({ 50, 2 }, 0.8), { axis = 1 })
    local draws, outside = post:sample(x, rng)
    assert.near(0.44, outside, 0.25) -- each of two numbers is outside with probability 1/4
    local low, high = draws[{ { 1, 50 } }], draws[{ { 51, 100 } }]
    assert.truthy(low:max():item() < 0.4 and high:min():item() > -0.4)
    assert.near(-0.72, low:mean():item(), 0.12)
    assert.near(0.72, high:mean():item(), 0.12)

    assert.equal(0, post.clamped)
    x = fm.cat(fm.zeros(297, 2), fm.full({ 3, 2 }, 40), { axis = 1 }) -- 1 % that never comes into the box
    draws = post:sample(x, rng)
    assert.equal(3, post.clamped)
    assert.equal(300, parts.inside(task, draws):sum():item())
    assert.same({ { 1.0, 1.0 }, { 1.0, 1.0 }, { 1.0, 1.0 } }, draws[{ { 298, 300 } }]:totable())
    checks.raises_text("hardly ever within the prior's box", function() post:sample(x[{ { 2, 300 } }], rng) end)
  end)

  it("proposes as many exact draws as are asked for, 200 at least, 2000 times at most", function()
    local asked, kept = {}, {}
    local x <const> = fm.tensor { 7 }
    local task <const> = { propose = function(n, its_x)
      assert.equal(x, its_x)
      asked[#asked + 1] = n
      local keep <const> = fm.zeros(n)
      for i = 1, kept[#asked] or 0 do keep[{ n + 1 - i, n + 1 - i }] = 1 end
      return fm.range(1, n):reshape(n, 1) + #asked * 1000, keep
    end }
    kept[1], kept[2000] = 1, 1
    assert.same({ { 1200 }, { 2001000 - 800 } }, parts.exact(task, x, 2, fm.rng(1)):totable())
    assert.equal(2000, #asked)
    asked, kept = {}, { 2, 0, 0, 2 }
    assert.same({ 1199, 1200 }, { table.unpack(parts.exact(task, x, 2, fm.rng(1)):reshape(-1):totable()) })
    assert.same({ 200 }, asked) -- no more than it takes
    asked, kept = {}, { 250 }
    assert.same({ 250, 1 }, parts.exact(task, x, 250, fm.rng(1)):shape())
    assert.same({ 250 }, asked)
    asked, kept = {}, { 0, 1, [2001] = 1 }
    checks.raises_text("posterior: 1 of 2 exact draws after 2000 proposals of so many", parts.exact, task, x, 2, fm.rng(1))
    -- what is outside of the box is not kept either
    asked, kept, task.box = {}, { 200 }, { 1100, 1101 }
    assert.same({ 1100, 1101 }, { table.unpack(parts.exact(task, x, 2, fm.rng(1)):reshape(-1):sort():totable()) })
  end)

  it("solves 5,000 rows together to 1e-4, in the units of the simulations, and counts what that takes", function()
    local rng <const> = fm.rng(9, "simulations")
    local theta <const>, x <const> = rng:normal(50, 2) * fm.tensor { 2, 30 } + fm.tensor { 5, -7 }, rng:normal(50, 3) * 4
    local function model(z, t, cond) return (z * (fm.is_tensor(t) and t:reshape(-1, 1) or t) * 3 + cond[{ {}, { 1, 2 } }]):tanh() * 2 end
    local post <const>, observed <const> = parts.learned({}, model, theta, x), rng:normal(5001, 3)
    checks.near((theta - theta:mean(1)) / theta:std(1), post.scaled_theta(theta), 1e-5)
    local at <const>, o <const> = (observed - x:mean(1)) / x:std(1), { method = "dopri5", rtol = 1e-4, atol = 1e-4 }
    local again <const>, nfe, list = fm.rng(3), 0, {}
    for i, rows in ipairs { { 1, 5000 }, { 5001, 5001 } } do
      local z <const>, info <const> = fm.ode.solve(fm.flow.velocity(model, { cond = at[rows] }), again:normal(rows[2] - rows[1] + 1, 2), o)
      list[i], nfe = z, nfe + info.nfe
    end
    local draws <const>, outside <const> = post:sample(observed, fm.rng(3))
    checks.near(fm.cat(list, 1) * theta:std(1) + theta:mean(1), draws, 1e-4)
    assert.same({ nfe, 2, 0, 0 }, { post.evaluations, post.solves, outside, post.clamped })
    local function density(rows) return (fm.flow.log_prob(model, post.scaled_theta(draws[rows]), { cond = at[rows], rtol = 1e-4, atol = 1e-4 })) end
    checks.near(fm.cat({ density { 1, 5000 }, density { 5001, 5001 } }, 1) - theta:std(1):log():sum(), post:log_prob(draws, observed), 1e-4)
    assert.same({ 5001 }, post:log_prob(draws, observed):shape())
    -- a column that is the same everywhere is 0 in standard units
    local same <const> = parts.learned({}, model, theta, fm.cat(x[{ {}, { 1, 2 } }], fm.full(50, 1, 0.5), 2)).scaled_x
    checks.near(fm.zeros(2), same(fm.tensor { { 1, 2, 0.5 }, { 3, 4, 0.5 } })[{ {}, 3 }])
  end)

  it("draws again 200 times, not once more", function()
    local post <const> = parts.learned({ box = { -1, 1 } }, function(z) return z * 0 end, fm.rng(1):normal(500, 2), fm.rng(2):normal(500, 2))
    for rows, wrong in pairs { [100] = 1, [99] = 1, [200] = 2 } do -- one row in a hundred may stay outside
      local drawn = {}
      function post.draw(_, x)
        drawn[#drawn + 1] = #x
        local theta <const> = x * 0
        theta[{ { 1, wrong }, { 1, 1 } }] = 40
        theta[{ { 1, wrong }, { 2, 2 } }] = -40
        return theta
      end
      post.clamped = 0
      local ok, draws, outside = pcall(post.sample, post, fm.zeros(rows, 2), fm.rng(1))
      assert.same({ rows ~= 99, 201, rows, wrong }, { ok, #drawn, drawn[1], drawn[201] })
      if ok then
        assert.same({ wrong, wrong / rows }, { post.clamped, outside })
        assert.same({ 1, -1 }, draws[wrong]:totable())
      else
        assert.truthy(draws:find("posterior: for some observation the flow draws hardly ever within the prior's box: 1 % of all draws were outside", 1, true),
          draws)
      end
    end
  end)

  it("refuses simulations with missing values", function()
    local theta, x = fm.zeros(4, 2), fm.ones(4, 3)
    x[3][2] = 0 / 0
    checks.raises_text("posterior: simulation 3: the numbers observed are not all finite: leave such simulations out", parts.learned, {}, print, theta, x)
    x[3][2], x[4][3] = 0, -math.huge
    checks.raises_text("posterior: simulation 4: the numbers observed are not all finite", parts.learned, {}, print, theta, x)
    checks.raises_text("posterior: simulation 1: the parameters are not all finite", parts.learned, {}, print, theta + math.huge, fm.ones(4, 3))
  end)

  it("has log-densities in the units of the parameters", function()
    local post, theta = normal_posterior({}, fm.tensor { 1, -2 }, fm.tensor { 0.1, 4 })
    local z = (theta[{ 1, 100 }] - theta:mean(1)) / theta:std(1)
    local want = z:square():sum(2) * -0.5 - math.log(2 * math.pi) - theta:std(1):log():sum()
    checks.near(want, post:log_prob(theta[{ 1, 100 }], fm.zeros(100, 3)), 2e-3)
  end)

  it("reads observations and reference draws from a folder, and refuses what is missing", function()
    local lfs <const> = require "lfs"
    folder = os.tmpname()
    os.remove(folder)
    local place = folder .. "/num_observation_1"
    assert(lfs.mkdir(folder) and lfs.mkdir(place))
    local function write(name, text) assert(fm.file.write(place .. "/" .. name, text)) end
    local task = { observed = { { 7, 8 } } }
    assert.same({ { 7, 8 } }, (parts.observations(task, "", 2)):totable())
    write("observation.csv", "data_1,data_2\n0.5,-2\n")
    checks.raises_text("reference_posterior_samples.csv: cannot read: No such file", parts.observations, task, folder, 2)
    write("reference_posterior_samples.csv", "a\n1\n2\n3\n")
    local x, drawn = parts.observations(task, folder, 2)
    assert.same({ { { 0.5, -2 } }, { { 1 }, { 2 }, { 3 } } }, { x:totable(), drawn[1]:totable() })
    checks.raises_text("an observation has 2 numbers, a simulation 3", parts.observations, task, folder, 3)
    -- as many as the task has, in their order
    task.observed[2] = { 9, 9 }
    local former_place <const> = place
    place = folder .. "/num_observation_2"
    assert(lfs.mkdir(place))
    write("observation.csv", "data_1,data_2\n3,4\n")
    write("reference_posterior_samples.csv", "a\n5\n6\n")
    x, drawn = parts.observations(task, folder, 2)
    assert.same({ { { 0.5, -2 }, { 3, 4 } }, 2, { { 5 }, { 6 } } }, { x:totable(), #drawn, drawn[2]:totable() })
    for _, name in ipairs { "observation", "reference_posterior_samples" } do os.remove(("%s/%s.csv"):format(place, name)) end
    assert(lfs.rmdir(place))
    place = former_place
    task.observed[2] = nil
    write("observation.csv", "data_1,data_2\n0.5,nan\n")
    checks.raises_text('observation.csv: csv: line 2, column 2 "data_2": expected a number, found "nan"', parts.observations, task, folder, 2)
    checks.raises("observation 1: number 2 is %-?nan: a flow can take no missing value", parts.observations, { observed = { { 7, 0 / 0 } } }, "", 2)
    for _, name in ipairs { "observation", "reference_posterior_samples" } do os.remove(("%s/%s.csv"):format(place, name)) end
    assert(lfs.rmdir(place) and lfs.rmdir(folder))
  end)

  it("measures by observation: learned draws against exact and reference ones, a floor of the first two", function()
    local measured <const>, rng = require "posterior.parts.measured", fm.rng(7, "run")
    local summary, pictures, calls = {}, {}, {}
    local run <const> = { rng = rng, summary = function(_, values) for name, value in pairs(values) do summary[name] = value end end,
      picture = function(_, name) pictures[#pictures + 1] = name end }
    local former_c2st <const> = metrics.c2st
    local closing <close> = setmetatable({}, { __close = function() metrics.c2st = former_c2st end })
    metrics.c2st = function(a, b, o)
      calls[#calls + 1] = ("%d %d %d %d %g %d"):format(#a, #b, o.hidden[1], o.hidden[2], o.lr, o.steps)
      return math.abs(a:mean():item() // 1) + math.abs(b:mean():item() // 1) / 100
    end
    local task <const> = { shown = { 2, 1 }, propose = function(n, x) return fm.full({ n, 2 }, 10 + x[1]) end }
    local asked = {}
    local post <const> = { size = 2, evaluations = 60, solves = 4, sample = function(_, x)
      asked[#asked + 1] = ("%d %g"):format(#x, x:mean():item())
      return fm.full({ #x, 2 }, x[1][1]), #asked / 8
    end }
    local observed <const> = fm.tensor { { 1 }, { 2 }, { 3 } }
    measured.compare(run, { samples = 40, classifier = 7 }, task, post, observed, { fm.full({ 5, 2 }, 50), fm.full({ 6, 2 }, 50), fm.full({ 7, 2 }, 50) })
    assert.same({ "40 1", "40 2", "40 3" }, asked)
    local alike <const> = "40 40 20 20 0.005 7"
    assert.same({ alike, alike, "40 5 20 20 0.005 7", alike, alike, "40 6 20 20 0.005 7", alike, "40 7 20 20 0.005 7" }, calls)
    for name, wanted in pairs { c2st = 2.12, c2st_floor = 11.615, c2st_reference = 2.5, outside = 0.25, nfe = 15, c2st_worst = 3.13 } do
      assert.truthy(summary[name] and math.abs(wanted - summary[name]) < 1e-5, ("%s %s"):format(name, summary[name]))
    end
    assert.same({ "posteriors" }, pictures)
    summary, asked = {}, {}
    measured.compare(run, { samples = 40, classifier = 7 }, {}, post, observed, {})
    assert.same({ nil, nil, nil }, { summary.c2st, summary.c2st_floor, summary.c2st_worst })
    assert.near(0.25, summary.outside, 1e-6)
  end)

  it("shows up to a thousand draws of the first five observations, learned ones above exact ones", function()
    local measured <const> = require "posterior.parts.measured"
    local plot <const>, strip, shown = fm.plot, nil, {}
    local former_c2st <const>, filmstrip <const> = metrics.c2st, plot.filmstrip
    local closing <close> = setmetatable({}, { __close = function() metrics.c2st, plot.filmstrip = former_c2st, filmstrip end })
    metrics.c2st = function() return 0.5 end
    plot.filmstrip = function(panels, o)
      strip = { panels, o }
      return "a strip"
    end
    local run <const> = { rng = fm.rng(7), summary = function() end, picture = function(_, name, what) shown[#shown + 1] = name .. ": " .. what end }
    local post <const> = { size = 2, evaluations = 1, solves = 1, sample = function(_, x)
      return x * fm.tensor { 1, 10 } + fm.range(1, #x):reshape(-1, 1) / 10000, 0
    end }
    local task <const> = { propose = function(n, x) return fm.full({ n, 2 }, 1) * fm.tensor { 100, 1000 } * x[1] end }
    local observed <const> = fm.range(1, 6):reshape(6, 1)
    measured.compare(run, { samples = 1200, classifier = 1 }, task, post, observed, {})
    assert.same({ "posteriors: a strip" }, shown)
    local panels <const> = strip[1]
    assert.equal(10, #panels)
    for i = 1, 5 do
      assert.same({ { 1000, 2 }, { 1000, 2 } }, { panels[i]:shape(), panels[i + 5]:shape() })
      checks.near(fm.tensor { i + 0.1, 10 * i + 0.1 }, panels[i][1000], 1e-4)
      checks.near(fm.tensor { i + 1e-4, 10 * i + 1e-4 }, panels[i][1], 1e-4)
      checks.near(fm.tensor { 100 * i, 1000 * i }, panels[i + 5][1000], 1e-4)
    end
    assert.same({ columns = 5, title = "Draws of p(parameters | x)", xlabel = "parameter 1", ylabel = "parameter 2", titles = { "learned, x1", "learned, x2",
      "learned, x3", "learned, x4", "learned, x5", "exact, x1", "exact, x2", "exact, x3", "exact, x4", "exact, x5" } }, strip[2])
    task.propose, task.shown = nil, { 2, 1 }
    measured.compare(run, { samples = 40, classifier = 1 }, task, post, observed[{ 1, 2 }], {})
    assert.same({ 2, { 40, 2 }, "parameter 2", "parameter 1", { "learned, x1", "learned, x2" }, 2 }, { #strip[1], strip[1][1]:shape(), strip[2].xlabel,
      strip[2].ylabel, strip[2].titles, strip[2].columns })
    checks.near(fm.tensor { 20 + 1e-4, 2 + 1e-4 }, strip[1][2][1], 1e-5)
    local summary <const> = {}
    function run.summary(_, values) for name, value in pairs(values) do summary[name] = value end end
    measured.compare(run, { samples = 40, classifier = 1 }, task, post, observed[{ 1, 1 }], { fm.ones(3, 2) })
    assert.same({ outside = 0, c2st_reference = 0.5, nfe = 1 }, summary) -- of one observation
  end)

  it("calibrates by the ranks of new simulations, with the log-density and its floor", function()
    local measured <const> = require "posterior.parts.measured"
    local summary, title = {}, nil
    local run <const> = { rng = fm.rng(8, "run"), summary = function(_, values) summary = values end, picture = function(_, name) title = name end }
    local histogram <const>, shown = fm.plot.rank_histogram, nil
    local closing <close> = setmetatable({}, { __close = function() fm.plot.rank_histogram = histogram end })
    fm.plot.rank_histogram = function(ranks, draws, o) shown = { ranks:totable(), draws, o } end
    local task <const> = { prior = function(n, rng) return rng:normal(n, 2) end, simulate = function(theta) return theta + 100 end,
      log_posterior = function(theta, x) return (x - theta - 100):sum(2) - 0.25 end }
    local rows
    local post <const> = { clamped = 3, sample = function(_, x)
      rows = x
      return x - fm.tensor { 101, 99 }, 0.125 -- below the truth in one, above it in the other
    end, log_prob = function(_, theta) return theta[{ {}, 1 }] * 0 - 2 end }
    measured.calibrate(run, { tests = 6, draws = 9, task = "x" }, task, post)
    assert.same({ 54, 2 }, rows:shape())
    checks.same(rows[{ { 1, 1 } }], rows[{ { 9, 9 } }])
    assert.near(0.25, summary.nll_floor, 1e-4)
    assert.same({ 2, 0.125, 3, "calibration" }, { summary.nll, summary.outside_tests, summary.clamped, title })
    local ranks = {}
    for i = 1, 6 do ranks[i] = { 9, 0 } end -- so many draws are below the truth
    assert.same({ ranks, 9, { title = "Calibration: x", names = { "parameter 1", "parameter 2" } } }, shown)
    local stream <const> = fm.rng(8, "run"):stream "calibrate"
    checks.same(stream:normal(6, 2)[{ 2, 2 }] + 100, rows[{ 10, 10 }])
    assert.same({ 0, 0.5 }, { summary.coverage_50, summary.coverage_90 }) -- of ranks 0 to 9 those to 8 are nine tenths
    task.log_posterior = nil
    measured.calibrate(run, { tests = 6, draws = 9, task = "x" }, task, post)
    assert.is_nil(summary.nll_floor)
  end)

  it("has the published numbers of four tasks, each with its data", function()
    local card <const> = require "posterior.parts.published"
    local rows = {}
    for i, row in ipairs(card.rows) do rows[i] = ("%s %s %.3f %.3f"):format(row[1], row[2].task, row.c2st[1], row.c2st[2]) end
    assert.same({ "two_moons two_moons 0.611 0.045", "gaussian_mixture gaussian_mixture 0.628 0.045", "gaussian_linear gaussian_linear 0.550 0.021",
      "slcp slcp 0.899 0.035" }, rows)
    local data <const> = { card.data(fm.rng(1)) }
    for i, size in ipairs { 2, 2, 10, 8 } do assert.same({ 1000, size }, data[i]:shape()) end
    assert.same({ 5, { { "c2st", "C2ST", floor = "c2st_floor" } } }, { card.seeds, card.results })
  end)

  it("of moons beside it: their density is the noise around the half circles", function()
    local former_path <const> = package.path
    package.path = "experiments/cards/?.lua;" .. former_path
    local density <const> = require "parts.moons_density"(0.1)
    package.path, package.loaded["parts.moons_density"] = former_path, nil
    local x <const> = fm.data.moons { n = 4000, noise = 0.1, rng = fm.rng(1) }
    local z <const> = density:sample(4000, fm.rng(2))
    checks.near(x:mean(1), z:mean(1), 0.06)
    assert.truthy(metrics.energy_distance(x, z) < 0.004)
    -- 200 points on each half circle, half a step from its ends: seen with little noise at an end
    package.path = "experiments/cards/?.lua;" .. former_path
    local sharp <const> = require "parts.moons_density"(0.01)
    package.path, package.loaded["parts.moons_density"] = former_path, nil
    for _, at in ipairs { { 1, 0 }, { -1, 0.01 }, { 0, 0.5 }, { 2, 0.49 }, { 0, 1 }, { 1, -0.5 } } do
      local sum = 0
      for k = 1, 200 do
        local angle <const> = (2 * k - 1) * math.pi / 400
        for _, mean in ipairs { { math.cos(angle), math.sin(angle) }, { 1 - math.cos(angle), 0.5 - math.sin(angle) } } do
          sum = sum + math.exp(-((at[1] - mean[1]) ^ 2 + (at[2] - mean[2]) ^ 2) / (2 * 0.01 ^ 2)) / (2 * math.pi * 0.01 ^ 2) / 400
        end
      end
      assert.near(math.log(sum), sharp:log_prob(fm.tensor { at }):item(), 1e-3)
    end
    -- on an arc far from its ends it is that of a line: a mass of 1 / (2 pi) a length, spread out
    assert.near(1 / (2 * math.pi) / (0.1 * math.sqrt(2 * math.pi)), math.exp(density:log_prob(fm.tensor { { 0, 1 } }):item()), 0.02)
  end)
end)
