-- A folder on a disk that may lose its power: what the calls recorded by the shim have made of it,
-- what of this is durable, and what a power cut may leave. The rules are those that POSIX gives and
-- nothing more: the bytes of a file last from the fsync of the file on, the names in a folder from
-- the fsync of the folder on. A name comes or goes whole; a file's bytes come in sectors.
local sorted_keys <const> = require "fm.parts.sorted_keys"

local disk <const> = {}
local Disk <const> = {}
Disk.__index = Disk

local sector <const> = 512

-- ---- files and folders: what is durable, and what was done since ----

local function new_file(text)
  return { durable = text or "", pending = {} }
end

--- now, durable: name -> file or folder. pending: changes of names, { serial, name, node (nil: the
--- name goes), from (the name that goes with it) }.
local function new_folder()
  return { now = {}, durable = {}, pending = {} }
end

local function copy(names)
  local other = {}
  for name, node in pairs(names) do other[name] = node end
  return other
end

local function longer(text, size)
  return text .. ("\0"):rep(size - #text)
end

--- A text after a change of bytes: { at, bytes } or { size } or { least }.
local function changed(text, change)
  if change.size then return longer(text:sub(1, change.size), change.size) end
  if change.least then return longer(text, change.least) end
  return longer(text:sub(1, change.at), change.at) .. change.bytes .. text:sub(change.at + #change.bytes + 1)
end

local function text_after(file, n)
  local text = file.durable
  for i = 1, n do text = changed(text, file.pending[i]) end
  return text
end

local function text_now(file)
  return text_after(file, #file.pending)
end

local function rename(names, change)
  if change.from and names[change.from] == change.node then names[change.from] = nil end
  names[change.name] = change.node
end

-- ---- calls ----

--- The folder in which a path lies, and its last name; nil outside of the root.
local function place(self, path)
  if path:sub(1, #self.root + 1) ~= self.root .. "/" then return nil end
  local folder, name = self.top, nil
  for part in path:sub(#self.root + 2):gmatch "[^/]+" do
    if name then folder = assert(folder.now[name], path) end
    name = part
  end
  return folder, name
end

--- A folder at `root` that holds `tree` (as of Disk:state; nil: nothing), all of it durable.
function disk.new(root, tree)
  local self = setmetatable({ root = root, top = new_folder(), serial = 0 }, Disk)
  for _, path in ipairs(sorted_keys(tree or {})) do -- a folder before what is in it
    local folder, name = place(self, root .. "/" .. path)
    local node = tree[path] == true and new_folder() or new_file(tree[path])
    folder.now[name], folder.durable[name] = node, node
  end
  return self
end

--- The file or folder at a path now, or nil.
function Disk:at(path)
  if path == self.root then return self.top end
  local folder, name = place(self, path)
  return folder and folder.now[name]
end

local function change_names(self, folder, change)
  self.serial = self.serial + 1
  change.serial = self.serial
  folder.pending[#folder.pending + 1] = change
  rename(folder.now, change)
end

local function change_bytes(file, change)
  if file then file.pending[#file.pending + 1] = change end -- nil: it has no name any more
end

local calls <const> = {}

function calls.open(self, r)
  local folder, name = place(self, r.path)
  if not folder.now[name] then change_names(self, folder, { name = name, node = new_file() }) end
  if r.number == 1 then change_bytes(folder.now[name], { size = 0 }) end
end

function calls.mkdir(self, r)
  local folder, name = place(self, r.path)
  change_names(self, folder, { name = name, node = new_folder() })
end

function calls.remove(self, r)
  local folder, name = place(self, r.path)
  change_names(self, folder, { name = name })
end

function calls.renameat(self, r)
  local folder, name = place(self, r.path)
  local former, from = place(self, r.bytes)
  assert(folder == former, r.path .. ": came from another folder")
  change_names(self, folder, { name = name, node = assert(folder.now[from], r.bytes), from = from })
end

function calls.write(self, r) change_bytes(self:at(r.path), { at = r.number, bytes = r.bytes }) end
function calls.ftruncate(self, r) change_bytes(self:at(r.path), { size = r.number }) end
function calls.posix_fallocate(self, r) change_bytes(self:at(r.path), { least = r.number }) end

function calls.fsync(self, r)
  local node = self:at(r.path)
  if not node then return end
  node.durable = node.now and copy(node.now) or text_now(node)
  node.pending = {}
end

calls.rename = calls.renameat

--- Does a recorded call again; returns whether it was inside of the root.
function Disk:apply(r)
  if r.path ~= self.root and not place(self, r.path) then return false end
  calls[r.call](self, r)
  return true
end

-- ---- what is there, and what lasts ----

--- The text of a file as processes see it, or nil.
function Disk:text(path)
  local file = self:at(path)
  return file and not file.now and text_now(file) or nil
end

--- Whether a power cut cannot change the bytes of the file or the names in the folder.
function Disk:is_settled(path)
  local node = self:at(path)
  return node ~= nil and #node.pending == 0
end

--- Whether a power cut leaves this path as it is: all names that lead there, and its bytes.
function Disk:is_durable(path)
  local node = self.top
  for part in path:sub(#self.root + 2):gmatch "[^/]+" do
    if not node.durable or node.durable[part] == nil or node.durable[part] ~= node.now[part] then return false end
    node = node.now[part]
  end
  return #node.pending == 0
end

-- ---- what a power cut may leave ----

--- "a/b" -> text, "a" -> true for a folder; by choice: keeps(change of names), text(file).
local function tree_of(folder, choice, inside, tree)
  local names = copy(folder.durable)
  for _, change in ipairs(folder.pending) do
    if choice.keeps(change) then rename(names, change) end
  end
  for name, node in pairs(names) do
    tree[inside .. name] = node.now and true or choice.text(node)
    if node.now then tree_of(node, choice, inside .. name .. "/", tree) end
  end
  return tree
end

local function always() return true end
local function never() return false end
local function durable_text(file) return file.durable end

--- The states that every list begins with: as after a kill, with all that is not durable lost, and
--- the two between.
disk.plain = {
  { keeps = always, text = text_now }, { keeps = never, text = durable_text },
  { keeps = always, text = durable_text }, { keeps = never, text = text_now },
}

-- Ways in which the bytes since the last fsync may be there. below(n): a whole number from 0 to n -
-- 1.
local ways <const> = { text_now, durable_text }

--- The first byte that a change since then may have touched, from 0.
local function first_touched(file)
  local first = math.huge
  for _, change in ipairs(file.pending) do first = math.min(first, change.at or change.size or #file.durable) end
  return first
end

--- Some of the writes, the next one up to the border of a sector.
ways[3] = function(file, below)
  local n = below(#file.pending)
  local text, change = text_after(file, n), file.pending[n + 1]
  if not change.bytes then return text end
  local border = (change.at // sector + 1 + below(#change.bytes // sector + 1)) * sector
  return changed(text, { at = change.at, bytes = change.bytes:sub(1, border - change.at) })
end

--- The size, but zeros from a border on.
ways[4] = function(file, below)
  local text, first = text_now(file), first_touched(file)
  local border = math.max(first, (first // sector + below((#text - first) // sector + 1)) * sector)
  return longer(text:sub(1, border), #text)
end

--- The size after some of the writes; each sector new, or as it was.
ways[5] = function(file, below)
  local new = text_after(file, 1 + below(#file.pending))
  local old, parts = longer(file.durable, #new), {}
  for at = 1, #new, sector do parts[#parts + 1] = (below(2) == 0 and old or new):sub(at, math.min(at + sector - 1, #new)) end
  return table.concat(parts)
end

--- A choice by chance: of the changes of names the first few, as a journal keeps them, or some; and
--- for each file a way.
local function drawn(self, below)
  local last, in_order, texts = self.serial - below(12), below(2) == 0, {}
  local function text(file)
    texts[file] = texts[file] or #file.pending == 0 and file.durable or ways[1 + below(#ways)](file, below)
    return texts[file]
  end
  local function keeps(change)
    if in_order then return change.serial <= last end
    return below(2) == 0
  end
  return { keeps = keeps, text = text }
end

--- A state after a power cut now: path below the root -> text, or true for a folder. choice: one of
--- disk.plain, or nil: by chance.
function Disk:state(choice, below)
  return tree_of(self.top, choice or drawn(self, below), "", {})
end

return disk
