local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local json <const>, file <const> = fm.json, fm.file

-- Failures of files and of the system give nil and a message that names the file.
local function fails(part, value, message)
  assert.is_nil(value)
  assert.is_truthy(message:find(part, 1, true), ("expected %q, found %q"):format(part, message))
end

local raises <const> = checks.raises_text

describe("files", function()
  local start <const> = fm.live_bytes()
  local folder

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(file.mkdir_new(folder))
  end)

  teardown(function()
    for _, name in ipairs { "a.safetensors", "a.npy", "a.png", "a.txt", "a.idx", "a.vec", "a.bin" } do os.remove(folder .. "/" .. name) end
    assert(os.remove(folder)) -- fails when a temporary file was left behind
  end)

  local function path(name) return folder .. "/" .. name end

  local function write(name, text)
    assert(file.write(path(name), text))
    return path(name)
  end

  it("saves and loads tensors with metadata", function()
    local w <const> = fm.rng(1):normal(3, 2)
    local metadata <const> = { step = "17", ["k\u{e9}y"] = "a\0b\n" }
    assert.is_true(fm.save(path "a.safetensors", { ["net.0.weight"] = w, scalar = fm.zeros(), none = fm.zeros(0, 3) }, metadata))
    local tensors, back = fm.load(path "a.safetensors")
    assert.same(metadata, back)
    assert.same(w:totable(), tensors["net.0.weight"]:totable())
    assert.same({}, tensors.scalar:shape())
    assert.same({ 0, 3 }, tensors.none:shape())
    local hash <const> = file.hash_file(path "a.safetensors")
    assert(fm.save(path "a.safetensors", tensors, back))
    assert.equal(hash, file.hash_file(path "a.safetensors"))
  end)

  it("saves a view as what it shows", function()
    local x <const> = fm.range(1, 6):reshape(3, 2)
    assert(fm.save(path "a.safetensors", { row = x[2] }))
    local tensors, metadata = fm.load(path "a.safetensors")
    assert.same({ 3, 4 }, tensors.row:totable())
    assert.same({}, metadata)
  end)

  it("keeps an old file when a new one cannot be written", function()
    write("a.safetensors", "old")
    fails("not UTF-8", fm.save(path "a.safetensors", { ["\xff"] = fm.ones(1) }))
    fails("a.safetensors: safetensors: byte 0: too short", fm.load(path "a.safetensors"))
    fails("No such file", fm.save(path "no/a.safetensors", { a = fm.ones(1) }))
  end)

  it("names the function and the argument that is wrong, at the script's line", function()
    local cases = {}
    local function add(name, f, arguments, said) cases[#cases + 1] = { name, f, arguments, said } end
    local paths <const> = { load = fm.load, save = fm.save, ["npy.load"] = fm.npy.load, ["npy.save"] = fm.npy.save, ["png.load"] = fm.png.load,
      ["png.save"] = fm.png.save, ["idx.load"] = fm.idx.load, ["cifar10.load"] = fm.cifar10.load, ["vectors.load"] = fm.vectors.load }
    for _, name in ipairs { "read", "sync", "mkdir_new", "hash_file", "cut", "has_room", "write", "append" } do paths["file." .. name] = file[name] end
    for name, f in pairs(paths) do
      add(name, f, {}, "argument 1: expected a string, found nothing")
      add(name, f, { 3 }, "argument 1: expected a string, found 3")
      add(name, f, { fm.ones(2) }, "argument 1: expected a string, found tensor [2]")
      add(name, f, { "" }, "the path is empty")
      add(name, f, { "a\0b" }, "the path holds a NUL byte")
    end
    add("save", fm.save, { "x" }, "argument 2: expected a table, found nothing")
    add("save", fm.save, { "x", {}, 3 }, "argument 3: expected a table, found 3")
    add("npy.save", fm.npy.save, { "x", 1 }, "argument 2: expected a tensor, found 1")
    add("png.save", fm.png.save, { "x" }, "argument 2: expected a tensor, found nothing")
    add("file.write", file.write, { "x" }, "argument 2: expected a string, found nothing")
    add("file.append", file.append, { "x", {} }, "argument 2: expected a string, found table")
    add("file.cut", file.cut, { "x" }, "bytes: expected a whole number, found nothing")
    add("file.cut", file.cut, { "x", -1 }, "bytes: expected 0..9223372036854775807, found -1")
    add("file.has_room", file.has_room, { "x", 0.5 }, "bytes: expected a whole number, found 0.5")
    add("file.read", file.read, { "x", "1" }, 'most bytes: expected a whole number, found string "1"')
    add("file.hash", file.hash, { 3 }, "argument 1: expected a string, found 3")
    add("file.on_read", file.on_read, { 3 }, "argument 1: expected a function, found 3")
    add("json.decode", json.decode, {}, "argument 1: expected a string, found nothing")
    add("json.decode", json.decode, { "1", 2 }, "unexpected argument 2: 2")
    add("json.encode", json.encode, { {}, 3 }, "argument 2: expected a table, found 3")
    add("json.encode", json.encode, { {}, { indent = 1.5 } }, "indent: expected a whole number, found 1.5")
    add("json.array", json.array, {}, "argument 1: expected a table, found nothing")
    for _, case in ipairs(cases) do
      local _, message = pcall(function() case[2](table.unpack(case[3])) end)
      assert.equal(("%s: %s"):format(case[1], case[4]), (tostring(message):gsub("^%S*files_spec%.lua:%d+: ", "")))
    end
  end)

  it("raises when called wrongly", function()
    raises('save: "a": expected a tensor, found 1', fm.save, path "x", { a = 1 })
    raises("names of tensors must be strings", fm.save, path "x", { fm.ones(1) })
    raises('metadata "step": expected a string, found a number', fm.save, path "x", { a = fm.ones(1) }, { step = 1 })
    raises("[H, W]", fm.png.save, path "x", fm.zeros(3))
    local tape <close> = fm.record()
    local gone <const> = fm.ones(2) + 1
    tape:close()
    raises('save: "a": expected a tensor, found a tensor that was released when its tape closed', fm.save, path "x", { a = gone })
    raises("released when its tape closed", fm.npy.save, path "x", gone)
  end)

  it("writes tables that finalizers change meanwhile", function()
    for n = 1, 4 do
      local plain, tensors, texts = {}, {}, {}
      for i = 1, 20 do
        local key = ("%d of %d"):format(i, n)
        plain[key], tensors[key], texts[key] = i, fm.ones(3), "text " .. n
      end
      for _ = 1, 5 do
        setmetatable({}, { __gc = function()
          for _, t in ipairs { plain, tensors, texts } do
            for key in pairs(t) do t[key] = nil end
          end
          for i = 1, 60 do
            local key = ("late %d of %d"):format(i, n)
            plain[key], tensors[key], texts[key] = { i }, fm.ones(i), "other " .. i
          end
        end })
      end
      for _ = 1, 3 do
        assert.is_table(fm.json.decode(fm.json.encode(plain)))
        assert.is_true(fm.save(path "a.safetensors", tensors, texts))
        assert.is_table(fm.load(path "a.safetensors"))
      end
    end
  end)

  it("reads NPY back as it was", function()
    local x <const> = fm.rng(2):normal(2, 3, 4)
    assert.is_true(fm.npy.save(path "a.npy", x))
    assert.same(x:totable(), fm.npy.load(path "a.npy"):totable())
    local function npy(descr, data)
      local file <close> = assert(io.open(path "a.npy", "wb"))
      file:write("\x93NUMPY\1\0", string.pack("<s2", ("{'descr': '%s', 'fortran_order': False, 'shape': (2,)}\n"):format(descr)), data)
    end
    local exact = fm.real == "double" and 2 ^ 53 or 2 ^ 24
    npy("<i8", string.pack("<i8i8", exact, -exact * 2))
    assert.same({ exact, -exact * 2 }, fm.npy.load(path "a.npy"):totable())
    npy("<i8", string.pack("<i8i8", 1, math.tointeger(exact) + 1))
    fails(("a.npy: npy: byte 74: entry 2 is %d: whole numbers over"):format(math.tointeger(exact) + 1), fm.npy.load(path "a.npy"))
    assert.is_true(fm.npy.save(path "a.npy", x))
    fails("a.npy: safetensors: byte 0: not a safetensors file: it is an NPY file", fm.load(path "a.npy"))
    fails("missing.npy: cannot read: No such file", fm.npy.load(path "missing.npy"))
    fails("is a folder", fm.npy.load(folder))
  end)

  it("writes pictures [H, W] and [H, W, C] and reads [H, W, C]", function()
    local x <const> = fm.tensor { { 0, 1 / 255 }, { 254 / 255, 1 } }
    assert.is_true(fm.png.save(path "a.png", x))
    local back <const> = fm.png.load(path "a.png")
    assert.same({ 2, 2, 1 }, back:shape())
    for i, v in ipairs(x:reshape(4):totable()) do assert.near(v, back:reshape(4)[i], 1e-6) end
    assert(fm.png.save(path "a.png", fm.full({ 1, 2, 3 }, 7))) -- held within 0..1
    assert.same({ { { 1, 1, 1 }, { 1, 1, 1 } } }, fm.png.load(path "a.png"):totable())
    fails("value 1 of 1 is not a number", fm.png.save(path "a.png", fm.full({ 1, 1 }, 0 / 0)))
    assert(fm.png.load(path "a.png"))
  end)

  it("reads IDX, CIFAR-10 and text vectors", function()
    assert.same({ { 1, 2 }, { 3, 255 } }, fm.idx.load(write("a.idx", "\0\0\8\2\0\0\0\2\0\0\0\2\1\2\3\255")):totable())
    fails("a.idx: idx: byte 12: wrong size of the data (expected 4 bytes, found 3)", fm.idx.load(write("a.idx", "\0\0\8\2\0\0\0\2\0\0\0\2\1\2\3")))
    local images, labels = fm.cifar10.load(write("a.bin", "\9" .. ("\255"):rep(3072)))
    assert.same({ 1, 3072 }, images:shape())
    assert.equal(1, images[1][1])
    assert.same({ 10 }, labels:totable())
    fails("record 1 has label 57", fm.cifar10.load(write("a.bin", "\57" .. ("\0"):rep(3072))))
    local vectors, words = fm.vectors.load(write("a.vec", "the 1 2\n. . 3 4\n"))
    assert.same({ { 1, 2 }, { 3, 4 } }, vectors:totable())
    assert.same({ "the", ". ." }, words)
    fails("a.vec: vectors: line 2: expected 2 numbers, found 1", fm.vectors.load(write("a.vec", "the 1 2\na 3\n")))
  end)

  it("says which file has more numbers than there is memory for", function()
    local header <const> = '{"w":{"dtype":"U8","shape":[2000],"data_offsets":[0,2000]}}'
    local bytes <const> = ("\1"):rep(2000)
    write("a.safetensors", string.pack("<s8", header) .. bytes)
    write("a.npy", "\x93NUMPY\1\0" .. string.pack("<s2", "{'descr': '|u1', 'fortran_order': False, 'shape': (2000,)}\n") .. bytes)
    assert(fm.png.save(path "a.png", fm.zeros(40, 50)))
    write("a.idx", "\0\0\8\1\0\0\7\208" .. bytes)
    write("a.vec", "a" .. (" 1"):rep(1000) .. "\n")
    write("a.bin", "\1" .. ("\1"):rep(3072))
    for name, load in pairs { ["a.safetensors"] = fm.load, ["a.npy"] = fm.npy.load, ["a.png"] = fm.png.load, ["a.idx"] = fm.idx.load,
      ["a.vec"] = fm.vectors.load, ["a.bin"] = fm.cifar10.load } do
      collectgarbage()
      collectgarbage()
      local before <const> = fm.live_bytes()
      local former <const> = fm.memory_limit(before + 3500) -- the file is shorter, its numbers are not
      local found, message = load(path(name))
      fm.memory_limit(former)
      fails(name .. ": ", found, message)
      fails("out of memory: ", found, message)
      collectgarbage()
      collectgarbage()
      assert.equal(before, fm.live_bytes())
      assert(load(path(name)))
    end
  end)

  it("has what a run's folder needs", function()
    write("a.txt", "one\n")
    assert.is_true(file.append(path "a.txt", "two\n"))
    assert.is_true(file.sync(path "a.txt"))
    local f <close> = assert(io.open(path "a.txt"))
    assert.equal("one\ntwo\n", f:read "a")
    assert.equal(file.hash "one\ntwo\n", file.hash_file(path "a.txt"))
    assert.equal("2d06800538d394c2", file.hash "") -- XXH3's published value
    local made, message, why = file.mkdir_new(folder)
    assert.is_nil(made)
    assert.equal("exists", why)
    made, message, why = file.mkdir_new "/no/such/folder"
    fails("No such file", made, message)
    assert.is_nil(why)
    fails("is a folder", file.write(folder, "x"))
    fails("cannot read", file.hash_file "/no/such")
  end)

  it("gives its bytes back", function()
    for _ = 1, 2 do
      assert(fm.save(path "a.safetensors", { a = fm.ones(1000) }))
      assert(fm.load(path "a.safetensors"))
    end
    collectgarbage()
    collectgarbage()
    assert.equal(start, fm.live_bytes())
  end)
end)

