-- The options of datasets and loaders: their defaults, both sides of their limits, messages whole.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local lfs <const> = require "lfs"
local data <const> = fm.data
local raises <const> = checks.raises_text

describe("the 2D sets", function()
  setup(function() data.moons { n = 2 } end)
  checks.no_bytes_stay(setup, teardown)

  local names <const> = { "moons", "eight_gaussians", "checkerboard", "two_spirals", "pinwheel", "swiss_roll", "circles", "rings", "s_curve", "gaussians" }

  it("have 1000 points unless told otherwise, and say what they refuse", function()
    for _, name in ipairs(names) do
      assert.same({ 1000, 2 }, data[name]():shape())
      assert.same({ 1, 2 }, data[name] { n = 1 }:shape())
      raises(("%s: n: expected a whole number >= 1, found 0"):format(name), data[name], { n = 0 })
      raises(("%s: noise: expected a number in 0..1e+30, found -1"):format(name), data[name], { noise = -1 })
      raises(("%s: noise: expected a number in 0..1e+30, found 1e+31"):format(name), data[name], { noise = 1e31 })
      raises(("%s: rng: expected a random stream, found string"):format(name), data[name], { rng = "1" })
      raises(("%s: unexpected argument 2, a number: it takes 1"):format(name), data[name], {}, 2)
    end
    for name, option in pairs { eight_gaussians = "radius", gaussians = "radius", circles = "factor", pinwheel = "rate" } do
      raises(("%s: %s: expected a number in -1e+30..1e+30, found 1e+31"):format(name, option), data[name], { [option] = 1e31 })
      assert.same({ 3, 2 }, data[name] { n = 3, [option] = -1 }:shape())
    end
    for name, option in pairs { gaussians = "modes", pinwheel = "arms" } do
      raises(("%s: %s: expected a whole number in 1..1000000, found 1000001"):format(name, option), data[name], { [option] = 1000001 })
      raises(("%s: %s: expected a whole number >= 1, found 0"):format(name, option), data[name], { [option] = 0 })
      data[name] { n = 2, [option] = 1000000 }
    end
  end)

  it("without an rng read a stream of their name and of how often they were asked", function()
    local stream <const> = require "fm.data.parts.stream"
    stream.seed(nil)
    for _, name in ipairs { "moons", "moons 2", "moons 3" } do checks.same(data.moons { n = 4, rng = fm.rng(0, name) }, data.moons { n = 4 }) end
    checks.same(data.rings { n = 4, rng = fm.rng(0, "rings") }, data.rings { n = 4 })
    stream.seed(nil)
    checks.same(data.moons { n = 4, rng = fm.rng(0, "moons") }, data.moons { n = 4 })
    stream.seed(fm.rng(9))
    checks.same(data.moons { n = 4, rng = fm.rng(9):stream "data":own "moons" }, data.moons { n = 4 })
    stream.seed(nil)
  end)
end)

