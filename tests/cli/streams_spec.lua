-- Standard streams that are closed, or that cannot be written.
local fm <const> = require "fm"
local shell <const> = require "cli.shell"

local call <const>, run <const>, toy <const> = shell.call, shell.run, shell.here .. "/toy.lua"

describe("fmrun with standard streams", function()
  before_each(shell.open)
  after_each(shell.close)

  it("that are closed writes what it prints into none of its files", function()
    assert.equal(0, (run(("%s --json --folder r %s steps=3 >&-"):format(shell.fmrun, toy))))
    assert.equal("", shell.read(shell.folder .. "/r/lock"))
    assert.equal(0, (run(("%s -m -o s %s steps=3 seed=1:2 <&- >&- 2>&-"):format(shell.fmrun, toy))))
    local sweep = shell.names(shell.folder .. "/s/toy")[1]
    for _, entry in ipairs(shell.json(("%s/s/toy/%s/sweep.json"):format(shell.folder, sweep)).runs) do
      assert.equal("done", shell.json(("%s/s/toy/%s/%s/run.json"):format(shell.folder, sweep, entry.folder)).status)
    end
  end)

  it("of which stdout is full says so and gives 1", function()
    assert.equal(0, (call("-q -o o " .. toy .. " steps=3")))
    for _, words in ipairs { "-V", "help", "ls -o o", "path -o o @-1", "-e 'print(1)'", "-q -o o --json " .. toy .. " steps=3" } do
      local code, _, err = run(("%s %s >/dev/full"):format(shell.fmrun, words))
      assert.same({ 1, "fmrun: stdout: not all could be written\n" }, { code, err:match "[^\n]*\n$" }, words)
    end
  end)

  it("leaves no tensors", function()
    collectgarbage()
    assert.equal(0, fm.live_bytes())
  end)
end)