describe("json", function()
  it("keeps kinds and digits", function()
    local text <const> = '{"a":[1,2.0,-0.0,9007199254740993,-9223372036854775808,0.1,1e+300],"b":{},"c":[],"d":null,"e":true,"f":"x\\"\\\\\\n\\u0001é😀"}'
    local value <const> = assert(json.decode(text))
    assert.equal("integer", math.type(value.a[1]))
    assert.equal("float", math.type(value.a[2]))
    assert.equal(9007199254740993, value.a[4])
    assert.equal(math.mininteger, value.a[5])
    assert.equal(json.null, value.d)
    assert.equal('x"\\\n\1é😀', value.f)
    assert.equal(text, json.encode(value))
    assert.same(value, json.decode(json.encode(value, { indent = 2 })))
    for _, scalar in ipairs { 1, 2.5, "x", true, false, json.null } do assert.equal(scalar, json.decode(json.encode(scalar))) end
    assert.equal("\0a", json.decode '"\\u0000a"')
  end)

  it("writes what a reader expects", function()
    assert.equal('{"a":1,"b":{"c":[1,2]}}', json.encode { b = { c = { 1, 2 } }, a = 1 })
    assert.equal('["nan","inf","-inf"]', json.encode { 0 / 0, 1 / 0, -1 / 0 })
    assert.equal("{}", json.encode {})
    assert.equal("[]", json.encode(json.array {}))
    assert.equal('{\n  "a": [\n    1\n  ],\n  "b": {}\n}', json.encode({ a = { 1 }, b = {} }, { indent = 2 }))
    assert.equal('"\u{fffd}a"', json.encode "\xffa")
    assert.equal("null", json.encode(nil))
    local long <const> = ("é\n"):rep(100000)
    assert.equal(long, json.decode(json.encode(long)))
  end)

  it("says where a text is wrong", function()
    fails("line 2 col 2: duplicate key", json.decode '{"a":1,\n "a":2}')
    fails("line 1 col 4: invalid JSON", json.decode "[1,]")
    fails("number out of range", json.decode "9223372036854775808")
    fails("nesting over the limit", json.decode(("["):rep(33) .. ("]"):rep(33)))
    assert.is_table(json.decode(("["):rep(32) .. ("]"):rep(32)))
    fails("line 1 col 1: the text ends", json.decode "")
  end)

  it("raises on what JSON cannot hold", function()
    local loop <const> = {}
    loop.loop = loop
    raises("nested deeper than 32 (or inside themselves)", json.encode, loop)
    local list <const> = {}
    list[1] = list
    raises("nested deeper than 32", json.encode, list)
    raises("1 of 3 keys", json.encode, { 1, 2, x = 3 })
    raises("list 1..n", json.encode, { [1] = 1, [3] = 3, [4] = 4 })
    raises("list 1..n", json.encode, { [0.5] = 1 })
    raises("cannot write a function", json.encode, { print })
    raises("cannot write a tensor; use :totable()", json.encode, { fm.ones(1) })
    raises("a key is not UTF-8", json.encode, { ["\xff"] = 1 })
    raises('did you mean "indent"', json.encode, {}, { indnt = 2 })
  end)
end)
