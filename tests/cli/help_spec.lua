-- fmrun help: by name, by search, as JSON, as a site that a browser follows link by link, as a man
-- page.
local chromium <const> = require "cli.chromium"
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local pages <const> = require "fm.cli.help.pages"
local shell <const> = require "cli.shell"

local call <const> = shell.call

local has <const> = shell.has

local function refused(arguments, wanted_code, message)
  local code, out, err = call(arguments)
  assert.same({ wanted_code, "", "fmrun: " .. message .. "\n" }, { code, out, err })
end

describe("fmrun help", function()
  before_each(shell.open)
  after_each(shell.close)

  it("lists commands and pages", function()
    local code, out = call "help"
    assert.equal(0, code)
    has(out, "\n  path        print the folder of a run", "\nthe manual:\n")
    for _, page in ipairs(pages.list()) do has(out, "\n  " .. page.name .. " ") end
    local names = {}
    for line in select(2, call "help --json"):gmatch "[^\n]+" do names[fm.json.decode(line).name] = true end
    assert.truthy(names.ls and names[pages.list()[1].name])
  end)

  it("prints a page, a section of one, a command, a name of fm in any spelling", function()
    for _, page in ipairs(pages.list()) do
      local code, out = call("help " .. page.name)
      assert.equal(0, code)
      assert.equal(page.title, out:match "^[^\n]+")
      assert.is_nil(out:find "\27")
      local sections = pages.sections(page)
      has(select(2, call(("help '%s#%s'"):format(page.name:upper(), sections[#sections].id))), sections[#sections].title)
    end
    for _, name in ipairs { "fm.Tensor.cat", "fm.Tensor:cat", "Tensor:cat", "tensor.cat", "cat", "fm.cat", "FM.CAT" } do
      assert.equal("tensor:cat(...)", select(2, call("help " .. name)):match "^[^\n]+", name)
    end
    for word, signature in pairs { ["opt:step"] = "optimizer:step(", ["x:argmax"] = "tensor:argmax(", ["noise:permutation"] = "rng:permutation(" } do
      has(select(2, call("help " .. word)):match "^[^\n]+", signature)
    end
    assert.equal(3, (call "help rng:argmax"))
    has(select(2, call "help vp"), "vp{beta_min")
    has(select(2, call "help ls path"), "usage: fmrun ls", "\n\nusage: fmrun path")
    local page = fm.json.decode((select(2, call("help --json " .. pages.list()[1].name))))
    assert.same({ "page", pages.list()[1].title }, { page.kind, page.title })
    assert.equal("fm.ode.solve", fm.json.decode((select(2, call "help --json fm.ode.solve"))).name)
  end)

  it("names no option that fmrun's own processes pass on", function()
    local commands <const>, internal = require "fm.cli.commands", 0
    for _, name in ipairs(commands.names()) do
      local shown = select(2, call("help " .. name)) .. select(2, call("help --json " .. name)) .. select(2, call(name .. " --help"))
      local offered = select(2, call(("completion --line 'fmrun %s --'"):format(name)))
      for _, option in ipairs(commands.find(name).options) do
        local hidden = option.internal
        local flag = type(option) == "table" and option[#option]
        if flag then assert.equal(not hidden, shown:find(flag, 1, true) ~= nil, name .. " " .. flag) end
        if flag and #flag > 2 then assert.equal(not hidden, offered:find(flag, 1, true) ~= nil, name .. " " .. flag) end
        if hidden then
          internal = internal + 1
          has(select(3, call(name .. " " .. flag)), flag .. " needs a value") -- it is read
          assert.is_nil(select(3, call(name .. " " .. flag:sub(1, -2))):find(('"%s"?'):format(flag), 1, true))
          assert.equal(3, (call(("help --search '%s %s'"):format(name, flag))))
        end
      end
    end
    assert.is_true(internal >= 5, internal)
  end)

  it("colors on demand", function()
    local plain, colored = select(2, call "help tutorial"), select(2, call "help --color always tutorial")
    has(colored, "\27[1m")
    assert.equal(plain, (colored:gsub("\27%[%d*m", "")))
  end)

  it("searches for what is no name, best first", function()
    for word, names in pairs {
      debian = { "fm.data.fashion_mnist", "tutorial#9-pictures-with-labels" }, conditional = { "own_network#conditions", "tutorial#11-" },
    } do
      local code, out = call("help " .. word)
      assert.equal(0, code)
      has(out, table.unpack(names))
      has(out, "\nfmrun help NAME prints one of them.\n")
    end
    has(select(2, call "help learning rate"), "fm.Optimizer:rate")
    has(select(2, call "help --search ls"), "ls --where")
    local first = fm.json.decode(select(2, call "help --json -s hutchinson"):match "^[^\n]+")
    assert.truthy(first.name and first.kind and first.score > 0 and first.line)
    assert.equal("", select(3, call "help debian"))
  end)

  it("names the nearest of a word that is nowhere", function()
    refused("help tutroial", 3, 'no page is called "tutroial"; did you mean "tutorial"?')
    -- nearer than the command check
    refused("help checkpont", 3, 'nothing in the manual, the commands or the reference has "checkpont"; did you mean "checkpoint"?')
    refused("help chek", 3, 'no command is called "chek"; did you mean "check"?')
    refused("help linaer", 3, 'the reference has no "linaer"; did you mean "linear"?')
    refused("help fm.plot.scater", 3, 'the reference has no "fm.plot.scater"; did you mean "fm.plot.scatter"?')
    refused("help xyzzyxyzzy", 3, 'the reference has no "xyzzyxyzzy"')
    refused("help nothing xyzzyxyzzy", 3, 'nothing in the manual, the commands or the reference has "nothing xyzzyxyzzy"')
    for arguments, message in pairs { ["help -s"] = "help: --search needs a word", ["help --site"] = "help: --site needs a value: DIR",
      ["help --man x"] = 'help: --man takes no words, found "x"', ["help --site d x"] = 'help: --site takes no words, found "x"' } do
      refused(arguments, 2, message .. "\ntry: fmrun help --help")
    end
    assert.is_nil(lfs.attributes(shell.folder .. "/d"))
  end)

  it("writes a man page that roff reads without a word", function()
    local code, out = call "help --man"
    assert.equal(0, code)
    has(out, ".SH OPTIONS", "\\fB\\-\\-seed\\fR \\fIN\\fR", "\\fBls\\fR", "75 interrupted")
    shell.write("fmrun.1", out)
    if not os.execute "command -v groff >/dev/null" then return pending "groff is not installed" end
    assert.same({ 0, "", "" }, { shell.run "groff -man -Tutf8 -ww -z fmrun.1" })
  end)

  it("writes its site again over an old one, and not over another page", function()
    assert.equal(0, (call "help --site manual"))
    assert.same({ 0, "manual/index.html   " }, { call "help --site manual", shell.read(shell.folder .. "/out"):match "^manual/index.html   " })
    lfs.mkdir(shell.folder .. "/mine")
    shell.write("mine/index.html", "<p>mine")
    refused("help --site mine", 1, "mine/index.html is there, and fmrun did not write it: name another folder")
    assert.same({ "index.html" }, shell.names(shell.folder .. "/mine"))
    refused("help --site no/where", 1, "no/where: No such file or directory")
    assert(lfs.mkdir(shell.folder .. "/torn") and lfs.mkdir(shell.folder .. "/torn/index.html"))
    local code, out, err = call "help --site torn"
    assert.same({ 1, "" }, { code, out })
    assert.truthy(err:find "^fmrun: torn/index.html: [^\n]+\n$", err)
  end)
end)

describe("the site", function()
  local browser, why = chromium.start()
  if not browser then return pending("a browser follows its links: " .. why) end

  setup(function()
    shell.open()
    assert.equal(0, (call "help --site site"))
  end)

  teardown(function()
    browser:close()
    shell.close()
  end)

  local function open(file)
    browser:open(shell.folder .. "/site/" .. file)
  end

  --- The links of the page that is open: { file or "", fragment } each.
  local function links()
    return browser:evaluate [[[...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href"))]]
  end

  local function size(width)
    browser:call("Emulation.setDeviceMetricsOverride", { width = width, height = 844, deviceScaleFactor = 1, mobile = false })
  end

  it("has no link that leads nowhere, no error, nothing fetched, and no page wider than a phone", function()
    size(390)
    local waiting, seen, wanted = { "index.html" }, { ["index.html"] = true }, {}
    local ids = {}
    while #waiting > 0 do
      local file = table.remove(waiting)
      open(file)
      assert.same({}, browser:complaints(), file)
      assert(browser:evaluate "document.documentElement.scrollWidth" <= 390, file .. " is wider than a phone")
      browser:evaluate "for (const image of document.images) image.loading = 'eager'"
      assert.is_true(browser:evaluate "[...document.images].every((image) => image.alt !== '')", file)
      assert.equal("done", browser:evaluate "Promise.all([...document.images].map((image) => image.decode())).then(() => 'done')", file)
      ids[file] = {}
      for _, id in ipairs(browser:evaluate "[...document.querySelectorAll('[id]')].map((e) => e.id)") do
        assert(not ids[file][id], ("%s has two elements %s"):format(file, id))
        ids[file][id] = true
      end
      for _, href in ipairs(links()) do
        if not href:find "^https?:" then
          local target, fragment = href:match "^([^#]*)#?(.*)$"
          if target == "" then target = file end
          wanted[#wanted + 1] = { file, target, fragment }
          if not seen[target] then
            assert(lfs.attributes(shell.folder .. "/site/" .. target), ("%s: %s is not there"):format(file, href))
            seen[target], waiting[#waiting + 1] = true, target
          end
        end
      end
    end
    for _, one in ipairs(wanted) do
      assert(one[3] == "" or ids[one[2]][one[3]], ("%s: %s#%s is not there"):format(table.unpack(one)))
    end
    for name in lfs.dir(shell.folder .. "/site") do assert(seen[name] or not name:find "%.html$", name .. " is linked from nowhere") end
  end)

  it("searches as the command line does", function()
    open "index.html"
    for _, words in ipairs { "conditional", "mnist", "learning rate", "sample", "lr", "fm.ode.solve" } do
      local names = {}
      for line in select(2, call("help --json --search " .. words)):gmatch "[^\n]+" do names[#names + 1] = fm.json.decode(line).name end
      assert.same(names, browser:evaluate(("find(%q).map((entry) => entry.name)"):format(words)), words)
    end
    for _, entry in ipairs(browser:evaluate "entries.map((entry) => entry.where)") do
      assert(lfs.attributes(shell.folder .. "/site/" .. entry:match "^[^#]*"), entry)
    end
  end)

  it("shows hits while one types, goes to the first by Enter", function()
    size(1200)
    open "index.html"
    browser:at("#search", "click")
    browser:call("Input.insertText", { text = "hutchinson" })
    assert.truthy(browser:evaluate "results.querySelectorAll('a').length" > 0)
    local first = browser:evaluate "results.querySelector('a').href"
    browser:leave("Input.dispatchKeyEvent", { type = "keyDown", key = "Enter", text = "\r" })
    assert.equal(first, browser:evaluate "location.href")
    open "index.html"
    browser:evaluate "field.value = 'xyzzyxyzzy'; field.dispatchEvent(new Event('input'))"
    assert.equal("Nothing has these words.", browser:evaluate "results.textContent")
  end)

  it("is light or dark as its reader, and folds its contents on a phone", function()
    local seen = {}
    for _, mode in ipairs { "light", "dark" } do
      browser:call("Emulation.setEmulatedMedia", { features = { { name = "prefers-color-scheme", value = mode } } })
      open "index.html"
      seen[mode] = browser:evaluate "getComputedStyle(document.body).backgroundColor"
    end
    assert.not_equal(seen.light, seen.dark)
    local shown = "getComputedStyle(document.getElementById('contents')).display"
    assert.equal("block", browser:evaluate(shown))
    size(390)
    assert.equal("none", browser:evaluate(shown))
    browser:at("#menu", "click")
    assert.equal("block", browser:evaluate(shown))
  end)

  it("is all there without scripts", function()
    size(390)
    browser:call("Emulation.setScriptExecutionDisabled", { value = true })
    open "index.html"
    local root = browser:call("DOM.getDocument", { depth = 0 }).root.nodeId
    local node = browser:call("DOM.querySelector", { nodeId = root, selector = "#contents" }).nodeId
    assert.truthy(browser:call("DOM.getBoxModel", { nodeId = node }).model.height > 100)
    browser:call("Emulation.setScriptExecutionDisabled", { value = false })
  end)
end)
