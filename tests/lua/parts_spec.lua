-- The small parts that every room uses: each rule at its limits, both sides.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local whole_files <const> = dofile "tests/whole_files.lua"
local function part(name) return require("fm.parts." .. name) end
local options <const>, short <const>, text <const>, traceback <const> = part "options", part "short", part "utf8_text", part "traceback"

local said <const> = checks.says

--- f(key) is the value, for each pair.
local function maps(f, pairs_of)
  for i, pair in ipairs(pairs_of) do assert.equal(pair[2], f(pair[1]), "number " .. i) end
end

describe("of the parts", function()
  setup(function() return fm.flow, fm.ode, fm.data end)
  checks.no_bytes_stay(before_each, after_each)

  it("short: numbers and durations", function()
    maps(short.number, { { 0.32534, "0.3253" }, { 2000, "2000" }, { 123456, "123456" }, { 2000.0, "2000" }, { 123456.0, "1.235e+05" }, { 0 / 0, "nan" },
      { -(0 / 0), "nan" }, { 1 / 0, "inf" }, { -2, "-2" } })
    maps(short.exact, { { 0.1, "0.1" }, { 1e-5, "1e-05" }, { 1 / 3, "0.3333333333333333" }, { 0.1 + 0.2, "0.30000000000000004" }, { 1234567, "1234567" },
      { 3, "3" } })
    maps(short.duration, { { 0, "0.0s" }, { 0.44, "0.4s" }, { 9.94, "9.9s" }, { 9.95, "10s" }, { 59.4, "59s" }, { 59.5, "1m00s" }, { 185, "3m05s" },
      { 3599.4, "59m59s" }, { 3599.5, "1h00m" }, { 7800, "2h10m" }, { 86400, "24h00m" }, { 3.5999e9, "999972h13m" }, { 3.6e9, "1e+06h" } })
    assert.equal("loss=0.5 nfe=100", short.results { nfe = 100, loss = 0.5 })
    assert.equal("a\\nb=1", short.results { ["a\nb"] = 1 })
  end)

  it("words: of a shell, of a file, of a list", function()
    maps(part "shell_word", { { "a-b_c/d.e:f,g+h=i@j%", "a-b_c/d.e:f,g+h=i@j%" }, { "", "''" }, { "a b", "'a b'" }, { "it's", "'it'\\''s'" }, { "$x", "'$x'" },
      { "*", "'*'" }, { "~", "'~'" } })
    maps(part "file_stem", { { "a/b.lua", "b" }, { "b.lua.lua", "b.lua" }, { "/x/..lua", "_" }, { "a b.lua", "a_b" }, { ".lua", "" }, { "-x.lua", "_x" },
      { "x.txt", "x.txt" }, { "d/" .. ("n"):rep(70) .. ".lua", ("n"):rep(64) } })
    assert.same({ "a", "b", "c" }, part "sorted_keys" { c = 1, a = 2, b = 3 })
    local fields <const> = part "fields"
    local function texts(line)
      local list = {}
      for i, field in ipairs(fields(line)) do list[i] = (field.quoted and "q:" or "") .. field.text end
      return table.concat(list, "|")
    end
    maps(texts, { { "", "" }, { "a", "a" }, { "a,b", "a|b" }, { "a,,b", "a||b" }, { '"a,b",c', "q:a,b|c" }, { '"a""b"', 'q:a"b' }, { '""', "q:" },
      { '"a"  ,b', "q:a|b" }, { 'a"b', 'a"b' }, { '"""x"""', 'q:"x"' } })
    assert.same({ nil, "a quote stays open" }, { fields 'x,"a' })
    assert.same({ nil, 'expected a comma after the quote that closes, found " b"' }, { fields '"a" b,c' })
  end)

  it("utf8_text: where a text stops being UTF-8, keys and inner tables too", function()
    assert.is_nil(text.problem "caf\u{e9}")
    assert.equal("byte 4 is E9", text.problem "caf\xe9")
    assert.equal("x", text.check("where", "x"))
    said("where: expected UTF-8 text, byte 1 is FF", text.check, "where", "\xff")
    for _, value in ipairs { "\xff", { "a", "\xff" }, { ["\xff"] = 1 }, { { { a = "\xff" } } } } do
      said("w: expected UTF-8 text, byte 1 is FF", text.check_all, "w", value)
    end
    text.check_all("w", { "a", { b = "c" }, 3 })
    local deep, at_end = "\xff", "\xff"
    for _ = 1, 101 do deep = { deep } end
    checks.raises_text("w: expected UTF-8 text, byte 1 is FF", text.check_all, "w", deep)
    local in_keys = "\xff"
    for _ = 1, 101 do in_keys = { [in_keys] = 1 } end
    checks.raises_text("w: expected UTF-8 text, byte 1 is FF", text.check_all, "w", in_keys)
    text.check_all("w", { [in_keys] = 1 })
    for _ = 1, 102 do at_end = { at_end } end
    text.check_all("w", at_end) -- JSON says that it is too deep
  end)

  it("finally: clean is called once, and what f did goes on, in a coroutine as well", function()
    local finally <const> = part "finally"
    local function try(f)
      local cleaned = 0
      local result = table.pack(pcall(finally, function() cleaned = cleaned + 1 end, f, 1, nil, 3))
      return cleaned, result
    end
    local thrown <const> = {}
    for _, wrap in ipairs { function(f) return f() end, function(f) return coroutine.wrap(f)() end } do
      local cleaned, result = wrap(function() return try(function(...) return select("#", ...), ... end) end)
      assert.same({ 1, { true, 3, 1, nil, 3, n = 5 } }, { cleaned, result })
      cleaned, result = wrap(function() return try(function() error(thrown) end) end)
      assert.equal(1, cleaned)
      assert.equal(thrown, result[2])
    end
    local cleaned = 0
    local waits = coroutine.create(function()
      finally(function() cleaned = cleaned + 1 end, coroutine.yield)
    end)
    coroutine.resume(waits)
    assert.equal(0, cleaned)
    coroutine.close(waits)
    assert.equal(1, cleaned)
  end)

  it("attempt: messages are caught, what ends a run is not", function()
    local attempt <const> = part "attempt"
    assert.same({ true, 1, 2 }, { attempt(function(...) return ... end, 1, 2) })
    assert.same({ false, "no" }, { attempt(error, "no", 0) })
    local stop <const> = {}
    local ok, problem = pcall(attempt, error, stop)
    assert.is_false(ok)
    assert.equal(stop, problem)
  end)

  it("broadcasts: sizes from the last on are 1 or equal", function()
    local broadcasts, x = part "broadcasts", fm.zeros(2, 3, 4)
    for _, shape in ipairs { { 4 }, { 1 }, { 3, 4 }, { 3, 1 }, { 1, 4 }, { 2, 3, 4 }, { 1, 1, 1 }, { 2, 1, 4 } } do
      assert.is_true(broadcasts(fm.zeros(shape), x), fm.json.encode(shape))
    end
    for _, shape in ipairs { { 3 }, { 4, 3 }, { 2, 4 }, { 3, 3, 4 }, { 1, 2, 3, 4 }, { 1, 1, 1, 1 } } do
      assert.is_false(broadcasts(fm.zeros(shape), x), fm.json.encode(shape))
    end
    assert.is_true(broadcasts(fm.tensor(1), x) and broadcasts(fm.tensor(1), fm.tensor(2)))
  end)

  it("finite and diverged: the row, the step", function()
    said("f: row 2 of x is not finite", part "finite", "f", "x", fm.tensor { { 1, 2 }, { 3, 0 / 0 } })
    part "finite"("f", "x", fm.tensor { { 1, 2 }, { 3, 4 } })
    said("loss is nan at step 7; nothing changed", part "diverged".raise, "loss is nan", "nothing changed", 7)
  end)

  it("options.read: defaults, what is given over them, what is unknown", function()
    local defaults <const> = { a = 1, b = options.none, c = { 2 }, d = false }
    assert.same({ a = 1, c = { 2 }, d = false }, options.read("f", nil, defaults))
    assert.same({ a = 3, b = 4, c = 5, d = true }, options.read("f", { a = 3, b = 4, c = 5, d = true }, defaults))
    assert.same({ a = 1, b = options.none, c = { 2 }, d = false }, defaults)
    local marked <const> = options.often { a = 1, b = options.none, c = 3 }
    assert.same({ a = 1, c = 4 }, options.read("f", { c = 4 }, marked))
    assert.same({ a = 1, c = 3 }, options.read("f", {}, marked))
    said("f: expected a table of options, found string", options.read, "f", "x", defaults)
    said('f: unknown option "xxx" (one of: a, b, c, d)', options.read, "f", { zzz = 1, xxx = 2, yyy = 3 }, defaults)
    said('f: unknown option "1" (there is none)', options.read, "f", { 5 }, {})
    said('f: unknown option "lenght"; did you mean "length"?', options.read, "f", { lenght = 1 }, { length = 1 })
    local long <const> = {}
    for i = 1, 40 do long["option" .. i] = i end
    said('f: unknown option "qqqq"', options.read, "f", { qqqq = 1 }, long) -- too many to list
    local strange <const> = setmetatable({ a = 7 }, { __pairs = function() error "no" end })
    assert.equal(7, options.read("f", strange, { a = 1 }).a)
    assert.same({ a = 8 }, options.read("f", part "read_only"({ a = 8 }, "x"), { a = 1 }))
  end)

  it("options: kinds of values", function()
    assert.same({ "n", { a = 1, [2] = 3 } }, { options.split { "n", 3, a = 1 } })
    maps(options.shown, { { "x", '"x"' }, { ("x"):rep(60), '"' .. ("x"):rep(60) .. '"' }, { ("x"):rep(61), "a string of 61 bytes" }, { 3, "3" }, { 3.0, "3.0" },
      { true, "true" }, { {}, "a table" }, { print, "a function" }, { fm.zeros(2, 3), "a tensor [2, 3]" }, { fm.tensor(1), "a tensor []" } })
    assert.equal("nil", options.shown(nil))
    local released
    do
      local tape <close> = fm.record()
      released = fm.parameter(fm.ones(1)) * 2
    end
    assert.equal("a tensor that was released when its tape closed", options.shown(released))
    assert.equal(false, options.choose("f", "b", { a = 1, b = false }))
    said('f: unknown name "aa" (one of: one, two)', options.choose, "f", "aa", { one = 1, two = 2 })
    said("f: unknown name 3 (one of: one)", options.choose, "f", 3, { one = 1 })
    said('f: unknown name "tow"; did you mean "two"?', options.choose, "f", "tow", { one = 1, two = 2 })
    for _, value in ipairs { 0, 0.5, 1 } do assert.equal(value, options.number("f", value, 0, 1)) end
    for _, value in ipairs { -1e-9, 1.001, 0 / 0, "0.5" } do
      said("f: expected a number in 0..1, found " .. options.shown(value), options.number, "f", value, 0, 1)
    end
    said("f: expected a number >= 2, found 1", options.number, "f", 1, 2, math.huge)
    said("f: expected a number, found nil", options.number, "f", nil, -math.huge, math.huge)
    assert.same({ "integer", 3 }, { math.type(options.integer("f", 3.0, 3, 3)), options.integer("f", 3.0, 3, 3) })
    for _, value in ipairs { 2, 4, 2.5, "3", 0 / 0 } do
      said("f: expected a whole number in 3..3, found " .. options.shown(value), options.integer, "f", value, 3, 3)
    end
    said("f: expected a whole number >= 3, found 2", options.integer, "f", 2, 3)
    assert.same({ 1, 0, 1 << 31 }, { options.size("f", 1), options.size("f", 0, 0), options.size("f", 2 ^ 31) })
    said("f: expected a whole number >= 1, found 0", options.size, "f", 0)
    said("f: expected a whole number in 1..2147483648, found 2147483649", options.size, "f", 2147483649)
    for _, value in ipairs { 0, 0.999 } do assert.equal(value, options.below_one("f", value)) end
    for _, value in ipairs { -1e-9, 1, 0 / 0, "x" } do
      said("f: expected a number >= 0 and < 1, found " .. options.shown(value), options.below_one, "f", value)
    end
    assert.same({ true, false }, { options.boolean("f", true), options.boolean("f", false) })
    said("f: expected true or false, found nil", options.boolean, "f")
    local called <const> = setmetatable({}, { __call = print })
    assert.is_true(options.callable(print) and options.callable(called))
    for _, value in ipairs { 3, "x", {}, setmetatable({}, {}) } do assert.is_false(options.callable(value)) end
    options.no_more("f", 2, nil, nil)
    said("f: unexpected argument 4, a boolean: it takes 2", options.no_more, "f", 2, nil, false, 3)
    local own <const> = { normal = print }
    assert.equal(own, options.rng("f", own))
    for found, value in pairs { table = {}, number = 3, userdata = fm.zeros(1) } do
      said("f: rng: expected a random stream, found " .. found, options.rng, "f", value)
    end
    said("f: rng: expected a random stream, found none", options.rng, "f")
  end)

  it("object: what is shown, what can be set, and the rest", function()
    local inside <const> = { a = 1, hidden = 2, over = false }
    local thing <const> = part "object"("thing", { add = function(own, n) return own.a + n end }, { a = true, twice = function(own) return own.a * 2 end },
      { a = function(own, value, object) own.a, own.object = value, object end })(inside)
    assert.same({ 1, 2, 4 }, { thing.a, thing.twice, thing:add(3) })
    thing.a = 5
    assert.same({ 5, 10, 8 }, { thing.a, thing.twice, thing:add(3) })
    assert.equal(thing, inside.object)
    assert.equal("thing", getmetatable(thing))
    said('thing: there is no "hidden"', function() return thing.hidden end)
    said('thing: there is no "twise"; did you mean "twice"?', function() return thing.twise end)
    said("thing: twice cannot be set; this can: a", function() thing.twice = 1 end)
    said("add: call it with a colon, thing:add(...)", thing.add, 3)
    inside.over = true
    said("add: the thing is over", thing.add, thing, 3)
    local bare <const> = part "object"("bare", {}, {}, {})({})
    said("bare: x cannot be set", function() bare.x = 1 end)
  end)

  it("misspelt: a name that is like a known one", function()
    local t <const> = setmetatable({}, part "misspelt"("a thing", { "parameters", "save" }, 5))
    for _, name in ipairs { "parameters", "sav", "save", "sved", "unlike", 3 } do assert.is_nil(t[name]) end
    said('a thing has no "saved"; did you mean "save"?', function() return t.saved end)
  end)

  it("math_random: as Lua's own, but from a stream", function()
    local stream, refused = fm.rng(3), 0
    local former, former_seed = math.random, math.randomseed
    local restore = part "math_random".bind(stream, function() refused = refused + 1 end)
    local ok, problem = pcall(function()
      local seen = {}
      for _ = 1, 200 do
        local v = math.random(3)
        seen[v] = (seen[v] or 0) + 1
        local u, w, z = math.random(), math.random(-1, 1), math.random(7, 7)
        assert(u >= 0 and u < 1 and w >= -1 and w <= 1 and math.type(w) == "integer" and z == 7)
      end
      assert(#seen == 3 and seen[1] > 40 and seen[3] > 40)
      local large, least, low_bits = 1 << 60, math.maxinteger, 0
      for _ = 1, 200 do
        local v = math.random(-large, large)
        assert(v >= -large and v <= large)
        least = math.min(least, v)
        low_bits = low_bits | v
        v = math.random(5, 5 + (1 << 53))
        assert(v >= 5 and v <= 5 + (1 << 53))
      end
      assert(least < -large // 2 and low_bits & 0xFFFF == 0xFFFF)
      local any = 0
      for _ = 1, 200 do any = any | math.random(0) end
      assert(any == -1 and math.type(math.random(math.mininteger, math.maxinteger)) == "integer")
      for message, list in pairs { ["bad argument #1 to 'random' (expected a whole number, found 1.5)"] = { 1.5 },
        ["bad argument #2 to 'random' (expected a whole number, found x)"] = { 1, "x" }, ["bad argument #1 to 'random' (interval is empty)"] = { -1 },
        ["bad argument #2 to 'random' (interval is empty)"] = { 3, 2 } } do
        said(message, function() math.random(table.unpack(list)) end)
      end
      math.randomseed(5)
      local first = math.random()
      math.randomseed(5)
      assert(math.random() == first)
      math.randomseed(6)
      assert(math.random() ~= first and refused == 3)
      math.randomseed()
      local calls = stream:calls()
      math.random()
      assert(stream:calls() > calls) -- the stream itself again
    end)
    restore()
    assert(ok, problem)
    assert.same({ former, former_seed }, { math.random, math.randomseed })
  end)

  it("traceback: whatever was thrown, as text", function()
    maps(traceback.text_of, { { "x", "x" }, { 3, "3" }, { true, "(error object is a boolean value)" }, { print, "(error object is a function value)" },
      { {}, "(error object is a table value)" }, { { 1, 2 }, "(error object is a table value)" },
      { { code = 3, message = "no", ok = false, list = {} }, '(a table was thrown) { code = 3, message = "no", ok = false }' },
      { setmetatable({}, { __tostring = function() return "mine" end }), "mine" },
      { setmetatable({ a = 1 }, { __tostring = function() error "no" end }), "(a table was thrown) { a = 1 }" }, { "a\27b\tc\nd", "a\\x1bb\tc\nd" },
      { ("x"):rep(8192), ("x"):rep(8192) }, { ("x"):rep(8193), ("x"):rep(8192) .. "... (8193 bytes in all)" },
      { { long = ("y"):rep(300) }, '(a table was thrown) { long = "' .. ("y"):rep(200) .. '" }' } })
    assert.equal("(error object is a nil value)", traceback.text_of(nil))
    local many <const> = {}
    for i = 1, 20 do many["k" .. i] = i end
    assert.equal(10, select(2, traceback.text_of(many):gsub("k%d+ = %d+", "")))
    assert.equal("f: no", traceback.without_place "/a/b/fm/flow/loss.lua:12: f: no")
    assert.equal("/a/b/own.lua:12: no", traceback.without_place "/a/b/own.lua:12: no")
  end)

  it("traceback: both ends of a deep stack, and how many calls lie between them", function()
    local function deep(n)
      if n == 0 then error("at the bottom", 0) end
      deep(n - 1)
      return n
    end
    local function frames(n)
      local thread <const> = coroutine.create(function() return select(2, xpcall(deep, traceback.handler, n)) end) -- a stack of its own
      local _, text = coroutine.resume(thread)
      local lines <const> = {}
      for line in text:gmatch "[^\n]+" do
        lines[#lines + 1] = line:gsub("^\t?tests/lua/parts_spec.lua:%d+: ", ""):gsub("<tests/lua/parts_spec.lua:%d+>", "F")
      end
      return lines
    end
    local ten <const> = frames(8)
    assert.same({ "at the bottom", "stack traceback:", "in upvalue 'deep'" }, { ten[1], ten[2], ten[3] })
    assert.same({ 12, "in function F" }, { #ten, ten[12] })
    local many <const> = frames(40)
    assert.same({ 23, "in upvalue 'deep'", "\t... (22 more calls)", "in upvalue 'deep'", "in function F" }, { #many, many[12], many[13], many[14], many[23] })
    local huge <const> = frames(5000)
    assert.same({ 23, "\t... (4982 more calls)" }, { #huge, huge[13] })
    local few <const> = frames(19)
    assert.same({ 23, "\t... (1 more calls)" }, { #few, few[13] })
    assert.equal(22, #frames(18))
    assert.truthy(traceback.place():find "^tests/lua/parts_spec.lua:%d+: $")
    local ok, text = xpcall(fm.flow.loss, traceback.handler)
    assert.is_false(ok)
    assert.truthy(text:find("^tests/lua/parts_spec.lua:%d+: ") or text:find("stack traceback", 1, true), text)
  end)

  it("printable: data as it is for a program, with escapes for a terminal", function()
    local core <const> = require "fm.core"
    local is_terminal <const>, asked = core.system.is_terminal, {}
    local answer = false
    function core.system.is_terminal(descriptor)
      asked[#asked + 1] = descriptor
      return answer
    end
    local plain = part "printable".data "a\27b\n"
    answer = true
    local shown = part "printable".data "a\27b\n"
    core.system.is_terminal = is_terminal
    assert.same({ "a\27b\n", "a\\x1bb\n", { 1, 1 } }, { plain, shown, asked })
    assert.same({ "a\\nb", "3", "true", "3" }, { part "printable".line "a\nb", part "printable".line(3), part "printable".line(true),
      part "printable".lines(3) })
  end)

  it("step_memory: of the step that needed most, the last of these", function()
    local memory <const> = part "step_memory"
    memory.reset()
    assert.same({ 0, 0 }, { memory.peak, memory.held })
    local function step(n)
      local held <const> = memory.begin()
      local x = fm.zeros(n)
      return memory.note(held, x:count(), "more")
    end
    local start <const> = fm.live_bytes()
    assert.same({ 1000, "more" }, { step(1000) })
    local peak <const> = memory.peak
    assert.truthy(peak >= start + 1000 * (fm.real == "double" and 8 or 4))
    collectgarbage()
    step(10)
    assert.equal(peak, memory.peak)
    memory.reset()
    assert.same({ 0, 0 }, { memory.peak, memory.held })
  end)

  it("swapped: parameters that hold an average, and what was left in the middle", function()
    local swapped <const> = part "swapped"
    local a <const>, b <const>, c <const> = fm.parameter(fm.ones(1)), fm.parameter(fm.ones(1)), fm.parameter(fm.ones(1))
    swapped.refuse("w", { a, b })
    swapped.set({ a, b }, true)
    checks.raises("^[^\n]*w: ", swapped.refuse, "w", { c, b })
    checks.raises("^[^\n]*w: ", swapped.refuse, "w")
    swapped.refuse("w", { c })
    swapped.set({ a, b }, nil)
    swapped.refuse("w", { a, b })
    swapped.refuse "w"
    local back = {}
    swapped.set({ a, b }, true)
    for i, parameter in ipairs { a, b } do
      swapped.leave(function()
        back[#back + 1] = i
        swapped.set({ parameter }, nil)
      end)
    end
    swapped.refuse("w", { a, b })
    assert.same({ 2, 1 }, back)
    swapped.refuse "w"
    assert.equal(2, #back)
  end)

  it("rounds: batch after batch, round after round, from any place", function()
    local began = {}
    local function new()
      began = {}
      return part "rounds"(3, function(round) began[#began + 1] = round end, function(i) return "b" .. i end)
    end
    local function take(iterate, n)
      local list = {}
      for i = 1, n do list[i] = iterate() or "-" end
      return table.concat(list, " ")
    end
    local iterate = new()
    assert.equal("b1 b2 b3 - b1 b2 b3 - b1", take(iterate, 9))
    assert.same({ 0, 1, 2 }, began)
    for values, wanted in pairs { [0] = "b1 b2 b3 -", [1] = "b2 b3 - b1", [2] = "b3 - b1 b2", [3] = "- b1 b2 b3", [4] = "b2 b3 - b1", [6] = "- b1 b2 b3",
      [7] = "b2 b3 - b1" } do
      local next_one, pass = new()
      pass(values)
      assert.equal(wanted, take(next_one, 4), values)
      assert.equal(values > 0 and (values - 1) // 3 + (values % 3 == 0 and 1 or 0) or 0, began[1])
    end
    local next_one, pass, place = new()
    assert.same({ 0, 1 }, place.get())
    take(next_one, 6)
    assert.same({ 1, 3 }, place.get())
    pass(2) -- from where it is
    assert.same({ 2, 2 }, place.get())
    for given, wanted in pairs { [{ 4, 2 }] = "b2 b3 - b1", [{ 4, 4 }] = "- b1 b2 b3", [{ 4, 9 }] = "- b1 b2 b3", [{ 4, 0 }] = "b1 b2 b3 -" } do
      place.set(given)
      assert.equal(wanted, take(next_one, 4))
    end
  end)

  it("manifolds: what is one, and points on it", function()
    local manifolds <const>, sphere <const> = part "manifolds", fm.manifold.sphere(3)
    assert.equal(sphere, manifolds.check("w", sphere))
    said("w: manifold: expected one of fm.manifold, as manifold.sphere(3), found 3", manifolds.check, "w", 3)
    said("w: manifold: expected one of fm.manifold, as manifold.sphere(3), found a table", manifolds.check, "w", setmetatable({}, { __name = "other" }))
    local function points(x) return manifolds.check_points("w", "x0", sphere, x) end
    points(fm.tensor { { 1, 0, 0 }, { 0, -1, 0 } })
    points(fm.zeros(0, 3))
    points(fm.tensor { { 1.0009, 0, 0 } })
    said("w: x0: a row is 0.002 away from the sphere: expected points on it (manifold:project)", points, fm.tensor { { 1.002, 0, 0 } })
    said("w: x0: a row has a number that is not finite: expected points of the sphere", points, fm.tensor { { 0 / 0, 0, 0 } })
    said("w: x0: expected points of the sphere [B, 3], found [2, 2]", points, fm.ones(2, 2))
    said("w: x0: expected points of the sphere [B, 3], found [3]", points, fm.ones(3))
    said("w: x0: expected points of the sphere [B, 3], found 3", points, 3)
  end)

  it("by_name: names, rooms, choices", function()
    local by_name <const> = part "by_name"
    assert.truthy(by_name.file "fm.flow.path":find "fm/flow/path/init%.lua$")
    assert.is_nil(by_name.file "fm.flow.no_such")
    local value, is_own = by_name.find("fm.flow.path", "linear")
    assert.is_true(value ~= nil and is_own)
    for _, name in ipairs { "no_such", "a.b", "../x", "", 3, "init" } do assert.same({ nil, false }, { by_name.find("fm.ode", name) }) end
    said('x "alpha" (one of: one, two)', by_name.fail, "x", "fm.flow", "alpha", { "one", "two" })
    said('x "heum"; did you mean "heun"?', by_name.fail, "x", "fm.ode", "heum")
    local rooms <const> = {}
    for _, room in ipairs(by_name.rooms()) do rooms[room] = true end
    assert.is_true(rooms["fm.flow"] and rooms["fm.flow.path"] and rooms["fm.nn.activation"] and not rooms["fm.flow.parts"] and not rooms["fm"])
    assert.same({ "fm.nn.activation" }, by_name.rooms "fm.nn")

    local made = 0
    local room <const> = by_name.room("fm.nn", { own = 5 }, { inner = { "activation" }, call = function(a, b) return a + b end, each = function(f, name)
      made = made + 1
      return { f = f, name = name }
    end })
    assert.same({ "linear", "silu", 5, 7 }, { room.linear.name, room.silu.name, room.own, room(3, 4) })
    assert.equal(room.silu, room.silu)
    assert.equal(2, made)
    assert.is_nil(room[3])
    said('fm.nn has no "linaer"; did you mean "linear"?', function() return room.linaer end)
    said('fm.nn has no "silo"; did you mean "silu"?', function() return room.silo end)
    said('fm.nn has no "onw"; did you mean "own"?', function() return room.onw end)
    assert.truthy(tostring(room):find "^fm%.nn: activation attention avg_pool2d ")
    assert.truthy(tostring(room):find " none " and tostring(room):find " own " and not tostring(room):find " activation .* activation ")

    local function is(v) return type(v) == "table" and v.mine == true end
    local choice <const> = by_name.choice("fm.nn.activation", { is = is, expected = "one of mine" })
    local mine <const> = { mine = true }
    assert.equal(mine, choice(mine))
    said("activation: expected a name or one of mine, found 3", choice, 3)
    said("activation: unexpected options: they go with a name", choice, mine, {})
    said("activation: silu.lua: expected one of mine, found a table", choice, "silu")
    said('w: unknown name "silo"; did you mean "silu"?', choice.of, "w", "silo")
    said("activation: unexpected argument 3, a number: it takes 2", choice, mine, nil, 3)
    local acts <const> = require "fm.nn.activation"
    local plain, known = acts.of("w", "silu")
    assert.is_true(known)
    assert.equal(plain, (acts.of("w", "silu"))) -- made once without options
    assert.equal(plain, (acts.of("w", { "silu" }))) -- and without any in a table
    said("silu: unexpected argument 1, a table: it takes 0", acts.of, "w", { "silu", slope = 1 })
    assert.same({ print, false }, { acts.of("w", print) })
  end)

  it("plain_numbers: a decimal point in any locale, which comes back", function()
    local plain_numbers <const> = part "plain_numbers"
    local former = os.setlocale(nil, "numeric")
    assert.is_nil((plain_numbers()))
    if not os.setlocale("C.utf8", "numeric") then return end -- not on this machine
    do
      local plain <close> = plain_numbers()
      assert.is_true(plain ~= nil)
      assert.equal("C", os.setlocale(nil, "numeric"))
    end
    local after = os.setlocale(nil, "numeric")
    os.setlocale(former, "numeric")
    assert.equal("C.utf8", after)
  end)

  it("plain_numbers: where the locale has another, and where it cannot be changed", function()
    local setlocale <const>, asked = os.setlocale, {}
    local now, works = "de_DE.utf8", true
    rawset(os, "setlocale", function(name, kind)
      if name then asked[#asked + 1] = ("%s %s"):format(name, kind) elseif kind ~= "numeric" then error "of numbers only" end
      if name and not works then return nil end
      now = name or now
      return now
    end)
    local ok, problem = pcall(function()
      do
        local plain <close> = part "plain_numbers"()
        assert.same({ true, "C" }, { plain ~= nil, now })
      end
      assert.same({ "C numeric", "de_DE.utf8 numeric" }, asked)
      works = false
      assert.is_nil((part "plain_numbers"())) -- nothing to take back
      assert.same({ 3, "de_DE.utf8" }, { #asked, now })
      for _, name in ipairs { "C", "POSIX" } do
        now = name
        assert.is_nil((part "plain_numbers"()))
      end
      assert.equal(3, #asked)
    end)
    rawset(os, "setlocale", setlocale)
    if not ok then error(problem, 0) end
  end)

  it("by_name: a file that is no Lua is said so, and without a list of files there are no names", function()
    local by_name <const> = part "by_name"
    local folder <const>, own_path <const>, lfs <const> = os.tmpname(), package.fm_path, package.loaded.lfs
    os.remove(folder)
    os.execute(("mkdir -p %s/fm/ode"):format(folder))
    whole_files.write(folder .. "/fm/ode/broken_method.lua", "return (")
    whole_files.write(folder .. "/fm/ode/named.lua", "local name, path = ... return { name, path }")
    whole_files.write(folder .. "/fm/ode/nothing.lua", "package.loaded.counted_here = (package.loaded.counted_here or 0) + 1")
    package.fm_path = folder .. "/?.lua"
    local ok, problem = pcall(function()
      checks.raises_text(folder .. "/fm/ode/broken_method.lua:1: unexpected symbol near <eof>", by_name.find, "fm.ode", "broken_method")
      assert.same({ "fm.ode.named", folder .. "/fm/ode/named.lua" }, (by_name.find("fm.ode", "named")))
      assert.equal(package.loaded["fm.ode.named"], (by_name.find("fm.ode", "named")))
      assert.is_true((by_name.find("fm.ode", "nothing"))) -- as require has it
      assert.is_true((by_name.find("fm.ode", "nothing")))
      assert.equal(1, package.loaded.counted_here)
      assert.same({ "broken_method", "named", "nothing" }, by_name.names "fm.ode")
      assert.same({}, by_name.names "fm.data")
      package.loaded.lfs, package.preload.lfs = nil, function() error "there is none" end
      assert.same({}, by_name.names "fm.ode")
    end)
    package.fm_path, package.loaded.lfs, package.preload.lfs, package.loaded.counted_here = own_path, lfs, nil, nil
    package.loaded["fm.ode.named"], package.loaded["fm.ode.nothing"] = nil, nil
    os.execute("rm -r " .. folder)
    if not ok then error(problem, 0) end
  end)

  it("read_only and named_values", function()
    local told
    local t <const> = part "read_only"({ a = 1 }, "a table", function(_, key) return key .. "?" end, function(key, value) told = { key, value } end)
    t.a = 2
    assert.same({ "a", 2 }, told)
    assert.equal("b?", t.b)
    local seen = {}
    for key, value in pairs(t) do seen[key] = value end
    assert.same({ a = 1 }, seen)
    assert.equal("a table", getmetatable(t).__name)
    assert.same({ "b=2", "a=1" }, part "named_values"({ a = 1, b = 2, c = 3 }, tostring, { "b", "x", "a" }))
  end)
end)
