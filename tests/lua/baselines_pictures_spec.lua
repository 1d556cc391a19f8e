-- The pictures that methods are compared on (experiments/baselines/parts/pictures): the whole task,
-- from IDX files made here.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const>, metrics <const> = fm.data, fm.metrics

describe("baselines on pictures", function()
  local former <const>, of_pictures, folder = package.path, nil, nil

  --- n pictures of two strokes that lie elsewhere in each.
  local function write_pictures(n)
    local list, labels = {}, {}
    for k = 1, n do
      local rows = {}
      for row = 1, 28 do
        local first <const>, second <const> = (k * 5 + row) % 20, (k * 11 - row) % 23
        rows[row] = ("\0"):rep(first) .. "\xff\xc0\x80" .. ("\0"):rep(25 - first)
        if row % 4 == k % 3 then rows[row] = ("\0"):rep(second) .. "\x60\xff" .. ("\0"):rep(26 - second) end
      end
      list[k], labels[k] = table.concat(rows), string.char(k % 10)
    end
    assert(fm.file.write(folder .. "/t10k-images-idx3-ubyte", string.pack(">I4I4I4I4", 0x803, n, 28, 28) .. table.concat(list)))
    assert(fm.file.write(folder .. "/t10k-labels-idx1-ubyte", string.pack(">I4I4", 0x801, n) .. table.concat(labels)))
  end

  setup(function()
    package.path = "experiments/?.lua;" .. former
    of_pictures = require "baselines.parts.pictures"
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    write_pictures(150)
    metrics.features "mnist"
    fm.nn.unet { channels = 1, width = 2 }(fm.zeros(1, 1, 32, 32), fm.zeros(1)) -- loads what stays
  end)
  teardown(function()
    package.path, package.loaded["baselines.parts.pictures"] = former, nil
    assert(os.execute(("rm -r '%s'"):format(folder)))
  end)
  checks.no_bytes_stay(before_each, after_each)

  local function pictures(seed, options)
    local p = { data = "mnist", folder = folder, split = "test", samples = 70, batch = 4, width = 2, method = "flow" }
    for key, value in pairs(options or {}) do p[key] = value end
    return of_pictures({ rng = fm.rng(seed), seed = seed }, p)
  end

  it("learn pictures, and are judged in the features of a classifier by held-out ones", function()
    local task <const>, all <const> = pictures(3), data.mnist { folder = folder, split = "test", size = 32 }
    assert.same({ "pictures", "Frechet distance", { 1, 32, 32 } }, { task.kind, task.unit, task.shape })
    local of_step <const> = data.batches(all[{ 1, 10 }], 4, { rng = fm.rng(3):stream "batches", drop_last = true })
    local count = 0
    for x in task.batches do
      count = count + 1
      checks.same(of_step(), x)
    end
    assert.same({ 2, nil }, { count, of_step() })

    -- the test is the same for all seeds: 140 held-out pictures in two halves
    local rng <const>, read <const> = fm.rng(0, "tests"), metrics.features "mnist"
    local z <const>, order <const> = rng:normal(70, 1, 32, 32), rng:permutation(140)
    local held_out <const> = all[{ 11, 150 }]:index_select(order, 1)
    local real <const>, other <const> = read(held_out[{ 1, 70 }]), read(held_out[{ 71, 140 }])
    checks.same(z, task.noise)
    assert.equal(metrics.frechet_distance(other, real), task.floor)
    assert.truthy(task.floor > 0)
    local judged <const> = task.judged()
    assert.equal("Frechet distance to held-out pictures", judged.name)
    assert.equal(task.floor, judged.floor())
    local x <const> = (z * 0.5):tanh()
    assert.equal(metrics.frechet_distance(read(x), real), judged.metric(x))

    -- draws come in blocks of 64, from one stream of the run's seed
    local draws <const>, from = fm.rng(3, "draws"), {}
    local function draw(some, its_rng)
      from[#from + 1] = some
      return (some + its_rng:uniform(#some, 1, 1, 1)):tanh()
    end
    local wanted <const> = fm.cat({ (z[{ 1, 64 }] + draws:uniform(64, 1, 1, 1)):tanh(), (z[{ 65, 70 }] + draws:uniform(6, 1, 1, 1)):tanh() }, 1)
    assert.equal(metrics.frechet_distance(read(wanted), real), task.distance(draw))
    checks.same(z[{ 1, 64 }], from[1])
    checks.same(z[{ 65, 70 }], from[2])
    assert.equal(2, #from)
    local way <const> = (wanted - z):reshape(70, -1)
    assert.near(way:square():sum():item() / 70 / metrics.wasserstein2(wanted:reshape(70, -1), z:reshape(70, -1)) ^ 2, task.transport(draw), 1e-6)
    assert.near(1, task.transport(function(some) return some + 3 end), 1e-5)
    assert.truthy(task.transport(function(some) return some * -1 end) > 1.5)
    for value, is_far in pairs { [9.9e5] = false, [-9.9e5] = false, [1e6] = true, [-1e6] = true, [math.huge] = true } do
      local function far(some)
        some = some * 0 - 1
        some[{ #some, 1, 32, { 32, 32 } }] = value
        return some
      end
      assert.equal(is_far, task.distance(far) == math.huge, value)
    end
    assert.equal(math.huge, task.distance(function(some) return some / 0 * 0 end))
  end)

  it("show the first block of pictures, eight side by side, between black and white", function()
    local former_grid <const>, shown = fm.plot.image_grid, nil
    local closing <close> = setmetatable({}, { __close = function() fm.plot.image_grid = former_grid end })
    fm.plot.image_grid = function(x, o)
      shown = { x, o }
      return "a picture"
    end
    local function draw(some, rng) return some * 0 + rng:uniform(1, 1, 1, 1) end
    assert.equal("a picture", pictures(3).picture(draw))
    checks.near(fm.full({ 64, 1, 32, 32 }, fm.rng(3, "draws"):uniform(1):item()), shown[1])
    assert.same({ columns = 8, range = { -1, 1 }, title = "flow" }, shown[2])
    pictures(3, { samples = 5, method = "gan" }).picture(draw)
    assert.same({ 5, "gan" }, { #shown[1], shown[2].title })
  end)

  it("have a U-Net for pictures, with and without a time", function()
    local task <const>, x <const> = pictures(1), fm.rng(1):normal(2, 1, 32, 32)
    local net <const> = task.network()
    assert.equal(fm.nn.unet({ channels = 1, width = 2 }):count(), net:count())
    assert.equal(fm.nn.unet({ channels = 1, width = 2, times = 2 }):count(), task.network({ times = 2 }):count())
    local still <const> = task.still()
    local rng <const> = fm.rng(2)
    for _, w in ipairs(still:parameters()) do w:copy(rng:normal(w:shape()) * 0.2) end
    local state = {}
    for name, w in pairs(still:state()) do state[name:match "^net%.(.*)$"] = w end
    net:load_state(state)
    checks.same(net(x, fm.zeros(2)), still(x))
    assert.truthy((net(x, fm.ones(2)) - still(x)):abs():max():item() > 1e-4)
  end)

  it("judge at most 256 pictures where many settings are tried", function()
    write_pictures(604)
    local task <const> = pictures(1, { samples = 300 })
    write_pictures(150)
    local rng <const> = fm.rng(0, "tests")
    checks.same(rng:normal(300, 1, 32, 32)[{ 1, 256 }], task.noise)
    local read <const>, order <const> = metrics.features "mnist", rng:permutation(600)
    local x <const>, judged <const> = (task.noise * 0.5):tanh(), task.judged()
    assert.equal(256, #task.noise)
    assert.truthy(judged.metric(x) > judged.floor() and judged.floor() > task.floor * 0.5)
    assert.equal(600, #order)
    assert.same({ 256 }, { #read(x) })
  end)
end)
