-- What the binding does between Lua and C: which argument goes where, both sides of its limits, and
-- its messages in full.
local fm <const> = require "fm"
local core <const> = require "fm.core"
local checks <const> = dofile "tests/lua/checks.lua"
local says <const> = checks.says
local float <const> = fm.real == "float"

--- Each case: the message, the function, its arguments.
local function expect_messages(cases)
  for _, case in ipairs(cases) do says(table.unpack(case, 1, case.n or #case)) end
end

describe("pairs", function()
  checks.no_bytes_stay(setup, teardown)

  local function keys_of(t)
    local list = {}
    for k in pairs(t) do list[#list + 1] = k end
    return list
  end

  it("walks numbers, then texts, then false and true", function()
    local t = { [true] = 1, [false] = 1, b = 1, ab = 1, a = 1, [""] = 1, ["a\0"] = 1, B = 1, [2.5] = 1, [-1] = 1, [3] = 1, [1e300] = 1,
      [math.mininteger] = 1 }
    assert.same({ math.mininteger, -1, 2.5, 3, 1e300, "", "B", "a", "a\0", "ab", "b", false, true }, keys_of(t))
    local large = { [math.maxinteger] = 1, [math.maxinteger - 1] = 1, [0] = 1 } -- the same number as floats
    assert.same({ 0, math.maxinteger - 1, math.maxinteger }, keys_of(large))
    assert.same({ 1, 2, 3 }, keys_of { 7, 8, 9 })
    assert.same({ 1, 3, "n" }, keys_of { 7, nil, 9, n = 3 })
    assert.same({}, keys_of {})
    assert.same({ "x" }, keys_of { x = 1 })
  end)

  it("walks objects in one order, each time the same", function()
    local a, b, c = {}, {}, {}
    local t = { [a] = 1, [b] = 2, [c] = 3, [print] = 4, [coroutine.create(print)] = 5, x = 6 }
    local first = keys_of(t)
    assert.equal("x", first[1])
    assert.equal(6, #first)
    assert.same(first, keys_of(t))
  end)

  it("leaves out what is removed on the way, and walks by a __pairs of the table", function()
    local t, seen = { a = 1, b = 2, c = 3 }, {}
    for k, v in pairs(t) do
      seen[#seen + 1] = k .. v
      t.b, t.c = nil, 4
    end
    assert.same({ "a1", "c4" }, seen)
    local own = setmetatable({}, { __pairs = function(o) return next, { inside = o }, nil end })
    for k, v in pairs(own) do assert.is_true(k == "inside" and v == own) end
    assert.error_matches(function() pairs() end, "value expected")
  end)

  it("walks as many keys as there were, when a finalizer adds one while they are sorted", function()
    local many, t = 1000, {}
    for i = 1, many do t[("%04d"):format(i)] = i end
    collectgarbage()
    collectgarbage("incremental", 100, 1000, 40) -- the next step is a whole collection
    collectgarbage "stop"
    setmetatable({}, { __gc = function() t["0000"] = 0 end })
    local keys = 0
    collectgarbage "restart"
    for _ in pairs(t) do keys = keys + 1 end
    collectgarbage("incremental", 200, 100, 13)
    assert.equal(0, t["0000"])
    assert.equal(many, keys)
  end)
end)

describe("require", function()
  it("looks for what is fm's where fm is, and tells where that was", function()
    local before = package.path
    package.path = "/nowhere/?.lua"
    local _, own = pcall(require, "fm.nothing")
    local _, other = pcall(require, "nothing_of_this_name")
    package.path = nil
    local _, none = pcall(require, "nothing_of_this_name")
    package.path = before
    assert.matches("module 'fm%.nothing' not found:\n\tno file '[^\n]*/fm/nothing%.lua'\n\tno file '[^\n]*/fm/nothing/init%.lua'", own)
    assert.is_nil(own:find("/nowhere", 1, true))
    assert.matches("no file '/nowhere/nothing_of_this_name%.lua'", other)
    assert.matches("'package%.path' must be a string$", none)
  end)
end)

describe("arguments", function()
  checks.no_bytes_stay(setup, teardown)

  it("are told as they were found", function()
    local long <const> = ("s"):rep(41)
    local released
    do
      local scope <close> = fm.scope()
      released = fm.ones(2) * 2
    end
    for _, case in ipairs { { nil, "nil" }, { true, "true" }, { false, "false" }, { 0 / 0, "nan" }, { -(0 / 0), "nan" }, { 1.5, "1.5" },
      { 3, "3" }, { {}, "table" },
      { print, "function" }, { fm.ones(2, 3), "tensor [2, 3]" },
      { fm.rng(1), "rng" }, { released, "a tensor that was released when its tape closed" } } do
      says("file.hash: argument 1: expected a string, found " .. case[2], fm.file.hash, case[1])
    end
    says("npy.save: argument 2: expected a tensor, found a string of 41 bytes", fm.npy.save, "x", long)
    says(('npy.save: argument 2: expected a tensor, found string "%s"'):format(long:sub(2)), fm.npy.save, "x", long:sub(2))
    says("npy.save: argument 2: this tensor was released when its tape closed; use :detach() to keep it", fm.npy.save, "x", released)
    says("file.hash: argument 1: expected a string, found nothing", fm.file.hash)
    says("file.hash: unexpected argument 2: 3", fm.file.hash, "", 3)
  end)

  it("that make a shape have limits", function()
    assert.same({ 1, 1, 1, 1, 1, 1, 1, 2 }, fm.zeros(1, 1, 1, 1, 1, 1, 1, 2):shape())
    assert.same({ 1, 1, 1, 1, 1, 1, 1, 2 }, fm.zeros({ 1, 1, 1, 1, 1, 1, 1, 2 }):shape())
    assert.same({}, fm.zeros():shape())
    assert.same({}, fm.zeros({}):shape())
    assert.same({ 0, 2 ^ 40 }, fm.zeros(0, 1 << 40):shape())
    expect_messages {
      { "shape: 9 axes are over the limit 8", fm.zeros, 1, 1, 1, 1, 1, 1, 1, 1, 1 },
      { "shape: 9 axes are over the limit 8", fm.zeros, { 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
      { "shape: expected 0..1099511627776, found -1", fm.zeros, -1 },
      { "shape: expected 0..1099511627776, found 1099511627777", fm.zeros, 0, (1 << 40) + 1 },
      { "shape: expected a whole number, found 1.5", fm.zeros, { 2, 1.5 } },
      { 'shape: expected a whole number, found string "2"', fm.zeros, "2" },
    }
  end)
end)

describe("nearest", function()
  local function near(word, ...) return fm.nearest(word, { ... }) end

  it("takes a third of the letters and one more as wrong", function()
    assert.equal("ab", near("ac", "ab"))
    assert.is_nil(near("cd", "ab"))
    assert.equal("abc", near("xyc", "abc"))
    assert.is_nil(near("xyz", "abc"))
    assert.equal("abcdef", near("xyzdef", "abcdef"))
    assert.is_nil(near("xyzwef", "abcdef"))
  end)

  it("counts a swap, a letter too many or too few, and another one as one each", function()
    for _, word in ipairs { "setps", "teps", "ssteps", "steqs", "stepss", "step", "tseps" } do
      assert.equal("steps", near(word, "stxxs", "steps"))
    end
    assert.equal("abcd", near("badc", "xbxd", "abcd")) -- two swaps against two other letters
  end)

  it("compares words of 32 letters at most", function()
    local long <const> = ("n"):rep(32)
    assert.equal(long, near(long, long))
    assert.equal(long, near(long:sub(2), long))
    assert.is_nil(near(long .. "n", long .. "n"))
    assert.is_nil(near(long, long .. "n"))
  end)
end)

describe("system", function()
  local system <const> = core.system

  it("tells the time, the process, and paths", function()
    local began, clock <const> = os.time(), system.seconds()
    local now <const> = system.now()
    assert.is_true(now >= began and now <= os.time() + 1 and math.type(now) == "float")
    assert.is_true(now % 1 > 0 or system.now() % 1 > 0) -- with its fraction
    local last = clock
    for _ = 1, 1000 do
      local later <const> = system.seconds()
      assert.is_true(later >= last and later - clock < 60)
      last = later
    end
    assert.is_true(last > clock)
    local id, host, boot = system.process()
    local stat <close> = assert(io.open "/proc/self/stat")
    assert.equal(stat:read "n", id)
    local name <close> = assert(io.popen "uname -n")
    assert.equal(name:read "l", host)
    local boot_id <close> = io.open "/proc/sys/kernel/random/boot_id"
    assert.equal(boot_id and boot_id:read "l" or "unknown", boot)
    assert.equal("/", system.real_path "/usr/..")
    assert.is_nil(system.real_path "/no/such")
    assert.equal(_VERSION, "Lua " .. system.lua:match "^%d+%.%d+")
  end)

  it("has descriptors, threads and products with limits", function()
    expect_messages {
      { "system.is_terminal: descriptor: expected 0..2, found 3", system.is_terminal, 3 },
      { "system.is_terminal: descriptor: expected 0..2, found -1", system.is_terminal, -1 },
      { "system.channel: descriptor: expected 3..1023, found 2", system.channel, 2 },
      { "system.channel: descriptor: expected 3..1023, found 1024", system.channel, 1024 },
      { "system.threads: threads: expected 1..256, found 0", system.threads, 0 },
      { "system.threads: threads: expected 1..256, found 257", system.threads, 257 },
      { "system.die_with: process: expected 1..2147483647, found 0", system.die_with, 0 },
    }
    local before <const> = system.threads()
    assert.equal(3, system.threads(3))
    assert.equal(3, system.threads())
    assert.equal(before, system.threads(before))
    assert.same({ nil, "descriptor 1000 is not a pipe" }, { system.channel(1000) })
  end)

  it("prints what a terminal would obey as escapes", function()
    assert.equal("a\\nb\\x1b[1m\\xff\\u{202e}é😀", system.printable "a\nb\27[1m\xff\u{202e}é😀")
    assert.equal("a\n\tb\\r", system.printable("a\n\tb\r", true))
    assert.equal("", system.printable "")
    assert.equal(("x"):rep(5000) .. "\\a" .. ("y"):rep(5000), system.printable(("x"):rep(5000) .. "\a" .. ("y"):rep(5000)))
  end)
end)

describe("random streams", function()
  checks.no_bytes_stay(setup, teardown)

  it("own streams by name, step and call, which streams of one clock count together", function()
    local function first_of(rng) return rng:uniform(1)[1] end
    local root <const> = fm.rng(9)
    assert.equal(first_of(fm.rng(9):stream "a"), first_of(root:own "a"))
    assert.equal(first_of(fm.rng(9):stream "a 0 2"), first_of(root:own "a"))
    assert.equal(first_of(fm.rng(9):stream "a 0 3"), first_of(root:own "a"))
    assert.equal(first_of(fm.rng(9):stream "b"), first_of(root:own "b"))
    root:at(4)
    assert.equal(first_of(fm.rng(9):at(4):stream "a 4 1"), first_of(root:own "a"))
    local child <const> = root:stream "child"
    assert.equal(first_of(fm.rng(9):at(4):stream "child":stream "a 4 1"), first_of(child:own "a"))
    assert.equal(first_of(fm.rng(9):at(4):stream "child":stream "a 4 2"), first_of(root:stream "child":own "a"))
    assert.equal(4, child:step())
  end)

  it("stand where they are put", function()
    local rng <const> = fm.rng(3)
    assert.same({ 0, 0 }, { rng:step(), rng:calls() })
    rng:normal(2)
    rng:uniform(2)
    assert.equal(2, rng:calls())
    local third <const> = rng:normal(3):totable()
    assert.same(third, fm.rng(3):at(0, 2):normal(3):totable())
    assert.equal(0, rng:at(7):calls())
    assert.equal(5, rng:at(7, 5):calls())
    assert.is_true(rng:at(1) == rng)
    assert.is_true(fm.rng(1):own_clock() and not fm.rng(1):stream "a":own_clock())
    expect_messages {
      { "at: expected 0..9223372036854775807, found -1", rng.at, rng, -1 },
      { "at: calls: expected 0..4294967295, found 4294967296", rng.at, rng, 0, 1 << 32 },
      { "integers: low 3 is over high 2", rng.integers, rng, 1, 3, 2 },
      { "integers: n: expected 0..1099511627776, found -1", rng.integers, rng, -1, 3 },
      { "permutation: expected 0.." .. (float and 1 << 24 or 1 << 53) .. ", found -1", rng.permutation, rng, -1 },
      { "uniform: low 2 is not below high 1", rng.uniform, rng, 3, { low = 2 } },
    }
  end)

  it("reach both ends of whole numbers, and start from 1", function()
    local seen = {}
    for _, k in ipairs(fm.rng(2):integers(200, 3):totable()) do seen[k] = true end
    assert.same({ true, true, true }, seen)
    assert.same({ 5, 5 }, fm.rng(2):integers(2, 5, 5):totable())
    local largest <const> = float and 1 << 24 or 1 << 53
    assert.equal(largest, fm.rng(2):integers(1, largest, largest)[1])
    assert.equal(-largest, fm.rng(2):integers(1, -largest, -largest)[1])
    assert.error_matches(function() fm.rng(2):integers(1, 0, largest + 1) end, "integers: high: expected")
    assert.error_matches(function() fm.rng(2):integers(1, -largest - 1, 0) end, "integers: low: expected")
    local u <const> = fm.rng(2):uniform(1000, { low = -3 }):totable() -- high stays 1
    assert.is_true(math.min(table.unpack(u)) < -2.9 and math.max(table.unpack(u)) > 0.9)
    assert.equal(0, fm.rng(2):permutation(0):count())
  end)
end)

describe("measures", function()
  checks.no_bytes_stay(setup, teardown)
  local measure <const> = core.measure
  local a <const>, b <const> = { { 0, 0 }, { 1, 0 }, { 0, 3 } }, { { 0, 1 }, { 5, 0 }, { 1, 0.5 } }

  it("of small samples are what a pencil finds", function()
    local x, y = fm.tensor(a), fm.tensor(b)
    local index, distance = measure.nearest(x, y)
    assert.same({ 1, 3, 1 }, index:totable())
    assert.same({ 1, 0.5, 2 }, distance:totable())
    assert.same({ { 1, 25, 1.25 }, { 2, 16, 0.25 }, { 4, 34, 7.25 } }, measure.pair_costs(x, y):totable())
    assert.same({ 3, 2, 1 }, measure.pairing(x, y):totable()) -- 1.25 + 16 + 4
    assert.near((1.25 + 16 + 4) / 3, measure.transport(x, y, 2), 1e-5)
    assert.near((1.25 ^ 0.5 + 4 + 2) / 3, measure.transport(x, y, 1), 1e-5)
    assert.same({ 2, 1 }, measure.assignment(fm.tensor { { 5, 1 }, { 2, 9 } }):totable())
    local chosen, counts = measure.choose_sites(x, y, fm.tensor { 0, -1, 4 })
    assert.same({ { 3, 2, 3 }, { 0, 1, 2 } }, { chosen:totable(), counts:totable() })
    assert.same({ 2, 1, 3 }, measure.draw_rows(fm.tensor { { 1, 3, 0 }, { 3, 1, 0 }, { 0, 0, 1 } } * 0.25, fm.tensor { 0.5, 0.5, 0.5 }):totable())
    assert.is_nil(measure.not_finite(x))
    assert.is_nil(measure.not_finite(fm.zeros(0, 2)))
    assert.is_nil(measure.not_finite(fm.tensor(1)))
    assert.equal(2, measure.not_finite(fm.tensor { { 0, 1 }, { 0, 1 / 0 }, { 0 / 0, 0 } }))
  end)

  it("within balls counts rows, balls around a row, and balls that hold one", function()
    local line <const> = fm.tensor { { 0 }, { 1 }, { 3 }, { 7 } } -- balls to the nearest other: 1, 1, 2, 4
    assert.same({ 0.5, 1, 0.5 }, { measure.within(fm.tensor { { 0.5 }, { -9 }, { 0.25 }, { -2 } }, line, 1) })
    assert.same({ 1, 3, 0.75 }, { measure.within(fm.tensor { { -1 } }, line, 3) }) -- to the furthest: 7, 6, 4, 7
  end)

  it("refuse samples that do not fit, with both shapes", function()
    local x <const>, y <const>, z <const> = fm.zeros(2, 3), fm.zeros(4, 2), fm.zeros(3, 3)
    expect_messages {
      { "metric: samples are [2, 3] and [4, 2]: expected [n, D] and [m, D]", measure.mean_distance, x, y },
      { "metric: samples are [0, 3] and [2, 3]: expected [n, D] and [m, D]", measure.nearest, fm.zeros(0, 3), x },
      { "metric: samples are [2, 3] and [3]: expected [n, D] and [m, D]", measure.nearest, x, fm.zeros(3) },
      { "transport: samples are [2, 3] and [3, 3]: expected as many of each", measure.pairing, x, z },
      { "transport: power: expected 1..2, found 3", measure.transport, x, x, 3 },
      { "sliced: samples are [2, 3] and [3, 3]: expected as many of each", measure.sliced, x, z, fm.zeros(3, 1) },
      { "sliced: directions are [2, 1]: expected [3, k]", measure.sliced, x, x, fm.zeros(2, 1) },
      { "sliced: directions are [3, 0]: expected [3, k]", measure.sliced, x, x, fm.zeros(3, 0) },
      { "assignment: cost is [2, 3]: expected [n, n]", measure.assignment, x },
      { "within: k: expected 1..1, found 2", measure.within, x, x, 2 },
      { "within: k: expected 1..1, found 0", measure.within, x, x, 0 },
      { "frechet_distance: needs at least 2 samples of each", measure.frechet, x, fm.zeros(1, 3) },
      { "frechet_distance: needs at least 2 samples of each", measure.frechet, fm.zeros(1, 3), x },
      { "pca: x is [1, 3]: expected [n, D] with at least 2 rows", measure.components, fm.zeros(1, 3), 1 },
      { "pca: k: expected 1..3, found 4", measure.components, x, 4 },
      { "conditional_ot: distances of conditions are [2, 3]: expected [2, 2]", measure.conditional_pairing, x, x, x, 1 },
      { "conditional_ot: the distance of conditions 2 and 1 is -1: expected a finite number >= 0", measure.conditional_pairing, x, x,
        fm.tensor { { 0, 1 }, { -1, 0 } }, 1 },
      { "transport_plan: reg is 0: expected a number > 0", measure.transport_plan, x, x, 0, 1, 0 },
      { "transport_plan: iterations: expected 1..9223372036854775807, found 0", measure.transport_plan, x, x, 1, 0, 0 },
      { "draw_rows: plan is [2, 3], u is [2]: expected [n, m] and [m]", measure.draw_rows, x, fm.zeros(2) },
      { "choose_sites: 2 shifts for 3 points", measure.choose_sites, x, z, fm.zeros(2) },
    }
  end)
end)

describe("coroutines", function()
  it("resume with arguments and results, and tell errors as Lua's own do", function()
    local function results(...) return table.pack(...) end
    local co = coroutine.create(function(a, b)
      local c, d = coroutine.yield(a + b, nil)
      error { c, d }
    end)
    assert.same({ n = 3, true, 5 }, results(coroutine.resume(co, 2, 3)))
    assert.same({ n = 2, false, { 7, 8 } }, results(coroutine.resume(co, 7, 8)))
    assert.same({ n = 2, false, "cannot resume dead coroutine" }, results(coroutine.resume(co)))
    assert.same({ n = 1, true }, results(coroutine.resume(coroutine.create(function() end))))
    assert.error_matches(function() coroutine.resume(3) end, "coroutine expected, got number")
    local next_one = coroutine.wrap(function(first)
      local second = coroutine.yield(first * 2)
      coroutine.yield(second, second)
      error("broken", 0)
    end)
    assert.same({ n = 1, 6 }, results(next_one(3)))
    assert.same({ n = 2, 4, 4 }, results(next_one(4)))
    local function ask()
      local result = next_one()
      return result
    end
    assert.matches("^[^:]*binding_spec.lua:%d+: broken$", select(2, pcall(ask)))
    assert.error_matches(next_one, "cannot resume dead coroutine")
  end)

  it("take and give what a stack holds, and refuse more", function()
    local some, rest, list = 400000, 620000, {} -- together they are more than the 1000000 that a stack holds
    for i = 1, rest do list[i] = i end
    local co = coroutine.create(function(...) coroutine.yield(select("#", ...)) end)
    assert.same({ true, some }, { coroutine.resume(co, table.unpack(list, 1, some)) })
    assert.same({ false, "too many arguments to resume" }, { coroutine.resume(co, table.unpack(list)) })
    local function full(...) return select("#", ...), coroutine.resume(coroutine.create(function() return table.unpack(list) end)) end
    assert.same({ some, false, "too many results to resume" }, { full(table.unpack(list, 1, some)) })
  end)

  it("are closed when they wait or are dead, with their variables", function()
    local closed
    local function waiting(fails)
      return coroutine.create(function()
        local _ <close> = setmetatable({}, { __close = function()
          closed = true
          if fails then error("at the end", 0) end
        end })
        coroutine.yield()
      end)
    end
    local co = waiting()
    coroutine.resume(co)
    assert.is_true(coroutine.close(co))
    assert.is_true(closed)
    assert.equal("dead", coroutine.status(co))
    assert.is_true(coroutine.close(co))
    co = waiting(true)
    coroutine.resume(co)
    assert.same({ false, "at the end" }, { coroutine.close(co) })
    assert.is_true(coroutine.close(coroutine.create(print)))
    local outer
    outer = coroutine.create(function()
      local inner = coroutine.create(function() coroutine.close(outer) end)
      local own <const> = select(2, pcall(coroutine.close, outer))
      return own, select(2, coroutine.resume(inner))
    end)
    local _, own, normal = coroutine.resume(outer)
    assert.matches("cannot close a running coroutine", own)
    assert.matches("cannot close a normal coroutine", normal)
  end)

  it("inside each other end with an error, not with the stack of C", function()
    local depth = 0
    local function deeper()
      depth = depth + 1
      return coroutine.wrap(deeper)()
    end
    local ok, message = pcall(deeper)
    assert.is_false(ok)
    assert.matches("C stack overflow", message)
    assert.is_true(depth > 100)
  end)
end)

describe("flat parameters", function()
  checks.no_bytes_stay(setup, teardown)

  it("lie one after the other, and refuse what has another size", function()
    local a <const>, b <const> = fm.parameter(fm.range(1, 3)), fm.parameter(fm.tensor { { 4, 5 }, { 6, 7 } })
    local flat <const> = core.flat { a, b }
    assert.equal(7, flat:total())
    assert.same({ { 1, 3 }, { 4, 7 } }, { { flat:range(1) }, { flat:range(2) } })
    local all <const> = fm.zeros(7)
    flat:read(all)
    assert.same({ 1, 2, 3, 4, 5, 6, 7 }, all:totable())
    local average <const> = fm.zeros(7)
    flat:ema(average, 0.75)
    assert.same({ 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75 }, average:totable())
    flat:swap(average)
    assert.same({ 0.25, 0.5, 0.75 }, a:totable())
    assert.same({ 1, 2, 3, 4, 5, 6, 7 }, average:totable())
    flat:swap(average)
    assert.equal(7, (flat:largest(true)))
    b:copy(fm.tensor { { 0, 0 }, { -9, 1 / 0 } })
    assert.equal(2, (select(2, flat:largest(true))))
    do
      local tape <close> = fm.record()
      local loss <const> = (a * fm.tensor { 3, 0, -4 }):sum()
      loss:backward()
    end
    assert.same({ 5, 4 }, { flat:norm(), (flat:largest()) })
    flat:clear()
    assert.equal(0, flat:norm())
    local options <const> = { beta1 = 0.9, beta2 = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0 }
    expect_messages {
      { "flat: expected a vector of 7 numbers, found 6", flat.read, flat, fm.zeros(6) },
      { "range: expected 1..2, found 3", flat.range, flat, 3 },
      { "range: expected 1..2, found 0", flat.range, flat, 0 },
      { "adam: step: expected 1..9223372036854775807, found 0", flat.adam, flat, all, all, options, 0, 0.1, 1 },
      { "flat: beta1: expected a number, found nil", flat.adam, flat, all, all, {}, 1, 0.1, 1 },
      { "flat: momentum: expected a number, found nil", flat.sgd, flat, nil, {}, 0.1, 1 },
    }
  end)
end)

describe("path_sample", function()
  checks.no_bytes_stay(setup, teardown)

  it("mixes rows by their coefficients, and numbers for all rows", function()
    local x0 <const>, x1 <const> = fm.tensor { { 1, 2 }, { 3, 4 } }, fm.tensor { { 10, 20 }, { 30, 40 } }
    local xt, u = core.path_sample(x0, x1, fm.tensor { 1, 2 }, 3, 5, fm.tensor { 7, 11 })
    assert.same({ { 13, 26 }, { 69, 92 } }, xt:totable()) -- a x1 + s x0
    assert.same({ { 57, 114 }, { 183, 244 } }, u:totable()) -- da x1 + ds x0
    expect_messages {
      { "path: x0 is [2, 2], x1 is [2]: expected the same [B, ...]", core.path_sample, x0, fm.zeros(2), 1, 1, 1, 1 },
      { "path: x0 is [], x1 is []: expected the same [B, ...]", core.path_sample, fm.tensor(1), fm.tensor(1), 1, 1, 1, 1 },
      { "path: expected a coefficient for each of 2 rows, found [3]", core.path_sample, x0, x1, fm.zeros(3), 1, 1, 1 },
      { "path: expected a coefficient for each of 2 rows, found [2, 1]", core.path_sample, x0, x1, 1, fm.zeros(2, 1), 1, 1 },
    }
    local w <const> = fm.parameter(fm.ones(1))
    assert.is_false(core.needs_grad(w, 3, x0))
    local tape <close> = fm.record()
    assert.is_true(core.needs_grad("x", w))
    assert.is_false(core.needs_grad(x0, 3))
  end)
end)
