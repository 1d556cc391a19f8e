-- Pictures with labels, some of them held out, from IDX files made here or drawn.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const> = fm.data
local lfs <const> = require "lfs"

local raises_text <const>, load <const> = checks.raises_text, data.labelled_pictures

describe("labelled pictures", function()
  local folder, home

  setup(function() load { name = "mnist", folder = "/nowhere" } end)
  checks.no_bytes_stay(setup, teardown)

  -- n pictures of one pixel, k in the k-th, with the labels 0, 1, ... 9, 0, ...
  local function write_split(prefix, n)
    local pixels, labels = {}, {}
    for k = 1, n do pixels[k], labels[k] = string.char(k % 256), string.char((k - 1) % 10) end
    assert(fm.file.write(("%s/%s-images-idx3-ubyte"):format(folder, prefix), string.pack(">I4I4I4I4", 0x803, n, 1, 1) .. table.concat(pixels)))
    assert(fm.file.write(("%s/%s-labels-idx1-ubyte"):format(folder, prefix), string.pack(">I4I4", 0x801, n) .. table.concat(labels)))
  end

  before_each(function()
    folder, home = os.tmpname(), lfs.currentdir()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    write_split("train", 7)
    write_split("t10k", 5)
  end)

  after_each(function()
    assert(lfs.chdir(home))
    assert(os.execute(("rm -r '%s'"):format(folder)))
  end)

  local function says(text, given)
    local x, message = load(given)
    assert.is_nil(x)
    assert.truthy(message:find(text, 1, true), message)
  end

  it("of the train split have all test pictures held out", function()
    for _, name in ipairs { "mnist", "fashion_mnist" } do
      local x, labels, held_out, of_held_out, names = load { name = name, folder = folder, held_out = 5 }
      local y, of_y, names_of_y = data[name] { folder = folder, size = 32 }
      checks.same(y, x)
      checks.same(of_y, labels)
      assert.same(names_of_y, names)
      local z, of_z = data[name] { folder = folder, split = "test", size = 32 }
      checks.same(z, held_out)
      checks.same(of_z, of_held_out)
      assert.equal(5, #select(3, load { name = name, folder = folder, held_out = 1 }))
    end
  end)

  it("of the test split have its last pictures held out", function()
    local y, of_y = data.mnist { folder = folder, split = "test", size = 32 }
    for _, count in ipairs { 1, 2, 4 } do
      local x, labels, held_out, of_held_out, names = load { name = "mnist", folder = folder, split = "test", held_out = count }
      checks.same(y[{ 1, 5 - count }], x)
      checks.same(of_y[{ 1, 5 - count }], labels)
      checks.same(y[{ 6 - count, 5 }], held_out)
      checks.same(of_y[{ 6 - count, 5 }], of_held_out)
      assert.equal("9", names[10])
    end
    write_split("t10k", 1003)
    local x, _, held_out = load { name = "mnist", folder = folder, split = "test" }
    assert.same({ 3, 1000 }, { #x, #held_out })
  end)

  it("are found in the usual place without a folder, which may be empty", function()
    assert(lfs.chdir(folder))
    assert(os.execute "mkdir -p datasets/mnist && mv *-ubyte datasets/mnist")
    for _, given in ipairs { { folder = "" }, {} } do
      given.name, given.held_out = "mnist", 2
      checks.same(data.mnist { size = 32 }, (load(given)))
    end
  end)

  it("are drawn, 1,000 of 6,000 held out, in the order of shapes32", function()
    local function same(expected, found) -- they are large
      assert.same(expected:shape(), found:shape())
      assert.equal(0, expected:ne(found):sum():item())
    end
    local y, of_y = data.shapes32 { n = 6000, rng = fm.rng(3), flat = false }
    local x, labels, held_out, of_held_out, names = load { name = "shapes32", rng = fm.rng(3), split = "test", folder = folder }
    same(y[{ 1, 5000 }], x)
    same(of_y[{ 1, 5000 }], labels)
    same(y[{ 5001, 6000 }], held_out)
    same(of_y[{ 5001, 6000 }], of_held_out)
    assert.same({ "disc", "square", "triangle" }, names)
    x, labels, held_out = load { name = "shapes32", rng = fm.rng(3), held_out = 500 }
    same(y[{ 1, 5000 }], x)
    same(of_y[{ 1, 5000 }], labels)
    same(y[{ 5001, 5500 }], held_out)
  end)

  it("come from a dataset of one's own", function()
    assert(fm.file.write(folder .. "/blobs_of_mine.lua", [[
      local fm <const> = require "fm"
      return function(o)
        local n <const> = o.split == "train" and 6 or 3
        return fm.full({ n, 1, o.size, o.size }, -1), fm.ones(o.folder == "few" and 1 or n), { "blob" }
      end]]))
    local path = package.path
    package.path = folder .. "/?.lua;" .. path
    local x, labels, held_out, of_held_out, names = load { name = "blobs_of_mine", held_out = 3 }
    local ok, message = pcall(load, { name = "blobs_of_mine", folder = "few" })
    package.path, package.loaded.blobs_of_mine = path, nil
    assert.same({ 6, 1, 32, 32 }, x:shape())
    assert.same({ 6, 3, 3, "blob" }, { #labels, #held_out, #of_held_out, names[1] })
    assert.is_false(ok)
    assert.truthy(message:find("found a tensor [6, 1, 32, 32] and a tensor [1] from blobs_of_mine", 1, true), message)
  end)

  it("say what is missing, and that there are too few", function()
    says("fashion_mnist: no train-images-idx3-ubyte, plain or .gz, in none; on Debian", { name = "fashion_mnist", folder = "none" })
    says(("mnist: the test split in %s has 5 pictures: expected at least 1000, of which 1000 are held out"):format(folder),
      { name = "mnist", folder = folder })
    says("has 5 pictures: expected at least 6, of which 6 are held out", { name = "mnist", folder = folder, held_out = 6 })
    says("has 5 pictures: expected at least 6, of which 5 are held out (the option held_out)",
      { name = "mnist", folder = folder, split = "test", held_out = 5 })
    assert(os.remove(folder .. "/t10k-images-idx3-ubyte"))
    says("mnist: no t10k-images-idx3-ubyte", { name = "mnist", folder = folder, held_out = 1 })
    assert(os.remove(folder .. "/train-images-idx3-ubyte"))
    write_split("t10k", 5)
    says(('(but split = "test" is in %s)'):format(folder), { name = "mnist", folder = folder, held_out = 1 })
  end)

  it("refuse misuse", function()
    raises_text('labelled_pictures: name: unknown name "mnits"; did you mean "mnist"?', load, { name = "mnits" })
    raises_text("labelled_pictures: name: expected the name of a dataset, found nil", load)
    raises_text('moons: unknown option', load, { name = "moons" })
    raises_text('labelled_pictures: split: unknown name "tset"; did you mean "test"?', load, { name = "mnist", split = "tset" })
    raises_text("labelled_pictures: folder: expected a path, found 3", load, { name = "mnist", folder = 3 })
    raises_text("labelled_pictures: held_out: expected a whole number >= 1, found 0", load, { name = "mnist", held_out = 0 })
    raises_text("labelled_pictures: rng: expected a random stream, found number", load, { name = "mnist", rng = 3 })
    raises_text('labelled_pictures: unknown option "size"', load, { name = "mnist", size = 28 })
    raises_text("labelled_pictures: unexpected argument 2", load, { name = "mnist" }, 2)
  end)
end)
