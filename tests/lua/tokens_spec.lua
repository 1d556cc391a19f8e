-- Texts as tokens: data.characters, data.bytes, data.windows.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local skip <const> = require "fm.skip"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const> = fm.data

describe("tokens", function()
  local folder
  setup(function()
    data.windows(data.characters "a\n", 1) -- loads what stays loaded
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end)
  checks.no_bytes_stay(before_each, after_each)
  teardown(function()
    for name in lfs.dir(folder) do os.remove(folder .. "/" .. name) end
    lfs.rmdir(folder)
  end)

  local function file(name, text)
    local path = folder .. "/" .. name
    assert(fm.file.write(path, text))
    return path
  end

  -- What is said of a text that cannot be read.
  local function refused(message, f, ...)
    local ids, said = f(...)
    assert.is_nil(ids)
    assert.equal(message, said)
  end

  local function text_of(ids, names)
    local list = {}
    for i, id in ipairs(ids:totable()) do list[i] = names[id // 1] end
    return table.concat(list)
  end

  it("numbers characters by code point, and gives the text back", function()
    local ids, names = data.characters "bäb€𝄞a\n"
    assert.same({ "\n", "a", "b", "ä", "€", "𝄞" }, names)
    assert.same({ 3, 4, 3, 5, 6, 2, 1 }, ids:totable())
    assert.equal("bäb€𝄞a\n", text_of(ids, names))
  end)

  it("reads files and texts: a line break makes a text, a name of a file a path", function()
    local path = file("some words", "ab\nba\n") -- a name without a dot that has a file
    assert.same({ 2, 3, 1, 3, 2, 1 }, data.characters(path):totable())
    assert.same(data.characters(path):totable(), data.characters("ab\nba\n"):totable())
    assert.same({ 2, 1 }, data.characters("ba"):totable())
    assert.equal(17, #data.characters "no file. only so.")
    refused("no/such: cannot read: No such file or directory", data.characters, "no/such")
    refused("missing.txt: cannot read: No such file or directory", data.characters, "missing.txt")
    refused("missing.txt: cannot read: No such file or directory", data.bytes, "missing.txt")
    refused("characters: the text is empty", data.characters, "")
    local empty = file("empty", "")
    refused(empty .. ": characters: the file is empty", data.characters, empty)
    refused(empty .. ": bytes: the file is empty", data.bytes, empty)
  end)

  it("keeps to a vocabulary, in its order, and says where an unknown character stands", function()
    local given = { "c", "a", "\n", "b" }
    local ids, names = data.characters("abc\n", { vocabulary = given })
    assert.same({ 2, 4, 1, 3 }, ids:totable())
    assert.same(given, names)
    names[1] = "z" -- a copy
    assert.equal("c", given[1])
    refused('characters: line 1, column 2: "d" (U+0064) is not among the 4 characters of the vocabulary', data.characters, "adb\nd", { vocabulary = given })
    local path = file("unknown", "ab\na\nabc" .. "€a")
    refused(path .. ': characters: line 3, column 4: "€" (U+20AC) is not among the 4 characters of the vocabulary', data.characters, path,
      { vocabulary = given })
    refused('characters: line 1, column 3: "d" (U+0064) is not among the 4 characters of the vocabulary',
      data.characters, "ab" .. "d", { vocabulary = given })
    -- after characters of two bytes, a column is still a character
    refused('characters: line 2, column 3: "d" (U+0064) is not among the 2 characters of the vocabulary',
      data.characters, "ä\näädä", { vocabulary = { "ä", "\n" } })
  end)

  it("refuses what is no UTF-8, with the byte's place", function()
    for text, where in pairs { ["ab\xff\n"] = "byte 3 is FF", ["\xc3"] = "byte 1 is C3",
      ["a\n\xed\xa0\x80"] = "byte 3 is ED", ["\n\xc0\x80"] = "byte 2 is C0" } do
      refused(("characters: expected UTF-8 text, %s (data.bytes reads any file)"):format(where), data.characters, text)
    end
    local path = file("latin", "gr\xfc\xdfe\n")
    refused(path .. ": characters: expected UTF-8 text, byte 3 is FC (data.bytes reads any file)", data.characters, path)
    assert.same({ 104, 115, 253, 224, 102, 11 }, data.bytes(path):totable())
  end)

  it("reads more than a table holds at once: 65,536 characters, 4,096 bytes", function()
    local text = ("a\nbcä"):rep(40000)
    local ids, names = data.characters(text)
    assert.equal(200000, #ids)
    local expected = { 2, 1, 3, 4, 5 }
    for i = 1, 5 do
      local every = ids:reshape(40000, 5):slice { axis = 2, first = i, last = i }
      assert.same({ expected[i], expected[i] }, { every:min():item(), every:max():item() })
    end
    assert.equal(5, #names)
    local bytes = data.bytes(text)
    assert.equal(#text, #bytes)
    assert.same({ 98, 11, 99, 100, 0xc3 + 1, 0xa4 + 1 }, bytes[{ #text - 5, #text }]:totable())
    assert.same(bytes[{ 1, 6 }]:totable(), bytes[{ #text - 5, #text }]:totable())
    local all = {}
    for byte = 0, 255 do all[byte + 1] = string.char(byte) end
    assert.same(fm.range(1, 256):totable(), data.bytes(table.concat(all)):totable())
  end)

  local function round(windows)
    local list = {}
    for x in windows do list[#list + 1] = x:totable() end
    return list
  end

  it("cuts windows in order without an rng", function()
    local windows = data.windows(fm.range(1, 11), 3, { size = 2 })
    for _ = 1, 2 do assert.same({ { { 1, 2, 3 }, { 4, 5, 6 } }, { { 7, 8, 9 } } }, round(windows)) end
    assert.same({ { { 1, 2, 3 }, { 4, 5, 6 } } }, round(data.windows(fm.range(1, 11), 3, { size = 2, drop_last = true })))
    assert.same({ { { 1, 2, 3 } } }, round(data.windows(fm.range(1, 3), 3)))
    assert.same({ 32, 4 }, data.windows(fm.range(1, 400), 4)():shape())
  end)

  it("moves and shuffles the windows of each round with an rng, and uses every id in time", function()
    local n, L = 23, 4
    local windows, seen, starts = data.windows(fm.range(1, n), L, { size = 2, rng = fm.rng(3) }), {}, {}
    for _ = 1, 60 do
      local firsts = {}
      for _, batch in ipairs(round(windows)) do
        for _, row in ipairs(batch) do
          for i = 2, L do assert.equal(row[1] + i - 1, row[i]) end
          for _, id in ipairs(row) do seen[id // 1] = true end
          firsts[#firsts + 1] = row[1]
        end
      end
      assert.equal((n - L + 1) // L, #firsts)
      table.sort(firsts)
      for i = 2, #firsts do assert.equal(L, firsts[i] - firsts[i - 1]) end
      starts[firsts[1] // 1] = true
    end
    for id = 1, n do assert.is_true(seen[id], "id " .. id) end
    for start = 1, L do assert.is_true(starts[start], "start " .. start) end
    -- as few ids as one window and as two
    assert.same({ { { 1, 2, 3, 4 } } }, round(data.windows(fm.range(1, 4), 4, { rng = fm.rng(1) })))
    for count = 5, 12 do assert.equal(math.max(1, (count - 3) // 4), #round(data.windows(fm.range(1, count), 4, { size = 1, rng = fm.rng(1) }))) end
  end)

  it("draws the same for the same stream, apart from other loaders of it, and leaves its clock alone", function()
    local ids, rng = fm.range(1, 200), fm.rng(5)
    rng:at(7)
    local first = data.windows(ids, 5, { rng = rng })
    local second = data.windows(ids, 5, { rng = rng })
    local a, b = round(first), round(second)
    assert.are_not.same(a, b)
    assert.are_not.same(a, round(first))
    assert.same(fm.rng(5):at(7):normal(3):totable(), rng:normal(3):totable())
    local again = fm.rng(5)
    again:at(7)
    assert.same(a, round(data.windows(ids, 5, { rng = again })))
  end)

  it("finds its place again in a run that goes on", function()
    local ids = fm.range(1, 100)
    local function make() return data.windows(ids, 5, { size = 4, rng = fm.rng(2) }) end
    local values = {}
    local windows = make()
    for i = 1, 20 do values[i] = (windows() or windows()):totable() end
    for passed = 0, 19 do
      local later = make()
      skip.of(later)(passed)
      assert.same(values[passed + 1], (later() or later()):totable())
      local place, moved = skip.place_of(later).get(), make()
      skip.place_of(moved).set(place)
      assert.same((later() or later()):totable(), (moved() or moved()):totable())
    end
  end)

  it("refuses misuse", function()
    local ids = fm.range(1, 9)
    for text, call in pairs {
      ["characters: expected a path or a text, found 3"] = { data.characters, 3 },
      ["bytes: expected a path or a text, found nil"] = { data.bytes },
      ['characters: unknown option "vocabular"; did you mean "vocabulary"'] = { data.characters, "a\n", { vocabular = {} } },
      ["characters: vocabulary: expected a list of characters, found 3"] = { data.characters, "a\n", { vocabulary = 3 } },
      ["characters: vocabulary: has no characters"] = { data.characters, "a\n", { vocabulary = {} } },
      ['characters: vocabulary: entry 2: expected one character, found "bc"'] = { data.characters, "a\n", { vocabulary = { "a", "bc" } } },
      ['characters: vocabulary: entry 1: expected one character, found ""'] = { data.characters, "a\n", { vocabulary = { "" } } },
      ['characters: vocabulary: entries 1 and 3 are both "a"'] = { data.characters, "a\n", { vocabulary = { "a", "b", "a" } } },
      ["windows: expected a tensor [n] of ids, found a tensor [3, 3]"] = { data.windows, ids:reshape(3, 3), 2 },
      ["windows: length is 10, and there are 9 ids"] = { data.windows, ids, 10 },
      ["windows: length: expected a whole number >= 1, found 0"] = { data.windows, ids, 0 },
      ["windows: size: expected a whole number >= 1, found 0"] = { data.windows, ids, 2, { size = 0 } },
      ["windows: drop_last leaves no batch: size is 5, and a round has 4 windows"] = { data.windows, ids, 2, { size = 5, drop_last = true } },
      ["windows: drop_last: expected true or false, found 1"] = { data.windows, ids, 2, { drop_last = 1 } },
      ["windows: rng: expected a random stream, found number"] = { data.windows, ids, 2, { rng = 1 } },
      ['windows: unknown option "sise"; did you mean "size"'] = { data.windows, ids, 2, { sise = 1 } },
    } do
      checks.raises_text(text, table.unpack(call))
    end
  end)
end)
