-- How the prompt prints values and answers Tab. tests/cli/prompt_spec.lua tests it at a terminal.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local shown <const> = require "fm.cli.shown"
local tab <const> = require "fm.cli.tab"

--- Tab at the end of a text: what is inserted, and the list as one line.
local function at_end(text)
  local insert, list = tab(text, #text)
  return insert, list and list:gsub("%s+", " ")
end

local in_order <const> = package.preload["fm.core"] ~= nil -- pairs of fmrun walks in order, that of stock Lua does not

describe("values at the prompt", function()
  checks.no_bytes_stay(setup, teardown)

  it("are tables by what they hold, in order", function()
    if not in_order then return pending "the prompt is fmrun's" end
    assert.equal("{}", shown {})
    assert.equal("{1, 2, 3}", shown { 1, 2, 3 })
    assert.equal('{1, a = "x", b = {true}}', shown { 1, b = { true }, a = "x" })
    assert.equal('{[-1] = 0, [0.5] = 2, ["two words"] = 1}', shown { ["two words"] = 1, [0.5] = 2, [-1] = 0 })
    assert.equal('{"a\\nb", "\\x1b[31m"}', shown { "a\nb", "\27[31m" })
    assert.equal("{tensor [2, 3], tensor [4], tensor [] 5}", shown { fm.zeros(2, 3), fm.zeros(4), fm.tensor(5) })
  end)

  it("are shortened when they are long, deep or inside themselves", function()
    if not in_order then return pending "the prompt is fmrun's" end
    local list, inner = {}, {}
    for i = 1, 25 do list[i] = i end
    assert.equal("{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, ... (5 more)}", shown(list))
    inner.me = inner
    assert.equal("{me = {me = {me = {...}}}}", shown(inner))
    local wide = shown { first = ("x"):rep(60), second = ("y"):rep(60) }
    assert.equal(('{\n  first = "%s",\n  second = "%s"\n}'):format(("x"):rep(60), ("y"):rep(60)), wide)
  end)

  it("end a line after 100 characters, and count what is left out of the list and of the rest", function()
    if not in_order then return pending "the prompt is fmrun's" end
    assert.equal(('{"%s"}'):format(("x"):rep(96)), shown { ("x"):rep(96) })
    assert.equal(('{\n  "%s"\n}'):format(("x"):rep(97)), shown { ("x"):rep(97) })
    local named, both = {}, {}
    for i = 1, 25 do named[("k%02d"):format(i)], both[("k%02d"):format(i)], both[i] = i, i, i end
    local last <const> = "  k20 = 20,\n  ... (%d more)\n}"
    local function ends(value, wanted) assert.equal(wanted, shown(value):sub(-#wanted)) end
    ends(named, last:format(5))
    ends(both, last:format(10))
    named.k25, named.k24, named.k23, named.k22 = nil, nil, nil, nil
    ends(named, last:format(1))
    named.k21 = nil
    ends(named, "  k20 = 20\n}")
    assert.equal("{5, [0] = 4, [2.5] = 6}", shown { [0] = 4, 5, [2.5] = 6 })
    assert.equal("{a = {b = {c = {}}}}", shown { a = { b = { c = {} } } })
    assert.equal("{[{a = {b = {...}}}] = 1}", shown { [{ a = { b = { c = { 1 } } } }] = 1 })
    assert.equal("{a = {b = {c = {...}}}}", shown { a = { b = { c = { 1 } } } })
    assert.equal('{\n  a = {\n    b = "' .. ("x"):rep(97) .. '"\n  }\n}', shown { a = { b = ("x"):rep(97) } })
    assert.equal("{[true] = false}", shown { [true] = false })
  end)

  it("stay what they are when they print themselves, or are no tables", function()
    local named = setmetatable({}, { __tostring = function() return "me" end })
    for _, value in ipairs { named, 1, "text", print, fm.zeros(2), fm.rng(1), setmetatable({}, { __name = "kind" }) } do assert.equal(value, shown(value)) end
    assert.equal("{me}", shown { named })
    assert.is_nil(shown(nil))
    assert.equal("{x = 1}", shown(setmetatable({ x = 1 }, { __index = function() error "asked" end })))
  end)
end)

describe("Tab", function()
  setup(function()
    _G.fm, _G.layers = fm, fm.nn
    _G.things = { tensor = fm.zeros(2), rng = fm.rng(1), word = "w", list = { alpha = 1, alps = print, _hidden = 1 }, model = fm.nn.silu() }
    _G.failing = setmetatable({}, { __index = function() error "asked" end })
  end)
  teardown(function()
    _G.fm, _G.layers, _G.things, _G.failing = nil, nil, nil, nil
    collectgarbage() collectgarbage()
  end)

  it("completes globals and words of Lua", function()
    assert.equal("ngs", at_end "thi")
    assert.equal("ngs", at_end "print(thi")
    assert.equal("ngs", at_end "x..thi")
    assert.same({ nil, "then things" }, { at_end "th" })
    assert.same({}, { at_end "nothing_of_this" })
    assert.same({}, { at_end "things" }) -- whole already
  end)

  it("completes fields after a dot and methods after a colon", function()
    assert.equal("alp", at_end "things.list.")
    assert.same({ nil, "alpha alps" }, { at_end "things.list.alp" })
    assert.equal("alps", at_end "things.list:")
    assert.equal("hidden", at_end "things.list._")
    assert.same({ nil, "argmax argmin argsort" }, { at_end "things.tensor:arg" })
    assert.equal("msum", at_end "1 + things.tensor:cu")
    assert.equal("rmutation", at_end "things.rng:pe")
    assert.equal("per", at_end "things.word:up")
    assert.equal("rameters", at_end "things.model:pa")
  end)

  it("finds what lies in the rooms of fm, whatever they are called here, and nothing that is not for scripts", function()
    assert.equal("ctor_field", at_end "fm.nn.ve")
    assert.equal("ctor_field", at_end "layers.ve")
    assert.equal("ve", at_end "fm.ode.sol")
    assert.equal("ode", at_end "fm.json.dec")
    assert.equal("ics", at_end "fm.metr")
    local _, all = at_end "fm."
    local function listed(name) return (" " .. all .. " "):find(" " .. name .. " ", 1, true) ~= nil end
    for _, name in ipairs { "zeros", "nn", "ode", "argmax", "sort", "json" } do assert(listed(name), name) end
    for _, name in ipairs { "Tensor", "methods", "mallocs", "ode_engine", "LossOptions" } do assert(not listed(name), name) end
  end)

  it("looks through ten metatables and no further, each name once, the nearest first", function()
    local chain = { last = print }
    for i = 10, 1, -1 do chain = setmetatable({ ["field" .. i] = i, same = i == 1 and print or i }, { __index = chain }) end
    _G.chained = chain
    assert.same({ nil, "field1 field10 field2 field3 field4 field5 field6 field7 field8 field9" }, { at_end "chained.field" })
    assert.same({}, { at_end "chained.la" })
    assert.equal("me", at_end "chained:sa")
    _G.chained = setmetatable({}, { __index = { [1] = 1, ["two words"] = 2, one = 3 } })
    assert.equal("one", at_end "chained.")
    _G.chained = setmetatable({ call = setmetatable({}, { __call = print }), table = {}, text = "" }, nil)
    assert.equal("call", at_end "chained:")
    _G.chained = nil
    assert.equal("nction", at_end "fu")
    assert.same({ nil, "repeat require return" }, { at_end "re" })
  end)

  it("has nothing for what would have to be computed, and for an index that fails", function()
    for _, text in ipairs { "f(x).", "f(x):su", "t[1].na", "failing.a.", "nothing.", "things.nothing.", "1.", "x .. nothing." } do
      assert.same({}, { at_end(text) }, text)
    end
  end)

  it("looks at the text before the cursor, and indents at the beginning of a line", function()
    assert.equal("alp", (tab("things.list. = 3", 12)))
    assert.equal("  ", at_end "")
    assert.equal("  ", at_end "for i = 1, 2 do\n  ")
  end)

  it("completes names of the reference after ?", function()
    assert.equal("ve", at_end "?fm.ode.sol")
    assert.equal("fm", at_end "?")
    assert.same({ nil, "fm.Rng:normal fm.Rng:number" }, { at_end "? fm.Rng:n" })
    assert.same({}, { at_end "?zzz" })
  end)
end)
