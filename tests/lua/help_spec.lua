-- The manual's Markdown, its two writers, and the search over manual, commands and reference.
local html <const> = require "fm.cli.help.html"
local markdown <const> = require "fm.cli.help.markdown"
local pages <const> = require "fm.cli.help.pages"
local search <const> = require "fm.cli.help.search"
local reference <const> = require "fm.cli.reference"
local terminal <const> = require "fm.cli.help.terminal"

local function kinds(text)
  local list = {}
  for i, block in ipairs(markdown.read(text)) do list[i] = block.kind end
  return table.concat(list, " ")
end

local function lines(text, width, paint)
  return terminal.lines(markdown.read(text), { width = width or 40, paint = paint })
end

local function page(text)
  return tostring(html.blocks(markdown.read(text), { link = function(target) return "<" .. target end }))
end

describe("The reference", function()
  it("keeps paragraphs, lists and formulas apart", function()
    local entry = reference.parse [[
---What it is, in
---two lines.
---
---  - a: one
---  - b: two,
---    in two lines
---Prose again:
---  x = y
---
---The end.
function fm.thing(x) end
]][1]
    assert.equal("thing(x)|  What it is, in two lines.|    - a: one|    - b: two, in two lines|  Prose again:|    x = y|  The end.",
      (reference.text(entry, 60):gsub("^fm%.", ""):gsub("\n", "|")))
  end)

  it("spells out what a name takes, gives and holds, and leaves no empty line where there is no text", function()
    local entries = reference.parse [[
---@class fm.Thing: fm.Other
---@field size integer how large it is
---@operator add(fm.Thing): fm.Thing
---@operator mul(number): fm.Thing
local Thing = {}
---Turns it.
---@param angle number by how much, and a text that is longer than its line
---@param options? fm.ModelOptions or fm.NoOptions
---@return fm.Thing turned
---@return number angle
function Thing:turn(angle, options) end
---@param x number
function fm.bare(x) end
function fm.empty() end
---A room.
---
---  - one
---Two.
fm.room = {}
x = 3
]]
    local texts = {}
    for i, entry in ipairs(entries) do texts[i] = entry.kind .. " " .. reference.text(entry, 46) end
    assert.same({ "class fm.Thing\n  fields   size integer how large it is\n  also     add mul",
      "method thing:turn(angle, options)\n  Turns it.\n\n  takes    angle number by how much, and a\n             text that is longer than its line\n"
      .. "           options? fm.ModelOptions or\n             fm.NoOptions\n  returns  fm.Thing turned\n           number angle",
      "function fm.bare(x)\n  takes    x number", "function fm.empty()", "module fm.room\n  A room.\n    - one\n  Two." }, texts)
    local loss <const> = reference.text(reference.find "fm.flow.loss"[1], 200)
    assert.truthy(loss:find "\n  takes    [^\n]*\n[^@]*\n  options  rng fm%.Rng [^\n]*\n           x0 [^@]*\n  returns  ", loss)
    local nn <const> = reference.text(reference.find "fm.nn"[1], 200)
    assert.truthy(nn:find "\n\n  fm%.nn%.linear%(inputs, outputs, options%) +act", nn)
  end)

  it("is told missing where its file is", function()
    local by_name <const> = require "fm.parts.by_name"
    local file <const> = by_name.file
    for place, message in pairs { [false] = "fm/meta/fm.lua is missing", ["/nowhere/fm.lua"] = "/nowhere/fm.lua: No such file or directory" } do
      package.loaded["fm.cli.reference"] = nil
      by_name.file = function(name) if name == "fm.meta.fm" then return place or nil end return file(name) end
      local again <const> = require "fm.cli.reference"
      local found = table.pack(again.find "fm.ode.solve")
      by_name.file, package.loaded["fm.cli.reference"] = file, reference
      assert.same({ nil, message, n = 2 }, found)
    end
  end)
end)

