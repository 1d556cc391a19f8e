-- metrics.features and what is made of it. Real pictures are read where they lie: MNIST's test
-- files in FM_DATASETS/mnist, datasets/mnist or ../shared/datasets/mnist, Fashion-MNIST's where
-- Debian's package puts them.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local metrics <const>, data <const> = fm.metrics, fm.data
local raises_text <const> = checks.raises_text

local function has_digits(folder)
  local file <close> = io.open(folder .. "/t10k-images-idx3-ubyte.gz") or io.open(folder .. "/t10k-images-idx3-ubyte")
  return file ~= nil
end

local folder = (os.getenv "FM_DATASETS" or "datasets") .. "/mnist"
if not has_digits(folder) then folder = "../shared/datasets/mnist" end

--- Pictures of three blobs each, [n, 1, 32, 32] in -1..1.
local function blobs(n, name)
  local rng <const>, scope <close> = fm.rng(1, name), fm.scope()
  local row, column = fm.range(1, 32):reshape(1, 1, 32, 1), fm.range(1, 32):reshape(1, 1, 1, 32)
  local y, x = rng:uniform({ n, 3, 1, 1 }, { low = 6, high = 26 }), rng:uniform({ n, 3, 1, 1 }, { low = 6, high = 26 })
  return (((row - y):square() + (column - x):square()) / -20):exp():max { axis = 2, keep = true }:mul(2):sub(1):detach()
end

