-- bootstrap before it installs or builds anything: what it says of itself, and what it refuses.
local shell <const> = require "cli.shell"

local path <const> = shell.here:gsub("tests/cli$", "bootstrap")

describe("bootstrap", function()
  before_each(shell.open)
  after_each(shell.close)

  it("tells every option by --help", function()
    local code, out, err = shell.run(path .. " --help")
    assert.same({ 0, "" }, { code, err })
    for option in shell.read(path):gmatch "\n    (%-%-%l+)%)" do shell.has(out, "./bootstrap", option) end
    assert.same({ 6, nil }, { #shell.lines(out), (out:find "[#$]") })
    shell.has(out, "--prefix DIR", "--lint")
  end)

  it("refuses other words, and options that miss something", function()
    for words, message in pairs {
      ["--tset"] = 'bootstrap: unknown option "--tset"; known: --prefix DIR --test --lint --help',
      ["--prefix"] = "bootstrap: --prefix: the folder is missing",
      ["--lint"] = "bootstrap: --lint goes with --test",
    } do
      assert.same({ 2, "", message .. "\n" }, { shell.run(("%s %s"):format(path, words)) })
    end
  end)
end)
