-- data.bytes, data.characters, data.text and data.windows: texts longer than the pieces in which
-- they are read, and what is left out at the ends.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const> = fm.data

describe("a long text", function()
  checks.no_bytes_stay(setup, teardown)

  it("is all its bytes, whatever its length beside that of a piece", function()
    for _, n in ipairs { 4095, 4096, 4097, 8192, 8193, 10000 } do
      local text = {}
      for i = 1, n do text[i] = string.char((i * 7 + i // 4096) % 256) end
      text = "\n" .. table.concat(text)
      local ids = data.bytes(text)
      assert.equal(n + 1, #ids)
      local found = {}
      for i, id in ipairs(ids:totable()) do found[i] = string.char(math.tointeger(id) - 1) end
      assert.is_true(text == table.concat(found), n)
    end
  end)

  it("is all its characters, whatever its length beside that of a piece", function()
    for _, n in ipairs { 65535, 65536, 65537, 131073 } do
      local text = "\n" .. ("a\u{e9}b\u{20ac}c"):rep((n - 1) // 5) .. ("b"):rep((n - 1) % 5)
      local ids, names = data.characters(text)
      assert.equal(n, #ids)
      assert.same({ "\n", "a", "b", "c", "\u{e9}", "\u{20ac}" }, names)
      local found = {}
      for i, id in ipairs(ids:totable()) do found[i] = names[math.tointeger(id)] end
      assert.is_true(text == table.concat(found), n)
    end
  end)
end)

describe("data.text", function()
  checks.no_bytes_stay(setup, teardown)

  it("takes words without the quotes and hyphens around them", function()
    local path = os.tmpname()
    assert(fm.file.write(path, "'twas 'so' -- well-known, self- and half-- it's dogs' rock-'n'-roll\n- ' --\nend"))
    local words, sentences = data.text(path)
    os.remove(path)
    local first = { "twas", "so", "well-known", "self", "and", "half", "it's", "dogs", "rock-'n'-roll" }
    assert.same({ first, { "end" } }, sentences)
    table.insert(first, "end")
    assert.same(first, words)
  end)
end)

describe("data.windows", function()
  checks.no_bytes_stay(setup, teardown)

  it("begins a round at each place that leaves its windows within the ids, equally often", function()
    local ids = fm.range(1, 11) -- with length 3 a round has 3 windows, which begin at 1, 2 or 3
    local next_batch, starts = data.windows(ids, 3, { size = 9, rng = fm.rng(2) }), {}
    for _ = 1, 300 do
      local rows = next_batch():totable()
      assert.is_nil(next_batch())
      local first = {}
      for i, row in ipairs(rows) do
        assert.same({ row[1], row[1] + 1, row[1] + 2 }, row)
        first[i] = row[1]
      end
      table.sort(first)
      assert.same({ first[1], first[1] + 3, first[1] + 6 }, first)
      starts[first[1]] = (starts[first[1]] or 0) + 1
    end
    for start = 1, 3 do assert.near(100, starts[start], 35) end
    starts[1], starts[2], starts[3] = nil, nil, nil
    assert.same({}, starts)
  end)

  it("is one window where there are just enough ids, and none is lost without rng", function()
    assert.same({ { 1, 2, 3 } }, data.windows(fm.range(1, 3), 3, { rng = fm.rng(1) })():totable())
    assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, data.windows(fm.range(1, 8), 3)():totable())
    local five = data.windows(fm.range(1, 5), 3, { rng = fm.rng(1) })
    for _ = 1, 5 do
      assert.same({ 1, 3 }, five():shape())
      assert.is_nil(five())
    end
  end)
end)
