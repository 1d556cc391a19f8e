-- experiments/posterior.lua from the command line: its tasks are files.
local stopping <const> = require "cli.stopping"

describe("the experiment posterior", function()
  before_each(stopping.open)
  after_each(stopping.close)

  it("knows tasks by their files, and takes no part of it for one", function()
    for _, name in ipairs { "nosuch", "parts.exact", "../posterior" } do
      for _, script in ipairs { "posterior", "cards/posterior" } do
        local code, _, err = stopping.call(("-q %s/experiments/%s.lua task=%s"):format(stopping.root, script, name))
        assert.equal(1, code)
        assert.truthy(err:find(("task: there is no file posterior/%s.lua"):format(name), 1, true), err)
      end
    end
    local code, _, err = stopping.call(("-q %s/experiments/posterior.lua task=gaussian_linear simulations=20 steps=2 samples=20 classifier=1 tests=10 draws=3")
      :format(stopping.root))
    assert.equal(0, code, err)
  end)
end)
