-- labelled_pictures{name, folder, split, held_out, rng} -> pictures to train with [N, C, 32, 32] in
-- -1..1, their labels [N] from 1 on, pictures held out, their labels, and the names of the classes;
-- or nil and a message that says what is missing.
--   name = of a dataset that takes {folder, split, size} and returns pictures, labels and names, as
--          "fashion_mnist" and "mnist" do, or one of your own beside the script; or "shapes32":
--          5,000 pictures that `rng` draws, beside those held out
--   folder = where the files lie; "" or absent: in their usual place
--   split = "train": the test pictures are held out, at least `held_out` (1,000) of them;
--           "test": there are no others, and the last `held_out` of them are held out
local by_name <const> = require "fm.parts.by_name"
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local stream <const> = require "fm.data.parts.stream"

local where <const> = "labelled_pictures"
local drawn <const> = 5000 -- pictures to train with, where none come from files

local function check(given)
  local o = options.read(where, given, { name = options.none, folder = "", split = "train", held_out = 1000, rng = options.none })
  if type(o.name) ~= "string" then fm.fail(("%s: name: expected the name of a dataset, found %s"):format(where, options.shown(o.name))) end
  if by_name.find("fm.data", o.name) == nil then by_name.fail(where .. ": name: unknown name", "fm.data", o.name) end
  if type(o.folder) ~= "string" then fm.fail(("%s: folder: expected a path, found %s"):format(where, options.shown(o.folder))) end
  options.choose(where .. ": split", o.split, { train = true, test = true })
  o.held_out = options.size(where .. ": held_out", o.held_out)
  if o.rng ~= nil then stream.of(where, o.rng) end
  return o
end

--- All pictures of a split, their labels, and the names of the classes; or nil and a message.
local function load(o, split)
  if o.name == "shapes32" then
    local x, labels = fm.data.shapes32 { n = drawn + o.held_out, rng = o.rng, flat = false }
    return x, labels, { "disc", "square", "triangle" }
  end
  local x, labels, names = fm.data[o.name] { folder = o.folder ~= "" and o.folder or nil, split = split, size = 32 }
  if x == nil then return nil, labels end
  if not (fm.is_tensor(x) and x:rank() == 4 and fm.is_tensor(labels) and labels:count() == #x) then
    fm.fail(("%s: name: expected a dataset of pictures [N, C, 32, 32] and labels [N], found %s and %s from %s"):format(where, options.shown(x),
      options.shown(labels), o.name))
  end
  return x, labels, names
end

local function too_few(o, found, least)
  return nil, ("%s: the test split%s has %d pictures: expected at least %d, of which %d are held out (the option held_out)"):format(o.name,
    o.folder ~= "" and " in " .. o.folder or "", found, least, o.held_out)
end

return function(given, ...)
  options.no_more(where, 1, ...)
  local o = check(given)
  local x, labels, names = load(o, o.split)
  if not x then return nil, labels end
  if o.split == "train" and o.name ~= "shapes32" then
    local held_out, of_held_out = load(o, "test")
    if not held_out then return nil, of_held_out end
    if #held_out < o.held_out then return too_few(o, #held_out, o.held_out) end
    return x, labels, held_out, of_held_out, names
  end
  local n <const> = #x - o.held_out
  if n < 1 then return too_few(o, #x, o.held_out + 1) end
  return x[{ 1, n }], labels[{ 1, n }], x[{ n + 1, #x }], labels[{ n + 1, #x }], names
end
