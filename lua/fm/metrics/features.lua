-- features(name or path, {range}) -> a function of pictures that gives features [N, F], for
-- frechet_distance, kid, precision_recall and the other metrics. It is the network of
-- experiments/picture_classifier.lua, and its features are what the last layer sees. Further:
--   :labels(x)   the class [N] that it reads in each picture, 1-based
--   .accuracy    the share of held-out pictures that it reads right; .held_out: how many there were
--   .classes     the names of the classes
-- name: of a file in features/; README.md there says what each was made from, and by which command.
-- path: of classifier.safetensors from a run of your own.
--
-- Pictures are [N, C, H, W] or rows [N, C H W], of the size that the network was trained with, or
-- up to 4 pixels smaller: then black is put around them. Numbers beyond the range count as its
-- ends, as they would in a picture that is shown.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local classifier <const> = require "fm.metrics.parts.classifier"
local options <const> = require "fm.parts.options"

local where <const> = "features"
local folder <const> = debug.getinfo(1, "S").source:match "^@(.*)%.lua$" .. "/"
local ending <const> = "%.safetensors$"

--- The names of the files that belong to fm.
local function names()
  local list, ok, lfs = {}, pcall(require, "lfs")
  if not ok then return list end
  for entry in lfs.dir(folder) do
    if entry:find(ending) then list[#list + 1] = entry:gsub(ending, "") end
  end
  table.sort(list)
  return list
end

local function exists(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

local function path_of(name)
  if type(name) ~= "string" then fm.fail(("%s: expected a name or the path of a .safetensors file, found %s"):format(where, options.shown(name))) end
  if name:find(ending) then return name end
  local own <const> = ("%s%s.safetensors"):format(folder, name)
  if not name:find "^[%w_]+$" or not exists(own) then by_name.fail(where .. ": unknown name", where, name, names()) end
  return own
end

local function read_range(given)
  local range = options.read(where, given, { range = { -1, 1 } }).range
  if type(range) ~= "table" then fm.fail(("%s: range: expected { low, high }, found %s"):format(where, options.shown(range))) end
  for i = 1, 2 do options.number(where .. ": range", range[i], -1e30, 1e30) end
  if not (range[1] < range[2]) then fm.fail(("%s: range: expected low < high, found { %g, %g }"):format(where, range[1], range[2])) end
  return range[1], range[2]
end

return { of = function(name, given, ...)
  options.no_more(where, 2, ...)
  local low, high = read_range(given)
  local tensors, metadata = fm.load(path_of(name))
  if not tensors then fm.fail(("%s: %s"):format(where, metadata)) end
  return classifier(name, tensors, metadata, low, high)
end }
