local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const> = fm.data

describe("data", function()
  setup(function() data.moons { n = 2 } end) -- loads what stays loaded
  checks.no_bytes_stay(setup, teardown)

  local names <const> = { "moons", "eight_gaussians", "checkerboard", "two_spirals", "pinwheel", "swiss_roll", "circles", "rings", "s_curve", "gaussians" }

  it("makes every 2D set, the same for the same rng, within bounds", function()
    for _, name in ipairs(names) do
      local x = data[name] { n = 500, rng = fm.rng(1) }
      assert.same({ 500, 2 }, x:shape())
      assert.is_true(x:abs():max():item() < 8, name)
      assert.is_true(x:var(1):min():item() > 0.05, name)
      assert.same(x:totable(), data[name] { n = 500, rng = fm.rng(1) }:totable())
    end
  end)

  it("keeps to the shapes they are named after", function()
    local x = data.moons { n = 2000, noise = 0, rng = fm.rng(2) }
    local upper = (x:square():sum(2):sqrt() - 1):abs()
    local lower = ((x - fm.tensor { 1, 0.5 }):square():sum(2):sqrt() - 1):abs()
    assert.is_true(fm.minimum(upper, lower):max():item() < 1e-4)
    for i = 1, 200 do
      local p = data.checkerboard { n = 200, rng = fm.rng(i) }[i]
      assert.equal(0, (math.floor(p[1] / 2) + math.floor(p[2] / 2)) % 2)
    end
    local r = data.circles { n = 300, noise = 0, rng = fm.rng(3) }:square():sum(2):sqrt()
    assert.is_true((r - 0.5):abs():minimum((r - 1):abs()):max():item() < 1e-4)
  end)

  it("draws shapes with all three kinds and colours in range", function()
    local x, labels = data.shapes32 { n = 600, rng = fm.rng(1) }
    assert.same({ 600, 3072 }, x:shape())
    assert.is_true(x:min():item() >= -1 and x:max():item() <= 1)
    local seen = {}
    for _, l in ipairs(labels:totable()) do seen[l] = true end
    assert.same({ true, true, true }, seen)
  end)

  it("gives batches: each row once a round, another order the next, the same for the same rng", function()
    local x = fm.range(1, 10):reshape(10, 1)
    local function round(next_batch)
      local rows = {}
      for batch in next_batch do
        for _, row in ipairs(batch:totable()) do rows[#rows + 1] = row[1] end
      end
      return rows
    end
    local a = data.batches(x, 4, { rng = fm.rng(1, "b") })
    local first, second = round(a), round(a)
    assert.are_not.same(first, second)
    local b = data.batches(x, 4, { rng = fm.rng(1, "b") })
    assert.same(first, round(b))
    assert.same(second, round(b))
    table.sort(first)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, first)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8 }, round(data.batches(x, 4, { drop_last = true })))
    local labels = fm.range(11, 20)
    local pictures = fm.rng(3):normal(10, 2, 2)
    local list = { labels, pictures, fm.range(1, 10) }
    for _, o in ipairs { { rng = fm.rng(2), labels = list }, { labels = list } } do
      local seen, batches = 0, data.batches(x, 3, o)
      for rows, l, p, i in batches do
        seen = seen + #rows
        assert.same({ l:totable(), p:totable() }, { labels:index_select(i, 1):totable(), pictures:index_select(i, 1):totable() })
        assert.same(x:index_select(i, 1):totable(), rows:totable())
      end
      assert.equal(10, seen)
      assert.equal(4, select("#", batches()))
    end
    for rows, l in data.batches(x, 3, { rng = fm.rng(2), labels = labels }) do assert.same((rows:reshape(-1) + 10):totable(), l:totable()) end
  end)

  it("leaves the clock of the rng it is given alone, and keeps one order in memory however many rounds", function()
    local rng = fm.rng(1)
    rng:at(7)
    local next_batch = data.batches(fm.zeros(4000, 2), 1000, { rng = rng })
    local function rounds(n)
      for _ = 1, n do
        local more = true
        while more do
          local scope <close> = fm.scope()
          more = next_batch()
        end
      end
    end
    rounds(5)
    assert.equal(7, rng:step())
    local held, asked = fm.live_bytes(), fm.mallocs()
    rounds(50)
    assert.is_true(fm.live_bytes() <= held)
    if not os.getenv "FM_COLLECT" then assert.is_true(fm.mallocs() <= asked + 8) end -- Lua's own blocks; an eager collector makes it ask for more
  end)

  it("covers each set evenly", function()
    local counts = {}
    for _, p in ipairs(data.checkerboard { n = 8000, rng = fm.rng(4) }:totable()) do
      local square = math.floor(p[1] / 2) .. " " .. math.floor(p[2] / 2)
      counts[square] = (counts[square] or 0) + 1
    end
    local squares = 0
    for _, count in pairs(counts) do
      squares = squares + 1
      assert.near(1000, count, 150)
    end
    assert.equal(8, squares)
    local bright = data.eight_gaussians { n = 8000, noise = 0, rng = fm.rng(5) }
    assert.near(5, bright:norm(2):max():item(), 1e-5)
    assert.near(5, bright:norm(2):min():item(), 1e-5)
    assert.near(0, bright:mean(1):abs():max():item(), 0.2)
    local seen = {}
    for _, r in ipairs(data.rings { n = 400, noise = 0, rng = fm.rng(6) }:norm(2):totable()) do
      assert.near(math.floor(r / 0.75 + 0.5), r / 0.75, 1e-5)
      seen[math.floor(r / 0.75 + 0.5)] = true
    end
    assert.same({ true, true, true, true }, seen)
  end)

  it("draws shapes by their area: a disc covers pi r^2, and edges are soft", function()
    local x, labels = data.shapes32 { n = 300, rng = fm.rng(2) }
    local soft = 0
    for i = 1, 300 do
      local plane = x[i]:reshape(3, 1024)[1]
      local back, low, high = plane[1], plane:min():item(), plane:max():item() -- the corner is background
      local front = back == low and high or low
      if math.abs(front - back) > 0.2 then
        local cover = (plane - back) / (front - back)
        if labels[i] == 1 then
          local across = cover:reshape(32, 32):max(1):sum():item() -- the shadow of a disc is its diameter
          assert.near(math.pi * across ^ 2 / 4, cover:sum():item(), 12 + 0.08 * across ^ 2)
        end
        soft = soft + (cover * (1 - cover)):sum():item()
      end
    end
    assert.is_true(soft > 300)
  end)

  describe("of files", function()
    local folder
    local function write(name, bytes)
      local file = assert(io.open(folder .. "/" .. name, "wb"))
      file:write(bytes)
      file:close()
      return folder .. "/" .. name
    end
    before_each(function()
      folder = os.tmpname()
      os.remove(folder)
      assert(require("lfs").mkdir(folder))
    end)
    after_each(function()
      for name in require("lfs").dir(folder) do os.remove(folder .. "/" .. name) end
      assert(require("lfs").rmdir(folder))
    end)

    it("reads IDX, CIFAR-10, NPY and word vectors", function()
      local digits = assert(data.idx(write("digits", string.pack(">I1I1I1I1I4I4I4BBBBBBBB", 0, 0, 8, 3, 2, 2, 2, 0, 1, 2, 3, 4, 5, 6, 255))))
      assert.same({ { { 0, 1 }, { 2, 3 } }, { { 4, 5 }, { 6, 255 } } }, digits:totable())
      local record = string.char(9) .. string.rep("\255", 1024) .. string.rep("\0", 2048)
      local images, labels = data.cifar10(write("batch.bin", record))
      assert.same({ 1, 3072 }, images:shape())
      assert.equal(1024, images:sum():item())
      assert.same({ 10 }, labels:totable())
      assert(fm.npy.save(folder .. "/x.npy", fm.range(1, 6):reshape(2, 3)))
      assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, data.npy(folder .. "/x.npy"):totable())
      local vectors, words = data.vectors(write("v.txt", "cat 1 2\ndog -3 4.5\n"))
      assert.same({ { 1, 2 }, { -3, 4.5 } }, vectors:totable())
      assert.same({ "cat", "dog" }, words)
    end)

    it("reads a folder of pictures in the order of their names, planes apart", function()
      local red = fm.zeros(2, 2, 3)
      red[1][2][1] = 1
      assert(fm.png.save(folder .. "/b.png", red))
      assert(fm.png.save(folder .. "/a.png", fm.ones(2, 2, 3)))
      write("notes.txt", "no picture")
      local x, size = data.png_folder(folder)
      assert.same({ channels = 3, height = 2, width = 2 }, size)
      assert.same({ { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, { -1, 1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 } }, x:totable())
      assert(fm.png.save(folder .. "/c.png", fm.ones(2, 3, 3)))
      local none, message = data.png_folder(folder)
      assert.is_nil(none)
      assert.matches('"c.png" is 3x2x3, the first is 2x2x3', message, 1, true)
    end)

    it("reads words and sentences", function()
      local words, sentences = data.text(write("t.txt", "The cat's MAT.\n\n'Quoted' well-known caf\u{e9}, 42\n"))
      assert.same({ "the", "cat's", "mat", "quoted", "well-known", "caf\u{e9}" }, words)
      assert.same({ { "the", "cat's", "mat" }, { "quoted", "well-known", "caf\u{e9}" } }, sentences)
      local none, message = data.text(folder)
      assert.is_nil(none)
      assert.matches(folder, message, 1, true)
    end)

    it("finds a user's dataset beside the script", function()
      write("my_line.lua", "return function(o) return require('fm').zeros(o.n, 2) end")
      local path = package.path
      package.path = folder .. "/?.lua;" .. path
      local ok, x = pcall(function() return data.my_line { n = 3 } end)
      package.path = path
      assert.is_true(ok, x)
      assert.same({ 3, 2 }, x:shape())
    end)
  end)

  it("counts neighbours: words that stand together are near", function()
    local sentences = {}
    for i = 1, 20 do
      sentences[2 * i - 1] = { "red", "apple" }
      sentences[2 * i] = { "blue", "sky" }
    end
    local x, words = data.cooccurrence(sentences)
    assert.same({ "apple", "blue", "red", "sky" }, words)
    assert.near(math.log(4), x[1][3], 1e-5)
    assert.equal(0, x[1][2])
    assert.same(x:totable(), x:transpose():totable())
  end)

  it("shuffles each loader on its own, also on one stream, and each again as before when the script is called again", function()
    local function rounds(make)
      local x = fm.range(1, 12):reshape(12, 1)
      local list = {}
      for i, rng in ipairs(make()) do
        local text = {}
        for batch in fm.data.batches(x, 12, { rng = rng }) do text[#text + 1] = fm.json.encode(batch:reshape(-1):totable()) end
        list[i] = text[1]
      end
      return list
    end
    local function differ(list)
      local seen = {}
      for _, text in ipairs(list) do
        assert.is_nil(seen[text])
        seen[text] = true
      end
    end
    for _, make in ipairs {
      function()
        local rng = fm.rng(3)
        return { rng, rng, rng }
      end,
      function()
        local root = fm.rng(3)
        return { root:stream "batches", root:stream "batches", root:stream "other", root }
      end,
    } do
      local list = rounds(make)
      differ(list)
      assert.same(list, rounds(make))
    end
    assert.equal(rounds(function() return { fm.rng(3) } end)[1], rounds(function() return { fm.rng(3) } end)[1])

    -- at a step: other loaders than at another step, the same ones wherever the run began
    local function at(root, step)
      root:at(step)
      return rounds(function() return { root:stream "x", root:stream "x" } end)
    end
    local root = fm.rng(5)
    local first, second = at(root, 1), at(root, 2)
    differ { first[1], first[2], second[1], second[2] }
    assert.same(second, at(fm.rng(5), 2))
    -- a stream that is moved begins anew: a validation has the same batches each time
    local function validate() return rounds(function() return { root:stream "validation":at(0) } end)[1] end
    assert.equal(validate(), validate())
  end)

  it("draws other points at each call without rng", function()
    local stream <const> = require "fm.data.parts.stream"
    stream.seed(nil)
    local function draws()
      return { fm.data.moons { n = 5 }:totable(), fm.data.moons { n = 5 }:totable(), fm.data.rings { n = 5 }:totable(), fm.data.rings { n = 5 }:totable(),
        (fm.data.shapes32 { n = 1 }:sum():item()), (fm.data.shapes32 { n = 1 }:sum():item()) }
    end
    local first = draws()
    assert.are_not.same(first[1], first[2])
    assert.are_not.same(first[3], first[4])
    assert.are_not.equal(first[5], first[6])
    stream.seed(nil)
    assert.same(first, draws())
    local root = fm.rng(7)
    stream.seed(root)
    local of_seed = draws()
    assert.are_not.same(of_seed[1], of_seed[2])
    assert.are_not.same(first[1], of_seed[1])
    root:at(3)
    local at_step = draws()
    assert.are_not.same(of_seed[1], at_step[1])
    stream.seed(fm.rng(7):at(3)) -- what came before the step does not count
    assert.same(at_step, draws())
    stream.seed(nil)
  end)

  it("has no batch of the wrong size with drop_last", function()
    local x = fm.range(1, 7):reshape(7, 1)
    local sizes = {}
    for batch in fm.data.batches(x, 3, { drop_last = true }) do sizes[#sizes + 1] = #batch end
    assert.same({ 3, 3 }, sizes)
    local ok, message = pcall(fm.data.batches, x, 8, { drop_last = true })
    assert.is_false(ok)
    assert.matches("batches: drop_last leaves no batch: size is 8, and there are 7 rows", message)
    assert.equal(7, #fm.data.batches(x, 8)())
  end)

  it("refuses misuse", function()
    local function fails(pattern, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.matches(pattern, message)
    end
    fails('unknown option "nois"; did you mean "noise"', data.moons, { nois = 1 })
    fails("n: expected a whole number", data.moons, { n = 0 })
    fails("shuffle needs an rng", data.batches, fm.zeros(3, 1), 2, { shuffle = true })
    fails("3 rows and 2 labels", data.batches, fm.zeros(3, 1), 2, { labels = fm.zeros(2) })
    fails("moons: rng: expected a random stream, found number", data.moons, { rng = 3 })
    fails("shapes32: rng: expected a random stream, found table", data.shapes32, { rng = {} })
    fails("batches: rng: expected a random stream, found number", data.batches, fm.zeros(3, 1), 2, { rng = 3 })
    fails("eight_gaussians: radius: expected a number", data.eight_gaussians, { radius = "a" })
    fails("gaussians: modes: expected a whole number >= 1, found 0", data.gaussians, { modes = 0 })
    fails("batches: the tensor has no rows", data.batches, fm.zeros(0, 2), 2)
    fails("batches: labels: expected a tensor %[N, ...%] or a list of them, found 1", data.batches, fm.zeros(3, 2), 2, { labels = { 1, 2, 3 } })
    fails("batches: 3 rows and 2 labels", data.batches, fm.zeros(3, 1), 2, { labels = { fm.zeros(3), fm.zeros(2) } })
    fails('batches: labels: expected a list of tensors, found the key "a"', data.batches, fm.zeros(3, 1), 2, { labels = { a = fm.zeros(3) } })
    fails("png_folder: expected a path, found nil", data.png_folder)
    fails("text: expected a path, found nil", data.text)
    fails("data has no \"mons\"; did you mean \"moons\"", function() return data.mons end)
    assert.is_nil((data.idx "no/such/file"))
    assert.is_nil((data.png_folder "no/such/folder"))
    assert.is_nil((data.text "no/such/file"))
  end)
end)
