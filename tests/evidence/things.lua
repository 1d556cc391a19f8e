-- things: what the table of evidence is about, and the checks that may be its evidence; both found
-- by their files.
local by_name <const> = require "fm.parts.by_name"
local lfs <const> = require "lfs"
local files <const> = dofile "tests/whole_files.lua"

local things <const> = {}

-- Data sets, metrics and plots have their own: curves, golden values, pictures.
local others <const> = { ["fm.data"] = true, ["fm.metrics"] = true, ["fm.plot"] = true }

--- Every layer, network, loss, path, coupling, solver, sampler, ...: { name ("fm.flow.path.vp"),
--- room, file }, room by room.
function things.all()
  local list = {}
  for _, room in ipairs(by_name.rooms()) do
    for _, name in ipairs(others[room] and {} or by_name.names(room)) do
      local full = room .. "." .. name
      local file = by_name.file(full)
      if file and not file:find "/init%.lua$" then list[#list + 1] = { name = full, room = room, file = file } end
    end
  end
  return list
end

function things.spec(name) return ("tests/%s_spec.lua"):format(name) end

--- Whether a spec does nothing but compare with golden values.
function things.is_golden(name) return name:find("golden/", 1, true) == 1 end

--- All checks of a kind ("golden", "gradient", "closed"), in order.
function things.checks(kind)
  if kind == "closed" then return by_name.names "fm.verify" end
  local list = {}
  for _, folder in ipairs { "golden", "lua" } do
    for entry in lfs.dir("tests/" .. folder) do
      local spec = entry:match "^([%w_]+)_spec%.lua$"
      local name = spec and folder .. "/" .. spec
      local text = name and files.read(things.spec(name)) or ""
      if text ~= "" and things.is_golden(name) or kind == "gradient" and text:find("gradcheck", 1, true) then list[#list + 1] = name end
    end
  end
  table.sort(list)
  return list
end

--- The things that a check depends on (a set), or with `wanted` those of them that it does not.
--- environment: of the shell, for stock Lua.
function things.trace(kind, name, wanted, environment)
  local command <const> = "%sOPENBLAS_NUM_THREADS=1 lua5.4 tests/evidence/trace.lua %s %s %s 2>/dev/null"
  local pipe <close> = assert(io.popen(command:format(environment or "", kind, name, wanted and table.concat(wanted, ",") or "")))
  local found = {}
  for line in pipe:lines() do
    if line:find "^fm%.[%w_.]+$" then found[line] = true end
  end
  return found
end

return things
