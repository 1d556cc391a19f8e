-- The yardstick of the text experiments: the autoregressive model that text_baseline.lua leaves in
-- its run's folder, judge.safetensors. It says how many bits a text costs it.
local fm <const> = require "fm"
local language_model <const> = require "text_parts.language_model"

local judge <const> = {}

local file_name <const> = "judge.safetensors"

local sizes <const> = { "length", "dim", "heads", "layers" }

--- Saves a model of a text in a run's folder. text: see texts.lua; o: length, dim, heads, layers.
function judge.save(run, model, text, o)
  local about <const> = { names = fm.json.encode(text.names), text = text.digest }
  for _, key in ipairs(sizes) do about[key] = tostring(o[key]) end
  assert(fm.save(run:path(file_name), model:state(), about))
end

--- What a file says of its judge, as numbers and a list; an error when it is none.
local function described(path, about)
  local o <const> = { names = about.names and fm.json.decode(about.names), text = about.text }
  for _, key in ipairs(sizes) do o[key] = math.tointeger(tonumber(about[key])) end
  if type(o.names) ~= "table" or not o.text or not (o.length and o.dim and o.heads and o.layers) then
    fm.fail(path .. ": expected a file of experiments/text_baseline.lua")
  end
  return o
end

--- A judge of another text may have learned what is held out here, or call a character by another
--- number.
local function check_text(path, o, text)
  local known = {}
  for _, name in ipairs(o.names) do known[name] = true end
  for _, name in ipairs(text.names) do
    if not known[name] then fm.fail(('%s: the judge does not know the character "%s"; it has to be trained on the same text'):format(path, name)) end
  end
  if o.text ~= text.digest then fm.fail(path .. ": the judge was trained on another text; it has to be the same") end
  if text.length > o.length then fm.fail(("%s: the judge reads %d characters, samples have %d"):format(path, o.length, text.length)) end
end

--- The judge of a text in a file, or in a run's folder: bits(ids [n, length]) -> bits per character
--- of each row, [n].
function judge.load(path, text)
  if not path:find "%.safetensors$" then path = path .. "/" .. file_name end
  local state, about = fm.load(path)
  if not state then error(about, 0) end
  local o <const> = described(path, about)
  check_text(path, o, text)
  local V <const> = #text.names
  local fits, model = pcall(function()
    local made <const> = language_model.new(V, o)
    made:load_state(state)
    return made
  end)
  if not fits then fm.fail(("%s: its sizes and its weights do not fit: %s"):format(path, model)) end
  for name, w in pairs(model:state()) do
    if not (w:abs():max():item() < math.huge) then fm.fail(("%s: %s: expected finite numbers"):format(path, name)) end
  end
  return function(ids) return language_model.bits(model, ids, V) end
end

return judge
