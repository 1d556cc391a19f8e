-- tests/floors passes for this tree, and finds the faults that are planted into a copy of it: an
-- arrow upward, a circle, a list of the files of a room.
local shell <const> = require "tests.cli.shell"

local root <const> = shell.here:match "^(.*)/tests/cli$"

--- What the check of the copy says; it must fail.
local function complaint()
  local code, out, err = shell.run(("FMRUN=%s copy/tests/floors"):format(shell.fmrun))
  assert.equal(1, code, out .. err)
  assert.equal("", err)
  return out
end

local function passes()
  local code, out, err = shell.run(("FMRUN=%s copy/tests/floors"):format(shell.fmrun))
  assert.equal("", out .. err)
  assert.equal(0, code)
end

local function read(path)
  return shell.read(shell.folder .. "/copy/" .. path)
end

--- Puts text in front of a file of the copy while f runs; a file that is not there is made.
local function with(planted, f)
  local former = {}
  for path, text in pairs(planted) do
    local full = shell.folder .. "/copy/" .. path
    local file <close> = io.open(full)
    former[path] = file and file:read "a" or false
    shell.write("copy/" .. path, text .. (former[path] or ""))
  end
  f()
  for path, text in pairs(former) do
    if text then shell.write("copy/" .. path, text) else os.remove(shell.folder .. "/copy/" .. path) end
  end
end

