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
    local heading = markdown.read "### Own `t`: a number, or [B]?"[1]
    assert.same({ 3, "own-t-a-number-or-b" }, { heading.level, heading.id })
    assert.equal("a_b-c", markdown.id "A_b-c!")
  end)

  it("keeps code as it is, and where it stands", function()
    local block = markdown.read "x\n\n```lua file=a.lua\nlocal x = 1\n\n  -- *y*\n```"[2]
    assert.same({ "lua", "file=a.lua", "local x = 1\n\n  -- *y*", 3 }, { block.language, block.info, block.text, block.line })
    local inner = markdown.read "- a\n\n  ```sh\n  ls\n    -l\n  ```\n- b"[1].items[1][2]
    assert.same({ "ls\n  -l", 3 }, { inner.text, inner.line })
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
  end)
end)

describe("a page", function()
  it("says its place, its title and what it is about", function()
    local one = pages.parse("x", "<!-- order: 7 -->\n# The `t`\n\nAbout\n*it*.\n\nMore.\n")
    assert.same({ 7, "The t", "About it." }, { one.order, one.title, one.summary })
    assert.equal(math.huge, pages.parse("x", "# A\nb").order)
    assert.same({ "x", "" }, { pages.parse("x", "").title, pages.parse("x", "").summary })
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
    assert.is_nil(pages.find "../meta/fm")
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
