-- MNIST and Fashion-MNIST from a folder of IDX files, made here: two pictures of 3 x 2 pixels.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const> = fm.data
local lfs <const> = require "lfs"

local raises_text <const> = checks.raises_text

describe("data of IDX pictures", function()
  local folder, home

  setup(function() data.mnist "/nowhere" end)
  checks.no_bytes_stay(setup, teardown)

  local function write(name, bytes)
    local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(bytes)
  end

  local function write_split(prefix, pixels, labels)
    write(prefix .. "-images-idx3-ubyte", string.pack(">I4I4I4I4", 0x803, #pixels // 6, 3, 2) .. string.char(table.unpack(pixels)))
    write(prefix .. "-labels-idx1-ubyte", string.pack(">I4I4", 0x801, #labels) .. string.char(table.unpack(labels)))
  end

  before_each(function()
    folder, home = os.tmpname(), lfs.currentdir()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    write_split("train", { 0, 255, 51, 0, 0, 0, 255, 255, 255, 255, 255, 0 }, { 0, 9 })
    write_split("t10k", { 0, 0, 0, 0, 0, 255 }, { 3 })
  end)

  after_each(function()
    assert(lfs.chdir(home))
    assert(os.execute(("rm -r '%s'"):format(folder)))
  end)

  it("are [N, 1, H, W] in -1..1 with labels from 1 and their names", function()
    for _, name in ipairs { "mnist", "fashion_mnist" } do
      local x, labels, names = data[name] { folder = folder }
      checks.near(fm.tensor { { { { -1, 1 }, { -0.6, -1 }, { -1, -1 } } }, { { { 1, 1 }, { 1, 1 }, { 1, -1 } } } }, x, 1e-6)
      checks.same(fm.tensor { 1, 10 }, labels)
      assert.same({ 10, name == "mnist" and "9" or "boot" }, { #names, names[10] })
      names[10] = "changed"
      assert.are_not.equal("changed", select(3, data[name](folder))[10])
      local y, test_labels = data[name] { folder = folder, split = "test" }
      checks.same(fm.tensor { { { { -1, -1 }, { -1, -1 }, { -1, 1 } } } }, y)
      checks.same(fm.tensor { 4 }, test_labels)
      checks.same(x, (data[name](folder)))
    end
  end)

  it("have black around them with a size", function()
    local x = data.mnist { folder = folder, split = "test", size = 4 }
    checks.same(fm.tensor { { { { -1, -1, -1, -1 }, { -1, -1, -1, -1 }, { -1, -1, 1, -1 }, { -1, -1, -1, -1 } } } }, x)
    checks.same((data.mnist { folder = folder })[1][1], (data.mnist { folder = folder, size = 3 })[1][1][{ {}, { 1, 2 } }])
    assert.same({ 1, 1, 32, 32 }, data.mnist { folder = folder, split = "test", size = 32 }:shape())
    raises_text("mnist: size: the pictures are 3 x 2, found 2", data.mnist, { folder = folder, size = 2 })
  end)

  it("are read from .gz, and from datasets/ where the script runs", function()
    assert(os.execute(("gzip '%s'/t10k-*"):format(folder)))
    checks.same(fm.tensor { 4 }, (select(2, data.mnist { folder = folder, split = "test" })))
    assert(lfs.chdir(folder))
    for name, place in pairs { mnist = "mnist", fashion_mnist = "fashion-mnist" } do
      assert(os.execute(("mkdir -p datasets/%s && cp *-ubyte* datasets/%s"):format(place, place)))
      local x, labels = data[name]()
      assert.same({ 2, 1, 3, 2 }, x:shape())
      checks.same(fm.tensor { 1, 10 }, labels)
    end
  end)

  it("say what to install or what to put where", function()
    local function says(text, given, name)
      local x, message = data[name or "mnist"](given)
      assert.is_nil(x)
      assert.truthy(message:find(text, 1, true), message)
    end
    local function remove(name) assert(os.remove(folder .. "/" .. name)) end
    says("apt install dataset-fashion-mnist", folder .. "/none", "fashion_mnist")
    says("mnist: no train-images-idx3-ubyte, plain or .gz, in datasets/mnist; put MNIST's four files", nil)
    remove "train-labels-idx1-ubyte"
    says("mnist: no train-labels-idx1-ubyte, plain or .gz, beside " .. folder .. "/train-images-idx3-ubyte", folder)
    remove "train-images-idx3-ubyte"
    says(('(but split = "test" is in %s)'):format(folder), folder)
    write_split("train", { 0, 0, 0, 0, 0, 0 }, { 1, 2 })
    says("train-labels-idx1-ubyte: expected labels [1], as many as pictures, found a tensor [2]", folder)
    write_split("train", { 0, 0, 0, 0, 0, 0 }, { 10 })
    says("train-labels-idx1-ubyte: expected labels 0..9, found 10..10", folder)
    write("train-images-idx3-ubyte", string.pack(">I4I4B", 0x801, 1, 7))
    says("train-images-idx3-ubyte: expected pictures [N, H, W], found a tensor [1]", folder)
    write("train-images-idx3-ubyte", "no such")
    says("train-images-idx3-ubyte: ", folder)
  end)

  it("refuse misuse", function()
    raises_text('mnist: split: unknown name "tset"; did you mean "test"', data.mnist, { split = "tset" })
    raises_text('fashion_mnist: unknown option "file"', data.fashion_mnist, { file = "x" })
    raises_text("mnist: folder: expected a path, found 3", data.mnist, { folder = 3 })
    raises_text("mnist: size: expected a whole number >= 1, found 0", data.mnist, { folder = folder, size = 0 })
    raises_text("mnist: expected a table of options, found number", data.mnist, 3)
    raises_text("mnist: unexpected argument 2, a string: it takes 1", data.mnist, folder, "test")
  end)
end)

describe("data of pictures with flat = false", function()
  checks.no_bytes_stay(setup, teardown)

  it("have the numbers of the flat ones", function()
    local flat, labels = data.shapes32 { n = 3, rng = fm.rng(1) }
    local x, same_labels = data.shapes32 { n = 3, rng = fm.rng(1), flat = false }
    checks.same(flat:reshape(3, 3, 32, 32), x)
    checks.same(labels, same_labels)

    local path = os.tmpname()
    assert(fm.file.write(path, (string.char(9) .. ("\255"):rep(1024) .. ("\51"):rep(2048)):rep(2)))
    x, labels = data.cifar10(path, { flat = false })
    checks.same(data.cifar10(path):reshape(2, 3, 32, 32), x)
    checks.same(fm.tensor { 10, 10 }, labels)
    os.remove(path)
    assert.is_nil((data.cifar10(path, { flat = false })))

    assert(lfs.mkdir(path))
    assert(fm.png.save(path .. "/a.png", fm.rng(2):uniform(2, 3, 3)))
    local size
    x, size = data.png_folder(path, { flat = false })
    assert.same({ channels = 3, height = 2, width = 3 }, size)
    checks.same(data.png_folder(path):reshape(1, 3, 2, 3), x)
    assert(os.execute(("rm -r '%s'"):format(path)))
  end)

  it("refuse misuse", function()
    raises_text('cifar10: unknown option "flt"; did you mean "flat"?', data.cifar10, "x", { flt = false })
    raises_text("png_folder: flat: expected true or false, found 3", data.png_folder, "x", { flat = 3 })
    raises_text("shapes32: flat: expected true or false, found 3", data.shapes32, { flat = 3 })
  end)
end)
