-- Gray pictures with labels in four IDX files of one folder, as MNIST has them, plain or .gz:
-- {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local prefixes <const> = { train = "train", test = "t10k" }
local chunk <const> = 5000 -- pictures that are scaled at once

local function exists(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

--- The path of a file, plain or .gz, or nil.
local function find(folder, name)
  for _, path in ipairs { ("%s/%s"):format(folder, name), ("%s/%s.gz"):format(folder, name) } do
    if exists(path) then return path end
  end
end

local function images_of(split) return prefixes[split] .. "-images-idx3-ubyte" end

--- The first folder that has the pictures of a split, or nil.
local function folder_with(split, folders)
  for _, folder in ipairs(folders) do
    if find(folder, images_of(split)) then return folder end
  end
end

--- What to do when there are no files.
local function missing(set, split, folders)
  local other = split == "train" and "test" or "train"
  local there = folder_with(other, folders)
  return ("%s: no %s, plain or .gz, in %s%s; %s"):format(set.name, images_of(split), table.concat(folders, " or "),
    there and (' (but split = "%s" is in %s)'):format(other, there) or "", set.advice)
end

--- Pictures [N, H, W] of 0..255, and labels [N]; or nil and what is wrong with the files.
local function load(set, folder, split)
  local path, name = find(folder, images_of(split)), prefixes[split] .. "-labels-idx1-ubyte"
  local of_labels = find(folder, name)
  if not of_labels then return nil, ("%s: no %s, plain or .gz, beside %s"):format(set.name, name, path) end
  local pixels, message = fm.idx.load(path)
  if not pixels then return nil, message end
  local labels, problem = fm.idx.load(of_labels)
  if not labels then return nil, problem end
  local function wrong(file, expected, found) return nil, ("%s: expected %s, found %s"):format(file, expected, found) end
  if pixels:rank() ~= 3 then return wrong(path, "pictures [N, H, W]", options.shown(pixels)) end
  if labels:rank() ~= 1 or #labels ~= #pixels then return wrong(of_labels, ("labels [%d], as many as pictures"):format(#pixels), options.shown(labels)) end
  local least, most, last = labels:min():item(), labels:max():item(), #set.names - 1
  if not (least >= 0 and most <= last) then return wrong(of_labels, ("labels 0..%d"):format(last), ("%g..%g"):format(least, most)) end
  return pixels, labels
end

--- [N, 1, H, W] in -1..1, or [N, 1, size, size] with black around.
local function scaled(set, pixels, size)
  local n, high, wide = pixels:size(1), pixels:size(2), pixels:size(3)
  if size and (size < high or size < wide) then
    fm.fail(("%s: size: the pictures are %d x %d, found %d"):format(set.name, high, wide, size))
  end
  local top, left = size and (size - high) // 2 or 0, size and (size - wide) // 2 or 0
  local tall, broad = size or high, size or wide
  local pictures = size and fm.full({ n, 1, tall, broad }, -1) or pixels:reshape(n, 1, high, wide) -- in place: they are large
  for first = 1, n, chunk do
    local last = math.min(first + chunk - 1, n)
    local scope <close> = fm.scope()
    local part = pixels[{ first, last }]:reshape(last - first + 1, 1, high, wide) / 127.5 - 1
    pictures[{ { first, last }, {}, { top + 1, top + high }, { left + 1, left + wide } }] = part
  end
  return pictures
end

--- A dataset: set = { name, folders (where the files may lie), names (of the labels), advice (what
--- to do when there are none) }.
return function(set)
  return function(given, ...)
    options.no_more(set.name, 1, ...)
    if type(given) == "string" then given = { folder = given } end
    local o = options.read(set.name, given, { folder = options.none, split = "train", size = options.none })
    options.choose(set.name .. ": split", o.split, prefixes)
    if o.folder ~= nil and type(o.folder) ~= "string" then fm.fail(("%s: folder: expected a path, found %s"):format(set.name, options.shown(o.folder))) end
    if o.size ~= nil then options.size(set.name .. ": size", o.size) end
    local folders = o.folder and { o.folder } or set.folders
    local folder = folder_with(o.split, folders)
    if not folder then return nil, missing(set, o.split, folders) end
    local pixels, labels = load(set, folder, o.split)
    if not pixels then return nil, labels end
    return scaled(set, pixels, o.size), labels + 1, { table.unpack(set.names) }
  end
end
