-- The yardstick of the text experiments: the autoregressive model that text_baseline.lua leaves in
-- its run's folder, judge.safetensors. It says how many bits a text costs it.
local fm <const> = require "fm"
local language_model <const> = require "text_parts.language_model"

local judge <const> = {}

local file_name <const> = "judge.safetensors"

--- Saves a model of the characters `names` in a run's folder. o: length, dim, heads, layers.
function judge.save(run, model, names, o)
  local about <const> = { names = fm.json.encode(names) }
  for _, key in ipairs { "length", "dim", "heads", "layers" } do about[key] = tostring(o[key]) end
  assert(fm.save(run:path(file_name), model:state(), about))
end

local function check_names(path, own, names)
  local known = {}
  for _, name in ipairs(own) do known[name] = true end
  for _, name in ipairs(names) do
    if not known[name] then fm.fail(('%s: the judge does not know the character "%s"; it has to be trained on the same text'):format(path, name)) end
  end
  if #own ~= #names then fm.fail(("%s: the judge knows %d characters, the text has %d; it has to be trained on the same text"):format(path, #own, #names)) end
end

--- The judge in a file, or in a run's folder: bits(ids [n, length]) -> bits per character of each
--- row, [n].
function judge.load(path, names, length)
  if not path:find "%.safetensors$" then path = path .. "/" .. file_name end
  local state, about = fm.load(path)
  if not state then error(about, 0) end
  if not about.names then fm.fail(path .. ": expected a file of experiments/text_baseline.lua") end
  check_names(path, assert(fm.json.decode(about.names)), names)
  local o <const> = {}
  for _, key in ipairs { "length", "dim", "heads", "layers" } do o[key] = math.tointeger(tonumber(about[key])) end
  if length > o.length then fm.fail(("%s: the judge reads %d characters, samples have %d"):format(path, o.length, length)) end
  local model = language_model.new(#names, o)
  model:load_state(state)
  return function(ids) return language_model.bits(model, ids, #names) end
end

return judge