describe("data.batches", function()
  checks.no_bytes_stay(before_each, after_each)

  local x <const> = fm.range(1, 7):reshape(7, 1)

  local function round(batches)
    local list = {}
    for batch in batches do list[#list + 1] = batch:reshape(-1):totable() end
    return list
  end

  it("keeps the order unless there is an rng, or shuffle is false", function()
    local plain <const> = { { 1, 2, 3 }, { 4, 5, 6 }, { 7 } }
    assert.same(plain, round(data.batches(x, 3)))
    assert.same(plain, round(data.batches(x, 3, { shuffle = false, rng = fm.rng(1) })))
    assert.same({ { 1, 2, 3, 4, 5, 6, 7 } }, round(data.batches(x, 7, { drop_last = true })))
    assert.same({ { 1, 2, 3, 4, 5, 6, 7 } }, round(data.batches(x, 8)))
    assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, round(data.batches(x, 3, { drop_last = true })))
    local shuffled = round(data.batches(x, 3, { rng = fm.rng(1) }))
    assert.are_not.same(plain, shuffled)
    assert.same(shuffled, round(data.batches(x, 3, { rng = fm.rng(1), shuffle = true })))
    local order = fm.rng(1):own "batches":at(0):permutation(7):totable()
    assert.same({ { order[1], order[2], order[3] }, { order[4], order[5], order[6] }, { order[7] } }, shuffled)
    local batch, labels = data.batches(x, 3, { labels = x * 2 })()
    assert.same({ { 2 }, { 4 }, { 6 } }, labels:totable())
    assert.same({ 3, 1 }, batch:shape())
  end)

  it("says whole what it refuses", function()
    local function fails(text, ...) raises("batches: " .. text, data.batches, ...) end
    fails("expected a tensor [N, ...], found 3", 3, 2)
    fails("expected a tensor [N, ...], found a tensor []", fm.tensor(1), 2)
    fails("the tensor has no rows", fm.zeros(0, 2), 2)
    fails("size: expected a whole number >= 1, found 0", x, 0)
    fails("drop_last: expected true or false, found 1", x, 2, { drop_last = 1 })
    fails("shuffle: expected true or false, found 1", x, 2, { shuffle = 1, rng = fm.rng(1) })
    fails("shuffle needs an rng", x, 2, { shuffle = true })
    fails("drop_last leaves no batch: size is 8, and there are 7 rows", x, 8, { drop_last = true })
    fails("labels: expected a tensor [N, ...] or a list of them, found a tensor []", x, 2, { labels = { fm.tensor(1) } })
    fails("7 rows and 6 labels", x, 2, { labels = fm.ones(6) })
    fails('labels: expected a list of tensors, found the key "a"', x, 2, { labels = { fm.ones(7), a = x } })
    fails("unexpected argument 4, a number: it takes 3", x, 2, {}, 4)
    raises("windows: expected a tensor [n] of ids, found 3", data.windows, 3, 2)
    raises("windows: length is 8, and there are 7 ids", data.windows, fm.range(1, 7), 8)
    raises("windows: unexpected argument 4, a number: it takes 3", data.windows, fm.range(1, 7), 2, {}, 4)
    data.windows(fm.range(1, 7), 2, { size = 3, drop_last = true })
    raises("windows: drop_last leaves no batch: size is 4, and a round has 3 windows", data.windows, fm.range(1, 7), 2, { size = 4, drop_last = true })
  end)

  it("finds its place again, whichever round it is in", function()
    local skip <const> = require "fm.skip"
    local function make() return data.batches(x, 3, { rng = fm.rng(4) }) end
    local values, batches = {}, make()
    for i = 1, 11 do values[i] = fm.json.encode((batches() or fm.zeros(0)):totable()) end -- 3 batches, then none
    for passed = 0, 8 do -- batches that were taken
      local later = make()
      skip.of(later)(passed)
      local place = skip.place_of(later).get()
      local moved = make()
      skip.place_of(moved).set(place)
      local at = passed + (passed > 0 and (passed - 1) // 3 or 0) + 1
      for _, iterate in ipairs { later, moved } do assert.equal(values[at], fm.json.encode((iterate() or fm.zeros(0)):totable()), passed) end
    end
  end)
end)

describe("a loader", function()
  local folder
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    data.moons { n = 2 }
  end)
  teardown(function()
    for name in lfs.dir(folder) do os.remove(folder .. "/" .. name) end
    lfs.rmdir(folder)
  end)
  checks.no_bytes_stay(before_each, after_each)

  it("of a folder of pictures takes gray ones, names in capitals, and says which does not fit", function()
    assert.same({ nil, folder .. "/none: no such folder" }, { data.png_folder(folder .. "/none") })
    assert.same({ nil, folder .. ": holds no .png files" }, { data.png_folder(folder) })
    assert(fm.png.save(folder .. "/b.PNG", fm.tensor { { 0, 1, 0 }, { 1, 0, 0 } }))
    assert(fm.png.save(folder .. "/a.png", fm.ones(2, 3)))
    assert(fm.file.write(folder .. "/a.png.txt", "no picture"))
    local x, size = data.png_folder(folder)
    assert.same({ channels = 1, height = 2, width = 3 }, size)
    assert.same({ { 1, 1, 1, 1, 1, 1 }, { -1, 1, -1, 1, -1, -1 } }, x:totable())
    assert.same({ 2, 1, 2, 3 }, data.png_folder(folder, { flat = false }):shape())
    assert(fm.png.save(folder .. "/c.png", fm.ones(3, 3)))
    assert.same({ nil, folder .. ': image 3 "c.png" is 3x3x1, the first is 3x2x1' }, { data.png_folder(folder) })
    assert(fm.png.save(folder .. "/c.png", fm.ones(2, 3, 3)))
    assert.same({ nil, folder .. ': image 3 "c.png" is 3x2x3, the first is 3x2x1' }, { data.png_folder(folder) })
    raises("png_folder: flat: expected true or false, found 1", data.png_folder, folder, { flat = 1 })
    raises("png_folder: unexpected argument 3, a number: it takes 2", data.png_folder, folder, {}, 3)
  end)

  it("of texts and pictures says whole what it refuses", function()
    raises("text: expected a path, found number", data.text, 3)
    raises("text: unexpected argument 2, a number: it takes 1", data.text, "a", 2)
    raises("bytes: unexpected argument 2, a number: it takes 1", data.bytes, "a\n", 2)
    raises("characters: unexpected argument 3, a number: it takes 2", data.characters, "a\n", {}, 3)
    raises("cifar10: flat: expected true or false, found 1", data.cifar10, "a", { flat = 1 })
    raises("cifar10: unexpected argument 3, a number: it takes 2", data.cifar10, "a", {}, 3)
    raises("shapes32: n: expected a whole number >= 1, found 0", data.shapes32, { n = 0 })
    raises("shapes32: unexpected argument 2, a number: it takes 1", data.shapes32, {}, 2)
    raises("cooccurrence: expected a list of sentences, found 3", data.cooccurrence, 3)
    raises("cooccurrence: sentence 2: expected a list of words, found 3", data.cooccurrence, { {}, 3 })
    raises("cooccurrence: sentence 2: word 3: expected a string, found 7", data.cooccurrence, { { "a" }, { "a", "b", 7 } })
    raises("cooccurrence: no word occurs 3 times", data.cooccurrence, { { "a", "a" } }, { least = 3 })
    raises("cooccurrence: window: expected a whole number in 1..2147483648, found 0", data.cooccurrence, { { "a", "a" } }, { window = 0 })
    raises("cooccurrence: least: expected a whole number >= 1, found 0", data.cooccurrence, { { "a", "a" } }, { least = 0 })
    raises("cooccurrence: unexpected argument 3, a number: it takes 2", data.cooccurrence, {}, {}, 3)
  end)
end)