describe("Markdown", function()
  it("is blocks", function()
    assert.equal("heading paragraph list code table quote comment paragraph",
      kinds "# A\nb\nb\n- c\n  c\n- d\n```sh\n# no heading\n```\n| a |\n|---|\n| b |\n> q\n> q\n<!-- x\ny -->\np")
    assert.equal("", kinds "")
    assert.equal("paragraph paragraph", kinds "a\r\n\r\nb")
    assert.equal("list list paragraph", kinds "- a\n1. b\n\n#c")
  end)

  it("knows its headings by the names that links have on GitHub", function()
    assert.equal("| a | b |", markdown.plain(markdown.read "x\n\n| a | b |"[2].inline)) -- a line of a table, and no more
    local heading = markdown.read "### Own `t`: a number, or [B]?"[1]
    assert.same({ 3, "own-t-a-number-or-b" }, { heading.level, heading.id })
    assert.equal("a_b-c", markdown.id "A_b-c!")
  end)

  it("keeps code as it is, and where it stands", function()
    local block = markdown.read "x\n\n```lua file=a.lua\nlocal x = 1\n\n  -- *y*\n```"[2]
    assert.same({ "lua", "file=a.lua", "local x = 1\n\n  -- *y*", 3 }, { block.language, block.info, block.text, block.line })
    local inner = markdown.read "- a\n\n  ```sh\n  ls\n    -l\n  ```\n- b"[1].items[1][2]
    assert.same({ "ls\n  -l", 3 }, { inner.text, inner.line })
    assert.equal("x\n y\nz\n\n  w", markdown.read "  ```\n  x\n   y\nz\n\n    w\n  ```"[1].text)
  end)

  it("has lists in lists, and paragraphs of an item over several lines", function()
    local list = markdown.read "1. a\n   a\n2. b\n   - c\n   - d\n\n   e"[1]
    assert.is_true(list.ordered)
    assert.equal("a a", markdown.plain(list.items[1][1].inline))
    assert.equal(2, #list.items[2][2].items)
    assert.equal("e", markdown.plain(list.items[2][3].inline))
  end)

  it("has code, emphasis, links and pictures in a line; other marks stand for themselves", function()
    local function of(text)
      local list = {}
      for i, piece in ipairs(markdown.inline(text)) do list[i] = piece.kind .. ":" .. (piece.text or markdown.plain(piece.inline)) end
      return table.concat(list, "|")
    end
    assert.equal("text:a |code:b*c*|text: |strong:d e|text: |emphasis:f", of "a `b*c*` **d e** *f*")
    assert.equal("code:a`b", of "`` a`b ``")
    assert.equal("text:2 * 3 * 4, a_b_c, [B, D] (x), `open", of "2 * 3 * 4, a_b_c, [B, D] (x), `open")
    assert.equal("link:the code|text: and |image:alt", of "[the `code`](a.md#b) and ![alt](p.png)")
    assert.equal("link:https://a.b/c|text:, < d", of "<https://a.b/c>, < d")
    assert.equal("text:*not* [a](b)", of "\\*not\\* \\[a](b)")
    assert.equal("", of "")
    for _, text in ipairs { "a*", "`", "a\\", "a [", "!", "<", "** a**", "* a*", "**a **", "*a *", "``a`", "[a](b c)", "[a] (b)", "\\a" } do
      assert.equal("text:" .. text, of(text))
    end
    assert.equal("emphasis:a|text:b|emphasis:c d|text:*", of "*a*b*c d**")
    assert.equal("code:a ` b|text: |code: x |text: |code:``", of "`` a ` b `` ` x ` ``` `` ```")
  end)

  it("has tables whose code may hold a bar", function()
    local block = markdown.read "| a | b |\n|:--|--:|\n| `x|y` | 2 |\n| \\| | |"[1]
    assert.same({ "left", "right" }, block.align)
    assert.equal("x|y", markdown.plain(block.rows[1][1]))
    assert.equal("|", markdown.plain(block.rows[2][1]))
  end)

  it("names the line of what does not end", function()
    assert.error_matches(function() markdown.read "a\n\n```lua\nx" end, "^line 3: this ``` has no end$")
    assert.error_matches(function() markdown.read "<!-- x\ny" end, "^line 1: this comment has no end$")
    assert.error_matches(function() pages.parse("p", "```") end, "^p.md: line 1: ")
  end)
end)

describe("a page on a terminal", function()
  it("is wrapped, code is not", function()
    assert.same({ "Title", "=====", "one two", "three", "", "    local long = 12345" }, lines("# Title\none two three\n```lua\nlocal long = 12345\n```", 10))
    assert.same({ "    -- a.lua --", "    x" }, lines "```lua file=a.lua\nx\n```")
    assert.same({ "- a b", "  c", "- d" }, lines("- a b c\n- d", 6))
    assert.same({ "| a", "| b" }, lines("> a b", 4))
    assert.same({}, lines("", 10))
  end)

  it("has what Markdown has, each after an empty line but the first after its heading", function()
    assert.same({ "| a", "|", "| b", "", "1. x", "2. y", "", "   z", "", "- p", "- q", "", "[picture: pic] l <https://x.y/z>", "https://x.y m" },
      lines "> a\n>\n> b\n\n1. x\n2. y\n\n   z\n<!-- c -->\n- p\n\n- q\n\n![pic](a.png) [l](https://x.y/z) [https://x.y](https://x.y) [m](b.md)")
    assert.same({ "Long", "====", "U", "-", "V", "a", "", "a  b", "1", "2  3" }, lines("# Long\n## U\n### V\na\n\n| a | b |\n|---|---|\n| 1 | |\n| 2 | 3 |", 4))
    assert.same({ "a b c d e", "====" }, { lines("# a b c d e", 9)[1], lines("# a b c d e", 4)[4] })
    assert.same({ "1", "  b: x y", "    z", "", "2", "  b: 3", "  c: 4" }, lines("| | b | c |\n|---|---|---|\n| 1 | x y z | |\n| 2 | 3 | 4 |", 8))
    assert.same({ "- a", "", "  - b c", "- d" }, lines "- a\n  - b\n    c\n- d")
    assert.same({ "|     x" }, lines "> ```\n> x\n> ```")
  end)

  it("has its colors around words, not in what is counted", function()
    local function paint(color, text) return color and ("<%s>%s</>"):format(color, text) or text end
    assert.same({ "<bold>strong</> <blue>code</>," }, lines("**strong** `code`,", 12, paint))
  end)

  it("writes a table that is too wide as paragraphs", function()
    assert.same({ "a   bb", "x  yyy" }, lines("| a | bb |\n|--|--:|\n| x | yyy |", 8))
    assert.same({ "x", "  bb: yyy" }, lines("| a | bb |\n|--|--|\n| x | yyy |", 5))
  end)

  it("obeys nothing that a page holds", function()
    assert.same({ "a\\x1b[31mb" }, lines "a\27[31mb")
    assert.same({ "    \\x1b[2J" }, lines "```sh\n\27[2J\n```")
  end)
end)

describe("a page as HTML", function()
  it("has elements for all of it, and everything escaped", function()
    assert.equal('<h2 id="a-b"><a class="anchor" href="#a-b">a &lt;b&gt;</a></h2><p><strong>x</strong> <em>y</em> <code>&lt;z&gt;</code></p>',
      page "## a <b>\n**x** *y* `<z>`")
    assert.equal('<ul><li>a</li><li><p>b</p><ol><li>c</li></ol></li></ul>', page "- a\n- b\n  1. c")
    assert.equal('<p><a href="&lt;a.md">l</a></p>', page "[l](a.md)")
    assert.equal('<pre><code class="lua">x = 1 <span class="comment">-- y &lt;\n</span></code></pre>', page "```lua\nx = 1 -- y <\n```")
    assert.equal('<div class="wide"><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table></div>', page "| a |\n|---|\n| 1 |")
    assert.equal('<p class="file">a.lua</p><pre><code class="lua">x\n</code></pre>', page "```lua file=a.lua\nx\n```")
    assert.equal("", page "<!-- x -->")
    assert.equal('<blockquote><p>q <em>e</em></p></blockquote><ul><li><p>a</p><p>b</p></li></ul><ol><li>c</li></ol><h6 id="seven"><a class="anchor" '
      .. 'href="#seven">seven</a></h6><p><img alt="p" loading="lazy" src="&lt;a.png"></p><div class="wide"><table><tbody><tr><td>1</td><td class="number">2'
      .. "</td></tr></tbody></table></div><pre><code>plain  -- x\n</code></pre>",
      page "> q *e*\n\n- a\n\n  b\n\n1. c\n\n####### seven\n\n![p](a.png)\n\n| | |\n|---|--:|\n| 1 | 2 |\n\n```\nplain  -- x\n```")
  end)

  it("marks comments of Lua, of a shell and of Python, and links names in code but those inside of a link", function()
    for language, marked in pairs { lua = "<c>-- a\n</c>x = 1 --y\nz <c>-- w\n</c>", sh = "<c># a\n</c>ls # x\nls  <c># x\n</c>", python = "x  <c># y\n</c>",
      text = "# a\n", other = "-- a\n" } do
      local text = marked:gsub("</?c>", ""):gsub("\n$", "")
      assert.equal(('<pre><code class="%s">%s</code></pre>'):format(language, (marked:gsub("<c>", '<span class="comment">'):gsub("</c>", "</span>"))),
        tostring(html.code(text, language)))
    end
    local made = html.blocks(markdown.read "`k` `l` [`k`](x) <https://a.b>", { link = function(target) return "!" .. target end,
      name = function(code) return code == "k" and "K" or nil end })
    assert.equal('<p><a href="K"><code>k</code></a> <code>l</code> <a href="!x"><code>k</code></a> <a href="!https://a.b">https://a.b</a></p>', tostring(made))
  end)
end)

describe("a page", function()
  it("says its place, its title and what it is about", function()
    local one = pages.parse("x", "<!-- order: 7 -->\n# The `t`\n\nAbout\n*it*.\n\nMore.\n")
    assert.same({ 7, "The t", "About it." }, { one.order, one.title, one.summary })
    assert.equal(math.huge, pages.parse("x", "# A\nb").order)
    assert.same({ "x", "" }, { pages.parse("x", "").title, pages.parse("x", "").summary })
    local short = pages.parse("x", "# A\n\nAbout.\n\n## B\n") -- without its place, the next heading is near
    assert.same({ "A", "About." }, { short.title, short.summary })
    assert.equal("About.", pages.parse("x", "# A\n\nAbout.\n\nMore.\n").summary)
  end)

  it("has sections by their headings, with those below them", function()
    local one = pages.parse("x", "# A\na\n## B\nb\n### C\nc\n## D\nd")
    local titles = {}
    for i, section in ipairs(pages.sections(one)) do titles[i] = section.title end
    assert.same({ "A", "B", "C", "D" }, titles)
    assert.equal(4, #pages.section(one, "b"))
    assert.is_nil(pages.section(one, "e"))
  end)

  it("is found by its name, in any case", function()
    local first = pages.list()[1]
    assert.equal(first.title, pages.find(first.name:upper()).title)
    for _, name in ipairs { "from_pytorch", "from-pytorch", "From PyTorch", "from_pytorch.md" } do
      assert.equal("From PyTorch", pages.find(name).title, name)
    end
    assert.is_nil(pages.find "../meta/fm")
    local folder <const> = pages.folder
    function pages.folder() return "/nowhere/" end
    local list <const>, found <const> = pages.list(), pages.find "tutorial"
    pages.folder = folder
    assert.same({ {}, nil }, { list, found }) -- where the manual is not installed
    assert.is_nil(pages.find "nothing")
    assert.is_nil(pages.find "")
  end)
end)

describe("the search", function()
  local function names(...)
    local list = {}
    for i, entry in ipairs(search.find { ... }) do list[i] = entry.name end
    return list
  end

  it("finds names, options, titles and texts, the name first", function()
    assert.equal("fm.ode.solve", names "solve"[1])
    assert.equal("--seed", names "--seed"[1])
    assert.equal("fm.data.moons", names "make_moons"[1])
    local has = {}
    for _, name in ipairs(names "mnist") do has[name] = true end
    assert.truthy(has["fm.data.idx"])
  end)

  it("wants every word, in any case, from the beginning of words, or without their ending", function()
    assert.same(names "huber", names "HUBER")
    assert.truthy(#names("huber", "1964") >= 1)
    assert.same({}, names("huber", "nothingofthiskind"))
    assert.same({}, names "uber")
    assert.same({}, names())
    assert.same({}, names "")
    assert.truthy(#names "gradiental" > 0)
    assert.same({}, names "%w+")
  end)

  it("shows the line with the word", function()
    for _, entry in ipairs(search.find { "hutchinson" }) do assert.truthy((entry.line .. entry.title):lower():find "hutchinson", entry.name) end
  end)
end)