describe("metrics.features", function()
  checks.no_bytes_stay(before_each, after_each)

  it("reads digits that it was not trained on: 98 of 100 and more", function()
    local x, labels = data.mnist { folder = folder, split = "test" }
    if not x then return pending("needs MNIST's test files in " .. folder) end
    local network = metrics.features "mnist"
    local share, shares = metrics.class_accuracy(x[{ 9001, 10000 }], labels[{ 9001, 10000 }], network)
    assert.is_true(share >= 0.98)
    assert.near(network.accuracy, share, 0.002) -- as the file says; another number type may read one or two otherwise
    assert.same({ 1000, 10, "9" }, { network.held_out, #network.classes, network.classes[10] })
    assert.is_true(shares:min():item() > 0.9)
    local bright = data.mnist { folder = folder, split = "test", size = 32 }[{ 1, 300 }] * 0.5 + 0.5
    checks.near(network(x[{ 1, 300 }]), metrics.features("mnist", { range = { 0, 1 } })(bright), 1e-4)
  end)

  it("reads clothes that it was not trained on", function()
    local x, labels = data.fashion_mnist { split = "test" }
    if not x then return pending(labels) end
    local network = metrics.features "fashion_mnist"
    local share = metrics.class_accuracy(x[{ 1, 2000 }], labels[{ 1, 2000 }], "fashion_mnist")
    assert.is_true(share >= 0.9)
    assert.near(network.accuracy, share, 0.02)
    assert.same({ 10000, "boot" }, { network.held_out, network.classes[10] })
  end)

  it("gives the same bytes for any number of threads, and every time", function()
    local x, before = blobs(600, "threads"), fm.system.threads()
    local first, labels
    for _, threads in ipairs { 1, 2, 3 } do
      fm.system.threads(threads)
      local network = metrics.features "fashion_mnist"
      local y, read = network(x), network:labels(x)
      first, labels = first or y, labels or read
      assert.is_true(checks.identical(first, y))
      checks.same(labels, read)
    end
    fm.system.threads(before)
    assert.same({ 600, 64 }, first:shape())
  end)

  it("takes pictures and rows, with and without their frame, in any range", function()
    local network, x = metrics.features "mnist", blobs(5, "shapes")
    local y = network(x)
    checks.same(y, network(x:reshape(5, 1024)))
    local inner = x[{ {}, {}, { 3, 30 }, { 3, 30 } }]
    local framed = fm.full({ 5, 1, 32, 32 }, -1)
    framed[{ {}, {}, { 3, 30 }, { 3, 30 } }] = inner
    checks.same(network(framed), network(inner))
    checks.same(network(framed), network(inner:reshape(5, 784)))
    local odd = fm.full({ 5, 1, 32, 32 }, -1) -- one pixel less above and before than behind
    odd[{ {}, {}, { 2, 30 }, { 2, 30 } }] = x[{ {}, {}, { 2, 30 }, { 2, 30 } }]
    checks.same(network(odd), network(x[{ {}, {}, { 2, 30 }, { 2, 30 } }]))
    for _, range in ipairs { { 0, 1 }, { 0, 255 }, { -3, 5 } } do
      local there = (x + 1) / 2 * (range[2] - range[1]) + range[1]
      checks.near(y, metrics.features("mnist", { range = range })(there), 1e-3)
    end
    checks.same(network(x:clamp(-0.5, 0.5) * 2), network(x * 2)) -- beyond the range: its ends
  end)

  it("records nothing, and leaves the weights of layers that come later alone", function()
    fm.nn.seed(3)
    local first = fm.nn.linear(2, 2):state().weight:clone():detach()
    fm.nn.seed(3)
    local network = metrics.features "mnist"
    checks.same(first, fm.nn.linear(2, 2):state().weight:detach())
    fm.nn.seed(0)
    local tape <close> = fm.record()
    local y = network(fm.parameter(blobs(2, "tape")))
    assert.is_false(fm.needs_grad(y))
  end)

  it("says what it cannot read", function()
    local network, x = metrics.features "mnist", blobs(2, "errors")
    for _, wrong in ipairs { fm.zeros(2, 3, 32, 32), fm.zeros(2, 1, 33, 32), fm.zeros(2, 1, 27, 28), fm.zeros(2, 1000), fm.zeros(2, 3072),
      fm.zeros(0, 1, 32, 32), fm.zeros(32, 32), fm.zeros(1024), 3 } do
      raises_text("features: expected pictures [N, 1, 32, 32] (or up to 4 pixels smaller) or rows of as many numbers, found ", network, wrong)
    end
    raises_text("features: unexpected argument 2", network, x, 3)
    raises_text("features: labels is a method: expected network:labels(x)", network.labels, x)
    raises_text("features: no pixel is below the middle of the range -1..1: pictures in 0..1 want { range = { 0, 1 } }", network, x * 0.5 + 0.5)
    x[2][1][3][4] = 0 / 0
    raises_text("features: row 2 of the pictures is not finite", network, x)
    raises_text('features: unknown name "mnits"; did you mean "mnist"?', metrics.features, "mnits")
    raises_text('features: unknown name "inception" (one of: fashion_mnist, mnist)', metrics.features, "inception")
    raises_text("features: expected a name or the path of a .safetensors file, found nil", metrics.features)
    raises_text("none.safetensors: ", metrics.features, "none.safetensors")
    raises_text('features: unknown option "rnage"; did you mean "range"?', metrics.features, "mnist", { rnage = 1 })
    raises_text("features: range: expected { low, high }, found 3", metrics.features, "mnist", { range = 3 })
    raises_text("features: range: expected low < high, found { 1, 1 }", metrics.features, "mnist", { range = { 1, 1 } })
    raises_text("features: range: expected a number in -1e+30..1e+30, found nil", metrics.features, "mnist", { range = { 0 } })
  end)

  it("reads a file of one's own, and says what is wrong with one", function()
    local path = os.tmpname()
    os.remove(path)
    path = path .. ".safetensors"
    local function save(change)
      local tensors, about = {}, { size = "18", classes = '["a", "b"]', accuracy = "0.5", held_out = "7" }
      tensors["conv1.weight"], tensors["conv1.bias"] = fm.ones(2, 3, 3, 3), fm.zeros(2)
      tensors["conv2.weight"], tensors["conv2.bias"] = fm.ones(4, 2, 3, 3), fm.zeros(4)
      tensors["fc1.weight"], tensors["fc1.bias"] = fm.ones(5, 4 * 9), fm.zeros(5)
      tensors["fc2.weight"], tensors["fc2.bias"] = fm.ones(2, 5), fm.tensor { 0, 1 }
      if change then change(tensors, about) end
      assert(fm.save(path, tensors, about))
    end
    save()
    local network = metrics.features(path)
    assert.same({ 2, 5 }, network(fm.full({ 2, 3, 18, 16 }, -1)):shape())
    assert.same({ 2, 2 }, network:labels(fm.full({ 2, 3, 18, 18 }, -1)):totable())
    assert.same({ 5, 0.5, 7, { "a", "b" } }, { network.features, network.accuracy, network.held_out, network.classes })
    save(function(_, about) about.size = "20" end) -- a pool of 2 leaves the last of 7 rows out
    assert.same({ 2, 5 }, metrics.features(path)(fm.full({ 2, 3, 20, 20 }, -1)):shape())
    local function refuses(text, change)
      save(change)
      raises_text(text .. ": expected a file of experiments/picture_classifier.lua", metrics.features, path)
    end
    refuses("there is no fc1.bias", function(t) t["fc1.bias"] = nil end)
    refuses("conv2.weight is a tensor [4, 2]", function(t) t["conv2.weight"] = fm.ones(4, 2) end)
    refuses("fc2.bias is a tensor [3]", function(t) t["fc2.bias"] = fm.ones(3) end)
    refuses("its layers do not fit pictures of 18 x 18", function(t) t["fc1.weight"] = fm.ones(5, 32) end)
    refuses("its layers do not fit pictures of 8 x 8", function(_, about) about.size = "8" end)
    refuses("its metadata does not tell size, accuracy and held_out", function(_, about) about.accuracy = nil end)
    refuses("its metadata does not name 2 classes", function(_, about) about.classes = '["a"]' end)
    refuses("its metadata does not name 2 classes", function(_, about) about.classes = "no list" end)
    os.remove(path)
  end)
end)

describe("metrics.class_accuracy", function()
  checks.no_bytes_stay(before_each, after_each)

  it("counts what is read as its label, in all and for each class", function()
    local network, x = metrics.features "mnist", blobs(40, "labels")
    local read = network:labels(x)
    local share, shares = metrics.class_accuracy(x, read, "mnist")
    assert.equal(1, share)
    local wrong = read:clone()
    wrong[1] = read[1] % 10 + 1
    share, shares = metrics.class_accuracy(x, wrong:reshape(40, 1), network)
    assert.near(39 / 40, share, 1e-6)
    local counts, list = {}, wrong:totable()
    for _, k in ipairs(list) do counts[math.tointeger(k)] = (counts[math.tointeger(k)] or 0) + 1 end
    for k = 1, 10 do
      local n = counts[k]
      if not n then assert.is_true(shares[k] ~= shares[k]) else
        assert.near(k == list[1] and (n - 1) / n or 1, shares[k], 1e-6)
      end
    end
  end)

  it("says what it cannot count", function()
    local x = blobs(3, "wrong")
    raises_text("class_accuracy: expected labels [3], as many as pictures, found a tensor [2]", metrics.class_accuracy, x, fm.ones(2), "mnist")
    raises_text("class_accuracy: expected labels [3], as many as pictures, found nil", metrics.class_accuracy, x, nil, "mnist")
    raises_text("class_accuracy: expected whole labels in 1..10, found 0..2", metrics.class_accuracy, x, fm.tensor { 0, 1, 2 }, "mnist")
    raises_text("class_accuracy: expected whole labels in 1..10, found 1..1.5", metrics.class_accuracy, x, fm.tensor { 1, 1.5, 1 }, "mnist")
    raises_text("class_accuracy: expected a network of metrics.features or its name, found a function", metrics.class_accuracy, x, fm.ones(3), print)
    raises_text("class_accuracy: expected a network of metrics.features or its name, found a table", metrics.class_accuracy, x, fm.ones(3), { labels = print })
    raises_text("class_accuracy: expected a network of metrics.features or its name, found a table", metrics.class_accuracy, x, fm.ones(3),
      { labels = 3, classes = {} })
    raises_text("class_accuracy: unexpected argument 4", metrics.class_accuracy, x, fm.ones(3), "mnist", 4)
  end)
end)

describe("metrics.picture_quality", function()
  checks.no_bytes_stay(before_each, after_each)

  local network
  setup(function() network = metrics.features "fashion_mnist" end)
  teardown(function() network = nil end)

  it("is near its floor for true pictures, and far above it for others", function()
    local real = blobs(400, "real")
    local same, other = metrics.picture_quality(blobs(200, "same"), real, { features = network }), fm.rng(4):normal(200, 1, 32, 32)
    local noise = metrics.picture_quality(other, real, { features = "fashion_mnist", labels = fm.ones(200) })
    assert.equal(200, same.n)
    for _, name in ipairs { "frechet_distance", "kid", "precision", "recall" } do
      local floor, deviation = same[name .. "_floor"], same[name .. "_floor_deviation"]
      local text = ("%s: %g, floor %g, deviation %g"):format(name, same[name], floor, deviation)
      assert.is_true(deviation > 0 and math.abs(same[name] - floor) < 5 * deviation + 1e-9, text)
      assert.equal(floor, noise[name .. "_floor"]) -- of real pictures alone
    end
    assert.is_true(noise.frechet_distance > 5 * same.frechet_distance)
    assert.is_true(noise.kid > noise.kid_floor + 10 * noise.kid_floor_deviation)
    assert.is_true(noise.recall < 0.1)
    assert.is_nil(same.class_accuracy)
    assert.equal(metrics.class_accuracy(other, fm.ones(200), network), noise.class_accuracy)
    assert.equal(network.accuracy, noise.class_accuracy_floor)
  end)

  it("takes as many rows of each as there are, of any order", function()
    local real = blobs(80, "few")
    local fake = blobs(90, "more")
    local found = metrics.picture_quality(fake, real, { features = network, draws = 3 })
    assert.equal(40, found.n)
    assert.same(found, metrics.picture_quality(fake, real, { features = network, draws = 3 }))
    local sorted = real:index_select(select(2, network:labels(real):sort()), { axis = 1 })
    local again = metrics.picture_quality(fake, sorted, { features = network, draws = 3 })
    assert.near(found.frechet_distance_floor, again.frechet_distance_floor, 0.5 * found.frechet_distance_floor)
    local function own(x) return x:reshape(#x, -1)[{ {}, { 1, 400 } }] * 1 end -- any function gives features
    assert.equal(20, metrics.picture_quality(fake[{ 1, 20 }], real, { features = own, draws = 2 }).n)
  end)

  it("calls by `name` what is measured of the samples, not n and the floors", function()
    local fake, real = blobs(10, "fake"), blobs(20, "real")
    local plain = metrics.picture_quality(fake, real, { features = network, draws = 2, labels = fm.ones(10) })
    for pattern, called in pairs { ["%s_guided"] = function(key) return key .. "_guided" end, ["whole_%s"] = function(key) return "whole_" .. key end } do
      local expected = {}
      for key, value in pairs(plain) do expected[(key == "n" or key:find "_floor") and key or called(key)] = value end
      assert.same(expected, metrics.picture_quality(fake, real, { features = network, draws = 2, labels = fm.ones(10), name = pattern }))
    end
  end)

  it("says what it cannot measure", function()
    local x = blobs(8, "wrong")
    local function wrong(text, ...) raises_text("picture_quality: " .. text, metrics.picture_quality, ...) end
    wrong("features: expected a name or what metrics.features gives, found nil", x, x)
    wrong("features: expected a name or what metrics.features gives, found 3", x, x, { features = 3 })
    wrong('unknown option "feature"; did you mean "features"?', x, x, { feature = network })
    wrong("draws: expected a whole number in 2..1000000000, found 1", x, x, { features = network, draws = 1 })
    for _, name in ipairs { "guided", "%s_%s", "" } do
      wrong(('name: expected a text with one %%s in it, as "%%s_guided", found "%s"'):format(name), x, x, { features = network, name = name })
    end
    wrong("name: expected a text with one %s in it", x, x, { features = network, name = 3 })
    wrong("there are 8 fake and 6 real pictures: expected at least 4 and 8", x, x[{ 1, 6 }], { features = network })
    wrong("real: expected a tensor with rows first, [n, ...], found nil", x, nil, { features = network })
    wrong("unexpected argument 4", x, x, { features = network }, 4)
    wrong("features: expected a tensor with a row for each of 4 pictures, found 3", x, x, { features = function() return 3 end })
    wrong("features: expected a tensor with a row for each of 4 pictures, found a tensor [2, 2]", x, x,
      { features = function() return fm.zeros(2, 2) end })
  end)
end)