--- Each of { { path = text }, words } makes the check complain in these words, and about nothing
--- else.
local function finds(cases)
  for _, case in ipairs(cases) do
    with(case[1], function()
      local out = complaint()
      for i = 2, #case do assert.truthy(out:find(case[i], 1, true), out .. "   expected: " .. case[i]) end
      if case.lines then assert.equal(case.lines, #shell.lines(out), out) end
    end)
  end
  passes()
end

describe("tests/floors", function()
  before_each(function()
    shell.open()
    assert.equal(0, (shell.run(("mkdir -p copy/tests && cp -r %s/lua %s/src copy/ && cp %s/tests/floors %s/tests/floors.lua copy/tests/"):format(root, root,
      root, root))))
  end)
  after_each(shell.close)

  it("passes for this tree", function()
    passes()
    assert.truthy(os.execute(("FMRUN=%s %s/tests/floors"):format(shell.fmrun, root)))
  end)

  it("finds an arrow upward, in every way that it can be written", function()
    local data, nn <const> = "lua/fm/data/moons.lua", "lua/fm/nn/linear.lua"
    finds {
      { { [nn] = 'local run = require "fm.run.execute"\n' }, "lua/fm/nn/linear.lua: a room knows fm.run.execute, which is above it",
        "run -> nn -> run", lines = 2 },
      { { [nn] = 'local run = require("fm.run.execute")\n' }, "a room knows fm.run.execute" },
      { { [nn] = "local run = require 'fm.run.execute'\n" }, "a room knows fm.run.execute" },
      { { [nn] = "local run = require [[fm.run.execute]]\n" }, "a room knows fm.run.execute" },
      { { [nn] = "local function f() return require --[[ later ]] 'fm.run.execute' end\n" }, "a room knows fm.run.execute" },
      { { [nn] = 'local run = package.loaded["fm.run.execute"]\n' }, "a room knows fm.run.execute" },
      { { [nn] = 'local path = require "fm.flow.path"\n' }, "lua/fm/nn/linear.lua: nn knows fm.flow.path", lines = 1 },
      { { [nn] = 'local moons = require "fm".data.moons\n' }, "nn knows fm.data.moons" },
      { { [nn] = 'local moons = require("fm").data.moons\n' }, "nn knows fm.data.moons" },
      { { [nn] = 'local fm = require "fm" local moons = fm.data.moons\n' }, "nn knows fm.data.moons" },
      { { [nn] = 'local fm = require "fm" local data = fm.data local moons = data.moons\n' }, "nn knows fm.data" },
      { { [nn] = 'local found = require "fm.parts.by_name".find("fm.data", "moons")\n' }, "nn knows fm.data" },
      { { [data] = 'local nn = require "fm.nn.parts.module"\n' }, "data knows fm.nn.parts.module", lines = 1 },
      { { ["lua/fm/run/kept.lua"] = 'local main = require "fm.cli.main"\n' },
        "lua/fm/run/kept.lua: knows fm.cli.main: nothing below the command line knows it" },
      { { ["lua/fm/records/csv.lua"] = 'local run = require "fm.run.saving"\n' },
        "lua/fm/records/csv.lua: records works from files alone, and knows fm.run.saving" },
      { { ["src/core/tensor.c"] = "#include <lua.h>\n" }, "src/core/tensor.c: Lua below the binding: lua.h", lines = 1 },
      { { ["src/io/npy.h"] = '#  include "lauxlib.h"\n' }, "src/io/npy.h: Lua below the binding: lauxlib.h" },
      { { ["src/draw/canvas_x.c"] = '#include "bind.h"\n' }, "src/draw/canvas_x.c: draw knows bind: bind.h" },
      { { ["src/core/tensor.c"] = '#include "npy.h"\n' }, "src/core/tensor.c: core knows io: npy.h" },
    }
    with({ [nn] = [=[
-- require "fm.run.execute" and fm.data.moons {}
--[[ require "fm.run.execute" ]]
local text = "no arrow: see require fm.run.execute"
]=] }, passes)
  end)

  it("finds a circle, of rooms, files or C, and prints the way around it", function()
    finds {
      { { ["lua/fm/flow/parts/a.lua"] = 'require "fm.flow.parts.b"\n', ["lua/fm/flow/parts/b.lua"] = 'require "fm.flow.parts.a"\n' },
        "a circle of files: fm.flow.parts.a -> fm.flow.parts.b -> fm.flow.parts.a", lines = 1 },
      { { ["lua/fm/flow/parts/a.lua"] = 'require "fm.flow.parts.b"\n', ["lua/fm/flow/parts/b.lua"] = 'require "fm.flow.parts.c"\n',
          ["lua/fm/flow/parts/c.lua"] = 'return function() return require "fm.flow.parts.a" end\n' },
        "a circle of files: fm.flow.parts.a -> fm.flow.parts.b -> fm.flow.parts.c -> fm.flow.parts.a", lines = 1 },
      { { ["lua/fm/run/parts_a.lua"] = 'require "fm.sweep.pool"\n' }, "a circle of rooms: run -> sweep -> run", lines = 1 },
      { { ["lua/fm/parts/short.lua"] = 'require "fm.ode.parts.grid"\n' }, "a circle of rooms: ", "parts -> ode -> parts" },
      { { ["src/core/one.h"] = '#include "two.h"\n', ["src/core/two.c"] = '#include "one.h"\n', ["src/core/two.h"] = "\n" },
        "a circle of C files: core/one -> core/two -> core/one", lines = 1 },
      { { ["src/bind/one.h"] = '#include "two.h"\n', ["src/bind/two.h"] = '#include "one.h"\n' }, "a circle of C files: bind/one -> bind/two -> bind/one" },
    }
  end)

  it("finds the lists that there were, put back where they lay", function()
    finds {
      { { ["lua/fm/init.lua"] = [[
local modules <const> = {
  nn = "fm.nn", flow = "fm.flow", ode = "fm.ode", sde = "fm.sde", optim = "fm.optim", data = "fm.data", metrics = "fm.metrics", plot = "fm.plot",
  gradcheck = "fm.gradcheck", experiment = "fm.experiment",
}
]] }, "lua/fm/init.lua: names 10 things of fm, as a list of them does: data, experiment, flow, gradcheck" },
      { { ["lua/fm/nn/parts/activations.lua"] = [[
local activations = {}
activations.names = { "tanh", "sigmoid", "relu", "silu", "gelu", "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" }
]] }, "lua/fm/nn/parts/activations.lua: names 11 things of fm.nn.activation, as a list of them does: elu, gelu", lines = 1 },
      { { ["lua/fm/nn/init.lua"] = 'for name in ("tanh sigmoid relu silu gelu"):gmatch "%a+" do print(name) end\n' },
        "lua/fm/nn/init.lua: names 5 things of fm.nn.activation", lines = 1 },
      { { ["lua/fm/ode/method.lua"] = "local not_solvers <const> = { init = true, method = true, check = true, grid = true, gradient = true }\n",
          ["lua/fm/ode/check.lua"] = "\n", ["lua/fm/ode/grid.lua"] = "\n", ["lua/fm/ode/gradient.lua"] = "\n" },
        "lua/fm/ode/method.lua: names 4 things of fm.ode, as a list of them does: check, gradient, grid, method", lines = 1 },
      { { ["lua/fm/cli/reference.lua"] = 'local rooms <const> = { "nn", "flow", "ode", "sde", "optim", "data", "metrics", "plot" }\n' },
        "lua/fm/cli/reference.lua: names 8 things of fm" },
      { { ["lua/fm/cli/reference.lua"] = 'local inner <const> = { ["flow.loss"] = true, ["flow.score"] = true, ["flow.encode"] = true, '
        .. '["flow.decode"] = true }\n' },
        "names 4 things of fm.flow, as a list of them does: decode, encode, loss, score", lines = 1 },
      { { ["lua/fm/flow/loss.lua"] = 'local kinds = { velocity = true, data = true, noise = true, score = true }\n' },
        "lua/fm/flow/loss.lua: names 4 things of fm.flow.prediction", lines = 1 },
      { { ["lua/fm/cli/completion.lua"] = 'local commands = { "ls", "rm", "show", "compare" }\n' },
        "lua/fm/cli/completion.lua: names 4 things of fm.cli.command, as a list of them does: compare, ls, rm, show", lines = 1 },
    }
    with({ ["lua/fm/cli/reference.lua"] = 'local some = { "velocity", "data", "noise" }\n' }, passes)
  end)

  it("finds an exception that nothing needs", function()
    local text = read("tests/floors.lua"):gsub("local allowed <const> = {", '%0\n  ["nn -> data"] = "a test",')
    text = text:gsub("local upward <const> = {", '%0\n  ["fm.nn -> fm.cli.main"] = "a test",')
    shell.write("copy/tests/floors.lua", (text:gsub("local may_list <const> = {", '%0\n  ["lua/fm/nn/linear.lua"] = "a test",')))
    local out = shell.lines(complaint())
    table.sort(out)
    assert.same({ "fm.nn -> fm.cli.main is allowed, and nothing needs it", "lua/fm/nn/linear.lua may list things of a room, and does not",
      "nn -> data is allowed, and nothing needs it" }, out)
  end)
end)
