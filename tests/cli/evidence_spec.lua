-- The manual's table of evidence: every layer, network, loss, path, coupling, solver and sampler is
-- in it, with a check of each kind or a reason, and the checks still call what it says.
local lfs <const> = require "lfs"
local shell <const> = require "cli.shell"
local page <const> = dofile "tests/evidence/page.lua"
local things <const> = dofile "tests/evidence/things.lua"
local reasons <const> = dofile "tests/evidence/reasons.lua"

local all <const> = things.all()
local text <const> = shell.read "lua/fm/manual/evidence.md"
local cells <const> = page.read(text)

--- A copy of the cells, or of the reasons, with some changed.
local function with(given, key, values)
  local copy = {}
  for name, cell in pairs(given) do
    copy[name] = {}
    for k, v in pairs(cell) do copy[name][k] = v end
  end
  copy[key] = values
  return copy
end

describe("evidence", function()
  it("is there for everything, or a reason is", function()
    assert.same({}, page.problems(all, cells, reasons))
  end)

  it("is shown as it was found: only tests/evidence/table writes it", function()
    assert.truthy(text:find((page.write(all, cells, reasons)), 1, true))
  end)

  it("is missed of something new", function()
    local more = table.move(all, 1, #all, 1, {})
    more[#more + 1] = { name = "fm.flow.path.newer", room = "fm.flow.path", file = "newer.lua" }
    assert.same({ "fm.flow.path.newer is not in the table" }, page.problems(more, cells, reasons))
    assert.same({
      "fm.flow.path.newer has no golden value, and no reason says why", "fm.flow.path.newer has no gradient check, and no reason says why",
      "fm.flow.path.newer has no closed form, and no reason says why",
    }, page.problems(more, with(cells, "fm.flow.path.newer", {}), reasons))
    assert.same({}, page.problems(more, with(cells, "fm.flow.path.newer", { golden = "golden/paths", gradient = "lua/flow" }), reasons))
    assert.same({ "fm.flow.path.newer is in the table, but not in fm" }, page.problems(all, with(cells, "fm.flow.path.newer", {}), reasons))
  end)

  it("needs no reason that is not needed", function()
    local more = with(reasons, "golden", { ["fm.nn.linear"] = "it is plain" })
    for name, why in pairs(reasons.golden) do more.golden[name] = why end
    assert.same({ "the reason for no golden value of fm.nn.linear is not needed" }, page.problems(all, cells, more))
  end)

  -- In stock Lua, with the module of the build: see trace.lua.
  local environment <const> = ("LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' "):format(os.getenv "FM_MODULE" or lfs.currentdir() .. "/build")
  local wanted <const> = {}
  for _, thing in ipairs(all) do
    for kind, check in pairs(cells[thing.name] or {}) do
      local key = kind .. " " .. check
      if not wanted[key] then
        wanted[key] = { kind = kind, check = check }
        wanted[#wanted + 1] = wanted[key]
      end
      table.insert(wanted[key], thing.name)
    end
  end
  for _, of in ipairs(wanted) do
    it(("%s: %s still calls what it stands for"):format(of.kind, of.check), function()
      assert.same({}, things.trace(of.kind, of.check, of, environment))
    end)
  end

  it("is traced: what a check does not call is told", function()
    local found = things.trace("closed", "paths", { "fm.flow.path.vp", "fm.nn.unet", "fm.ode.rk4" }, environment)
    assert.same({ ["fm.nn.unet"] = true, ["fm.ode.rk4"] = true }, found)
    found = things.trace("gradient", "lua/flow_convert", { "fm.flow.convert", "fm.flow.encode" }, environment)
    assert.same({ ["fm.flow.encode"] = true }, found)
  end)
end)
