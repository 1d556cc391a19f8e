-- lua/fm/meta/fm.lua documents every public name of fm; no more, no less. fm.cli.reference reads it
-- for `fmrun help` and the prompt's ?.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local reference <const> = require "fm.cli.reference"

describe("meta", function()
  local file = assert(io.open "lua/fm/meta/fm.lua")
  local text = file:read "a"
  file:close()
  local entries = reference.parse(text)

  it("spells out the options of all classes that a parameter names", function()
    local page = reference.text(reference.find("fm.plot.image_grid")[1], 80)
    assert.truthy(page:find("options  title string", 1, true) and page:find("\n           labels (string|number)[]", 1, true))
  end)

  it("has every op and what else fm holds", function()
    for _, name in ipairs(fm.ops()) do assert(entries["fm.Tensor:" .. name], name .. " is missing") end
    local fields = {}
    for _, class in ipairs { "fm", "fm.Core" } do
      for _, field in ipairs(entries[class].fields) do fields[field:match "^[%w_]+"] = true end
    end
    for name in pairs(require "fm.core") do
      assert(entries["fm." .. name] or entries["fm.Tensor:" .. name] or fields[name], "fm." .. name .. " is missing")
    end
    for name in pairs(fields) do assert(rawget(fm, name), "fm." .. name .. " is not there") end
  end)

  it("has every name of a room, or the file says at its head what it is, and every function that a room has beside its files", function()
    local rooms = by_name.rooms()
    assert.truthy(#rooms > 10)
    for _, room in ipairs(rooms) do
      assert(entries[room], room .. " is missing")
      for _, name in ipairs(by_name.names(room)) do
        local found = reference.find(room .. "." .. name)
        assert(found and found[1].name == room .. "." .. name, room .. "." .. name .. " is missing")
      end
      local is_choice = entries[room].kind == "function" -- its `of` is for the rest of fm
      for name, value in next, (require(room)) do
        if type(value) == "function" and not is_choice then
          assert(entries[("%s.%s"):format(room, name)] or entries[name], ("%s.%s is missing"):format(room, name))
        end
      end
    end
    for _, name in ipairs(by_name.names "fm") do assert(entries["fm." .. name], "fm." .. name .. " is missing") end
  end)

  it("says something about each, and names nothing that is not there", function()
    for _, entry in ipairs(entries) do
      assert(#entry.text > 0 or entry.kind == "class", entry.name .. " has no text")
      local room, name = entry.name:match "^fm%.(%l+)%.([%w_]+)$"
      if room then assert(fm[room][name], entry.name .. " is not there") end
    end
    local rng = fm.rng(1)
    for name in text:gmatch "function Tensor:([%w_]+)%(" do assert(fm.methods[name], name .. " is no method") end
    for name in text:gmatch "function Rng:([%w_]+)%(" do assert(rng[name], name .. " is no method") end
    for name in text:gmatch "function fm%.([%w_]+)%(" do assert(fm[name], name .. " is no function") end
  end)

  it("has an entry for every function and every class that it declares", function()
    local function declared(pattern)
      for name in text:gmatch(pattern) do assert(entries[name], name .. " is lost: there is no empty line between it and its neighbour") end
    end
    declared "\nfunction (fm%.[%w_.]+)%("
    declared "\n%-%-%-@class ([%w_.]+)"
    for _, entry in ipairs(entries) do assert(entry.name:find "^[%w_.:]+$", entry.name .. " is no name") end
  end)
end)

describe("reference", function()
  it("finds a name by its end, and the nearest of one that is not there", function()
    assert.equal("fm.ode.solve", reference.find("fm.ode.solve")[1].name)
    assert.equal("fm.ode.solve", reference.find("solve")[1].name)
    assert.equal("fm.Tensor:sum", reference.find("fm.sum")[1].name)
    assert.equal("fm.Run:log", reference.find("run:log")[1].name)
    assert.truthy(reference.find("fm.flow.path.vp")[1].text[1]:find "^vp{beta_min")
    assert.same({ nil, 'the reference has no "fm.ode.slove"; did you mean "fm.ode.solve"?' }, { reference.find "fm.ode.slove" })
  end)

  it("prints signature, text, parameters and options within the width", function()
    local page = reference.text(reference.find("fm.flow.loss")[1], 70)
    assert.truthy(page:find "^fm%.flow%.loss%(model, x1, options%)\n  The flow matching loss")
    assert.truthy(page:find "\n  takes    model function")
    assert.truthy(page:find "\n  options  rng fm%.Rng")
    for line in page:gmatch "[^\n]+" do assert.truthy(#line <= 70, line) end
    assert.truthy(reference.text(reference.find("fm.nn")[1], 70):find "\n  fm%.nn%.linear%(inputs, outputs, options%)")
  end)
end)
