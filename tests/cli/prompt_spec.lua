-- The prompt at a terminal: Tab, history, Ctrl-C, several lines; and what it does without one.
-- terminal.c is the terminal.
local shell <const> = dofile "tests/cli/shell.lua"
local lfs <const> = require "lfs"

local terminal <const> = shell.fmrun:match "^(.*)/" .. "/tests/terminal"

--- Types as the script says at `fmrun ARGUMENTS` on a terminal; returns the exit code, what was
--- printed, and what the helper said. Without LOCPATH: glibc leaks a copy of it, and a sanitizer
--- tells.
local function at_terminal(script, arguments, environment)
  shell.write("script", script)
  return shell.run(("env -u FM_HISTORY -u XDG_STATE_HOME -u LOCPATH HOME=%s TERM=xterm %s %s script %s %s"):format(
    shell.folder, environment or "", terminal, shell.fmrun, arguments or "-q"))
end

--- The same, expected to go through.
local function goes_through(script, arguments, environment)
  local code, out, err = at_terminal(script, arguments, environment)
  assert(code == 0, ("exit %d\n%s\n%s"):format(code, err, out))
  return out
end

local function history()
  return shell.read(shell.folder .. "/.local/state/fmrun/history")
end

describe("the prompt at a terminal", function()
  before_each(shell.open)
  after_each(shell.close)

  it("knows fm, prints tensors, tables and models, goes on after an error, and ends with Ctrl-D", function()
    local out = goes_through [[
expect >\_
type x = fm.tensor { { 1, 2 }, { 3, 4 } }\r
expect >\_
type x\r
expect {{1, 2},
expect {3, 4}}
expect >\_
type x:shape(), 7\r
expect {2, 2}\t7
expect >\_
type { n = 1, list = { "a", x } }\r
expect {list = {"a", tensor [2, 2]}, n = 1}
expect >\_
type fm.nn.linear(2, 3)\r
expect linear, 9 parameters, weight [3, 2], bias [3]
expect >\_
type fm.zros(2)\r
expect did you mean "zeros"
expect >\_
type =\r
expect unexpected symbol
expect >\_
type ?fm.Tensor:sum\r
expect tensor:sum(options)
expect >\_
type ?learning rate schedule\r
expect fm.optim.schedule
expect >\_
type ? zzz yyy\r
expect nothing in the manual, the commands or the reference has "zzz yyy"
expect >\_
type "é" .. 1\r
expect é1
expect >\_
type \x04
]]
    assert.falsy(out:find "Tab completes") -- -q
  end)

  it("goes on with >> until it is a chunk, an expression too, as one entry of the history", function()
    goes_through [[
expect >\_
type for i = 1, 3 do\r
expect >>\_
type print(i * 111) end\r
expect 333
expect >\_
type 1 +\r
expect >>\_
type 6\r
expect 7
expect >\_
type \e[A\e[A
expect print
type \r
expect 333
expect >\_
type \x04
]]
    assert.equal("for i = 1, 3 do\\nprint(i * 111) end\n1 +\\n6\nfor i = 1, 3 do\\nprint(i * 111) end\n", history())
  end)

  it("keeps its history for the next time, without what is repeated or blank", function()
    goes_through [[
expect >\_
type a = 1\r
expect >\_
type a = 1\r
expect >\_
type \_\_\r
expect >\_
type b = '\\\\n'\r
expect >\_
type \x04
]]
    assert.equal("a = 1\nb = '\\\\\\\\n'\n", history())
    goes_through [[
expect >\_
type \e[A\e[A\r
expect >\_
type a\r
expect \r\n1\r\n
expect >\_
type \x12b =
expect b =\_
type \r
expect >\_
type b\r
expect \\n
expect >\_
type \x04
]]
  end)

  it("puts the history where XDG_STATE_HOME or FM_HISTORY say, or nowhere", function()
    local script = "expect >\\_\ntype x = 1\\r\nexpect >\\_\ntype \\x04\n"
    goes_through(script, nil, "XDG_STATE_HOME=" .. shell.folder .. "/state")
    assert.equal("x = 1\n", shell.read(shell.folder .. "/state/fmrun/history"))
    goes_through(script, nil, "FM_HISTORY=" .. shell.folder .. "/deep/er/h")
    assert.equal("x = 1\n", shell.read(shell.folder .. "/deep/er/h"))
    goes_through(script, nil, "FM_HISTORY=")
    assert.is_nil(lfs.attributes(shell.folder .. "/.local"))
    local out = goes_through(script, nil, "FM_HISTORY=/proc/none/h")
    assert.truthy(out:find("fmrun: history: ", 1, true))
  end)

  it("reads a history in which a power cut left zero bytes", function()
    shell.write("h", "x = 1\n\0\0\0\0y = 22\n\0\0")
    local out = goes_through("expect >\\_\ntype \\e[A\nexpect y = 22\ntype \\r\nexpect >\\_\ntype y + 1\\r\nexpect 23\nexpect >\\_\ntype \\x04\n", nil,
      "FM_HISTORY=" .. shell.folder .. "/h")
    assert.falsy(out:find "%z")
  end)

  it("shortens a history that has grown", function()
    local lines = {}
    for i = 1, 4001 do lines[i] = "x = " .. i end
    shell.write("h", table.concat(lines, "\n") .. "\n")
    goes_through("expect >\\_\ntype \\e[A\nexpect x = 4001\ntype \\r\nexpect >\\_\ntype \\x04\n", nil, "FM_HISTORY=" .. shell.folder .. "/h")
    local kept = shell.lines(shell.read(shell.folder .. "/h"))
    assert.same({ 2000, "x = 2002", "x = 4001" }, { #kept, kept[1], kept[#kept] })
  end)

  it("completes names, fields, methods and what lies in the rooms of fm", function()
    shell.write("near.lua", "return { answer = 42 }")
    goes_through [[
expect >\_
type fm.nn.\t
expect layer_norm
expect vector_field
type vec\t
expect tor_field
type  { dim = 2 }\r
expect 153538
expect >\_
type x, model = fm.zeros(3), fm.nn.linear(1, 1)\r
expect >\_
type x:arg\t
expect argmax  argmin  argsort
type s\t
expect ort
type ()\r
expect {1, 2, 3}
expect >\_
type model:pa\t
expect rameters
type ()[1]:item() * 0\r
expect 0
expect >\_
type mo\t
expect del
type .wei\t
expect ght
type :count()\r
expect \r\n1\r\n
expect >\_
type ?fm.ode.sol\t
expect ve
type \r
expect Solves
expect >\_
type q = fm.nn.l\t
expect layer_norm  leaky_relu  linear  log_sigmoid
type \x03
expect >\_
type for i = 1, 1 do\r
expect >>\_
type \tprint(i + 10) end\r
expect 11
expect >\_
type \x04
]]
    assert.truthy(history():find("do\\n  print", 1, true))
  end)

  it("gives a line up at Ctrl-C, also the lines before it", function()
    goes_through [[
expect >\_
type x = 5 +\x03
expect ^C
expect >\_
type for i = 1, 2 do\r
expect >>\_
type print(i\x03
expect ^C
expect >\_
type type(x)\r
expect nil
expect >\_
type \x04
]]
    assert.equal("type(x)\n", history())
  end)

  it("stops what runs at Ctrl-C: a loop, a solve, a coroutine, again and again", function()
    goes_through [[
expect >\_
type print "go" while true do end\r
expect go\r
type \x03
expect interrupted!
expect >\_
type print "go" x = fm.ode.solve(function(x) return x end, fm.ones(2, 2), { steps = 100000000, method = "rk4" })\r
expect go\r
type \x03
expect interrupted!
expect >\_
type print "go" coroutine.wrap(function() while true do end end)()\r
expect go\r
type \x03
expect interrupted!
expect >\_
type for i = 1, 5 do pcall(function() print("n", i) while true do end end) end\r
expect 1\r
type \x03
expect 2\r
type \x03
expect 3\r
type \x03
expect 4\r
type \x03
expect 5\r
type \x03
expect >\_
type 1 + 1\r
expect 2
expect >\_
type \x04
]]
  end)

  it("gives the terminal to what the line runs, and back at its end", function()
    goes_through [[
expect >\_
type line = io.read()\r
expect \n
type hello\r
expect >\_
type line .. "!"\r
expect hello!
expect >\_
type os.execute "stty -a"\r
expect  icanon
expect >\_
type \x04
]]
    local code = at_terminal "expect >\\_\ntype os.exit(3)\\r\n"
    assert.equal(3, code)
  end)

  it("greets, and reads plainly on a terminal that cannot edit", function()
    local out = goes_through("expect Tab completes\nexpect >\\_\ntype 2 + 3\\r\nexpect 5\nexpect >\\_\ntype \\x04\n", "", "TERM=dumb")
    assert.truthy(out:find "^fmrun %d")
    assert.is_nil(lfs.attributes(shell.folder .. "/.local"))
    goes_through("expect >\\_\ntype 2 + 3\\r\nexpect 5\nexpect >\\_\ntype \\x04\n", "-q", "TERM=")
  end)

  it("goes on after a script with its globals, and takes a prompt of the user's", function()
    shell.write("sets.lua", "answer, _PROMPT, fm = 42, 'me: ', 'mine'")
    goes_through("expect me:\\_\ntype answer, fm\\r\nexpect 42\\tmine\nexpect me:\\_\ntype \\x04\n", "-q -i sets.lua")
  end)
end)

describe("the prompt without a terminal", function()
  before_each(shell.open)
  after_each(shell.close)

  it("reads plainly and writes no history", function()
    local code, out, err = shell.run(("printf 'fm.zeros(2):shape()\\n1 +\\n2\\n' | env HOME=%s TERM=xterm %s -q -i"):format(shell.folder, shell.fmrun))
    assert.same({ 0, "> {2}\n> >> 3\n> \n", "" }, { code, out, err })
    assert.is_nil(lfs.attributes(shell.folder .. "/.local"))
  end)

  it("begins with the version, once, unless it is quiet; and ends with a line", function()
    local version <const> = select(2, shell.run(shell.fmrun .. " --version"))
    for words, out in pairs { ["-i"] = version .. "> 3\n> \n", ["-v -i"] = version .. "> 3\n> \n", ["-q -i"] = "> 3\n> \n",
      ["-q -v -i"] = version .. "> 3\n> \n", ["-i -e 'print(5)'"] = "5\n" .. version .. "> 3\n> \n" } do
      assert.same({ 0, out, "" }, { shell.run(("echo '1 + 2' | %s %s"):format(shell.fmrun, words)) }, words)
    end
  end)

  it("answers after ? at a terminal or not", function()
    shell.write("asks", "?\n? learning rate\n?fm.rng\n?zzzz yyyy\n ? fm.nn.linaer\n")
    local _, out, err = shell.run(shell.fmrun .. " -q -i <asks")
    shell.has(out, "> ?fm.ode.solve explains a name of fm; ?fm.ode lists what it holds; ?learning rate searches for words\n"
      .. "to use a value in later lines, set it without `local`: each line is a chunk of its own\n> ", "\n... and ", "> fm.rng(seed")
    assert.equal('nothing in the manual, the commands or the reference has "zzzz yyyy"\n'
      .. 'the reference has no "fm.nn.linaer"; did you mean "fm.nn.linear"?\n', err)
  end)

  it("asks for its prompt where an undeclared global is an error, as strict.lua makes it", function()
    shell.write("input", 'local _ = setmetatable(_G, { __index = function(_, name) error("no " .. name) end })\n1 +\n2\nx\n')
    local code, out, err = shell.run(("timeout 10 %s -q -i <input 2>&1 | head -20"):format(shell.fmrun))
    assert.same({ 0, "" }, { code, err })
    assert.truthy(out:find("> >> 3\n", 1, true) and out:find("no x", 1, true) and not out:find "_PROMPT", out)
  end)

  it("tells what is missing when the input ends inside a chunk", function()
    local _, _, err = shell.run(("printf 'for i = 1, 2 do\\n' | %s -q -i"):format(shell.fmrun))
    assert.truthy(err:find("'end' expected (to close 'for' at line 1) near <eof>", 1, true))
  end)
end)
