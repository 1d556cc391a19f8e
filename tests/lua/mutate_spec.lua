-- The rules by which tests/mutate plants mistakes, on small texts; how they are drawn, and counted.
package.path = "tests/mutate/?.lua;" .. package.path
local checks <const> = dofile "tests/lua/checks.lua"
local draw <const> = require "draw"
local reach <const> = require "reach"
local results <const> = require "results"
local rooms <const> = require "rooms"
local rules <const> = require "rules"

local files <const> = dofile "tests/whole_files.lua"

--- The mistakes of a kind in a text are these texts, in order.
local function plants(kind, text, expected, language)
  local list = {}
  for _, mistake in ipairs((rules.find(text, language or "lua"))) do
    if mistake.kind == kind then list[#list + 1] = rules.planted(text, mistake) end
  end
  assert.same(expected, list)
end

--- The same for a statement in a function of C.
local function plants_in_c(kind, text, expected)
  local form <const> = "int f(int a, int *b) {\n    %s\n}\n"
  for i, each in ipairs(expected) do expected[i] = form:format(each) end
  plants(kind, form:format(text), expected, "c")
end

describe("a rule of mutate", function()
  checks.no_bytes_stay(before_each, after_each)

  it("changes an operator between two values; not a sign, an attribute, a string, a comment", function()
    plants("operator", "x = a + b", { "x = a - b" })
    plants("operator", "x = a * -b", { "x = a / -b" })
    plants("operator", "return a and b == c", { "return a or b == c", "return a and b ~= c" })
    plants("operator", "if a < #b then c() end", { "if a <= #b then c() end" })
    plants("operator", "local a <const> = 'b + c' -- d + e\nlocal f, g = -a, [[h + i]] --[[ j + k ]]", {})
    plants_in_c("operator", "return a != *b && a;", { "return a == *b && a;", "return a != *b || a;" })
    plants_in_c("operator", "const char *c = *b; /* a + b */", {})
    plants("operator", "#define F(a) \\\n  (a + 1)\n#include <x.h>\n", {}, "c")
  end)

  it("forgets a sign, a term, a factor", function()
    plants("sign", "return -x, a - b", { "return x, a - b" })
    plants("term", "y = a + b ^ 2 * f(c, d) - e[1].g:h()", { "y = a - e[1].g:h()", "y = a + b ^ 2 * f(c, d)" })
    plants("factor", "y = a * b ^ -2 / (c + d) + e", { "y = a / (c + d) + e", "y = a * b ^ -2 + e" })
    plants_in_c("term", "return a + b[1] * 2;", { "return a;" })
  end)

  it("changes a number or a truth value; not one that is a guard, or a buffer of C", function()
    plants("constant", "x = 0", { "x = 1" })
    plants("constant", "x = 3", { "x = 4", "x = 2" })
    plants("constant", "x = 1e-3, 0.5", { "x = 0.002, 0.5", "x = 1e-3, 1" })
    plants("constant", "x = true", { "x = false" })
    plants("constant", "x = 1e-30, 1e300, 0x10", {})
    plants_in_c("constant", "char text[64]; return 2.5f;", { "char text[64]; return 5f;" })
  end)

  it("exchanges two arguments of a call; not of a definition, not a string, a table, a function", function()
    plants("swapped", "f(a, b + 1, g(c))", { "f(b + 1, a, g(c))", "f(a, g(c), b + 1)" })
    plants("swapped", "x:f(a, b)", { "x:f(b, a)" })
    plants("swapped", "local function f(a, b) end g('a', b) g({}, b) g(a, a) function h.i:j(k, l) end", {})
    plants_in_c("swapped", "return g(a, *b);", { "return g(*b, a);" })
    plants("swapped", "int f(int a, int b);\n", {}, "c")
  end)

  it("skips a call within an expression", function()
    plants("skipped call", "y = math.max(a, b)", { "y = (a)" })
    plants("skipped call", "y = x:relu():sum(1)", { "y = x:sum(1)", "y = x:relu()" })
    plants("skipped call", "for i in ipairs(x) do end y = f() g'a'", {})
    plants_in_c("skipped call", "return fabs(a);", { "return (a);" })
  end)

  it("takes a call of the system for made", function()
    plants_in_c("unmade", "if (fsync(a) != 0) return 1;", { "if (0 != 0) return 1;" })
  end)

  it("negates a condition", function()
    plants("negated", "if a or b then c() elseif d(function() if x then y() end end) then e() end", {
      "if not (a or b) then c() elseif d(function() if x then y() end end) then e() end",
      "if a or b then c() elseif not (d(function() if x then y() end end)) then e() end",
      "if a or b then c() elseif d(function() if not (x) then y() end end) then e() end",
    })
    plants_in_c("negated", "while (a < 1) a++;", { "while (!(a < 1)) a++;" })
  end)

  it("forgets a statement on a line of its own, and a guard; not a declaration or a part of a line", function()
    plants("dropped", "local a = 1\nf(a)\na = 2\nreturn a", { "local a = 1\n\na = 2\nreturn a", "local a = 1\nf(a)\n\nreturn a" })
    plants("dropped", "x = {\n  a = 1,\n}\nf(function()\n  g.h = 1\nend)", { "x = {\n  a = 1,\n}\nf(function()\n  \nend)" })
    plants("dropped", "local x = a +\nb(c)\nif x then f() end", {})
    plants("guard", "if a then return b end\nif c then\n  d()\nend", { "\nif c then\n  d()\nend" })
    plants_in_c("dropped", "a = 1;\n    int c = 2;\n    g(a);\n    return c;", { ";\n    int c = 2;\n    g(a);\n    return c;",
      "a = 1;\n    int c = 2;\n    ;\n    return c;" })
    plants_in_c("guard", "if (!b) return 0;\n    return 1;", { ";\n    return 1;" })
  end)

  it("ignores an option: its default is read", function()
    local text <const> = 'local o <const> = options.read("f", given, { a = 2 * n, b = options.none })\nreturn o.a, x.o.a, o.c, o.b'
    plants("option", text, { (text:gsub("return o.a", "return (2 * n)")), (text:gsub("o.b$", "nil")) })
  end)

  it("finds in every file of fm what compiles, nearly always", function()
    local names <const>, by_room <const> = rooms.all "."
    assert.is_true(#names > 20)
    local compiled, all = 0, 0
    for _, path in ipairs(by_room.optim) do
      local text <const> = files.read(path)
      for _, mistake in ipairs((rules.find(text, "lua"))) do
        all = all + 1
        if load(rules.planted(text, mistake)) then compiled = compiled + 1 end
      end
    end
    assert.is_true(all > 500 and compiled > 0.95 * all, ("%d of %d"):format(compiled, all))
  end)
end)

describe("blocks of a text", function()
  it("are told by its marked copy, which does the same", function()
    local text <const> = [[
      local log = ...
      local function f(n)
        if n > 1 then return f(n - 1) elseif n == 1 then log(n) else log "none" end
        for i = 1, 0 do log(i) end
        repeat n = n + 1 until n > 2
        return (function() return n end)()
      end
      return f(3)]]
    local reached, said = {}, {}
    local env <const> = setmetatable({ require = function() return function(path)
      return function(block) reached[#reached + 1] = path .. block end
    end end }, { __index = _G })
    local function log(what) said[#said + 1] = what end
    local marked <const> = assert(load(reach.marked("a.lua", text), "=a", "t", env))
    assert.equal(load(text)(function() end), marked(log))
    assert.same({ 1 }, said)
    -- 1 the function, 2 then, 3 elseif, 4 else, 5 for, 6 repeat, 7 the inner function
    assert.same({ "a.lua0", "a.lua1", "a.lua2", "a.lua1", "a.lua2", "a.lua1", "a.lua3", "a.lua6", "a.lua6", "a.lua7" }, reached)
  end)

  it("that no test reaches are told by their lines", function()
    local text <const> = "local x = ...\nif x then\n  f(function() end)\nelse g() end\nfor i = 1, 2 do h() end\n"
    assert.same({ 3, 5 }, reach.unreached({ { files = { a = { [1] = true } } }, { files = { ["b.lua"] = { [1] = true, [3] = true } } } }, "b.lua", text))
    assert.same({ 2, 3, 4, 5 }, reach.unreached({}, "b.lua", text))
  end)

  it("of C are bodies of functions and of what is run on a condition, not initialisers or a switch", function()
    local text <const> = "static const int t[] = {1};\nint f(int a) {\n  s x = (s){1};\n  if (a) { g((s){2}); } else { h(); }\n" ..
      "  switch (a) {\n  case 1: b(); }\n}\n"
    assert.equal((text:gsub("%(int a%) {", "%0 FM_REACHED(1);"):gsub("if %(a%) {", "%0 FM_REACHED(2);"):gsub("else {", "%0 FM_REACHED(3);")),
      reach.marked("a.c", text))
  end)
end)

describe("mistakes are drawn", function()
  local paths <const> = { "lua/fm/data/moons.lua", "lua/fm/data/rings.lua" }
  local texts <const> = { [paths[1]] = files.read(paths[1]), [paths[2]] = files.read(paths[2]) }

  local function first(n, seed)
    local list, next_one = {}, draw.of_room(seed, "data", paths, texts)
    for i = 1, n do list[i] = next_one().key end
    return list
  end

  it("in the order of the seed, each once", function()
    assert.same(first(12, 1), first(12, 1))
    assert.not_same(first(12, 1), first(12, 2))
    local seen, n, next_one = {}, 0, draw.of_room(1, "data", paths, texts)
    for mistake in next_one do
      local place = ("%s %d %d %s"):format(mistake.file, mistake.first, mistake.last, mistake.to)
      assert.is_nil(seen[place])
      seen[place], n = true, n + 1
    end
    assert.equal(n, #draw.of_file(paths[1], texts[paths[1]]) + #draw.of_file(paths[2], texts[paths[2]]))
  end)

  it("with keys that stay where lines come before them", function()
    local before <const> = draw.of_file("a.lua", "local x = 1\nreturn x + 2 * 3")
    local after <const> = draw.of_file("a.lua", "-- more\nlocal y\nlocal x = 1\nreturn x + 2 * 3")
    for i, mistake in ipairs(before) do
      assert.equal(mistake.key, after[i].key)
      assert.equal(mistake.line + 2, after[i].line)
    end
    assert.equal("a.lua: operator: return x + 2 * 3 => return x - 2 * 3", before[3].key)
  end)
end)

describe("a campaign's results", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function row(id, room, outcome)
    return { id = id, key = id, room = room, outcome = outcome, by = "a_spec.lua", seconds = 2 }
  end

  it("count for each room what was noticed of what can be; the later line of two holds", function()
    results.add(path, row("a", "nn", "survived"))
    results.add(path, row("b", "nn", "survived"))
    results.add(path, row("c", "nn", "invalid"))
    results.add(path, row("d", "data", "noticed"))
    results.add(path, row("a", "nn", "noticed"))
    results.add(path, row("e", "nn", "survived"))
    local file <close> = assert(io.open(path, "a"))
    file:write '{"id": "e", "outc'
    file:flush()
    local _, list = results.read(path)
    local counts <const> = results.count(list, { b = "no bits change" })
    assert.same({ { room = "data", planted = 1, noticed = 1, survived = 0, equivalent = 0, seconds = 2 },
      { room = "nn", planted = 3, noticed = 1, survived = 1, equivalent = 1, seconds = 6 } }, counts)
    local text <const> = results.table(counts)
    assert.truthy(text:find("\nnn +3 +1 +1 +1 +50 %% +2.0"))
    assert.truthy(text:find("\nall +4 +2 +1 +1 +67 %% +2.0"))
  end)

  it("refuse an equivalent that a test notices", function()
    checks.raises_text("a is named as equivalent, and a_spec.lua notices it", results.count, { row("a", "nn", "noticed") }, { a = "it is not" })
  end)
end)
