-- The checkpoints of a run: two slots written in turn, so that a good one is always there, and
-- state.json, which says what they hold.
--   checkpoint-1.safetensors, checkpoint-2.safetensors    what the run keeps
--   state.json    { hash, state = { slots, origin } }; slots: the newest first, as
--                 { slot, hash of the file, step, ... }; none while the first one is written
-- Whenever the process dies, the file that a slot of state.json names is whole, or its digest shows
-- that it is not.
local fm <const> = require "fm"
local growing_digest <const> = require "fm.run.growing_digest"
local kept <const> = require "fm.run.kept"
local lfs <const> = require "lfs"

local checkpoint <const> = {}
local lines_files <const> = { "metrics.jsonl", "log.txt", "timing.jsonl" } -- cut back to the checkpoint when a run goes on
checkpoint.lines_files = lines_files

-- ---- writing ----

--- A plain value, or a tensor of one number, as text; nil for anything else.
local function text_of(value, tensors)
  if type(value) == "table" then
    local tensor = value[1] == "tensor" and tensors[value[2]]
    if not tensor or tensor:rank() > 0 then return nil end
    value = tensor:item()
    value = math.tointeger(value) or value
  end
  return math.type(value) == "float" and ("%.17g"):format(value) or tostring(value)
end

--- The plain values of parts, for readers with other tools: "opt.steps" = "7".
local function numbers_of(values, tensors)
  local metadata = {}
  for part, coded in pairs(values) do
    for name, value in pairs(type(coded) == "table" and not coded[1] and coded or {}) do
      local full = part .. "." .. name:sub(2)
      if name:sub(1, 1) == "s" and utf8.len(full) then metadata[full] = text_of(value, tensors) end
    end
  end
  return metadata
end

--- Writes what the run keeps into a file of its folder: tensors by part and name
--- ("model.net.0.weight"), everything else exactly in the metadata. Raises.
function checkpoint.save(run, name)
  if run.folder.mute then return end
  local scope <close> = fm.scope()
  local tensors, values = kept.capture(run.saving.kept)
  local metadata = numbers_of(values, tensors)
  metadata["fm.step"], metadata["fm.seed"], metadata["fm.experiment"] = tostring(run.loop.step), tostring(run.seed), run.name
  metadata["fm.values"], metadata["fm.loops"] = fm.json.encode(values), fm.json.encode(fm.json.array(run.loop.ends))
  assert(fm.save(run.folder:file(name), tensors, metadata))
end

local function slot_name(slot)
  return ("checkpoint-%d.safetensors"):format(slot)
end

--- The path of the file of a slot's entry.
function checkpoint.path(folder, slot)
  return folder.path .. "/" .. slot_name(slot.slot)
end

local function write_state(folder, state)
  folder:write_json("state.json", { hash = fm.file.hash(fm.json.encode(state)), state = state })
end

--- Writes the next slot. `position`: what the run must know apart from what it keeps; it becomes
--- the slot's entry. The order matters: first the lines, synced to disk, then the slot, then the
--- state that names it. Raises; then the older slot is unchanged.
function checkpoint.write(run, position, origin)
  if run.folder.mute then return end
  local folder, newest = run.folder, run.saving.slots[1]
  position.lengths, position.digests = folder:settle(lines_files)
  position.slot = newest and 3 - newest.slot or 1
  if not newest then write_state(folder, { slots = fm.json.array {}, origin = origin }) end -- a slot without a state is then one whose state was lost
  checkpoint.save(run, slot_name(position.slot))
  position.hash = assert(fm.file.hash_file(checkpoint.path(folder, position)))
  local slots = { assert(fm.json.decode(fm.json.encode(position))), newest } -- a copy: the run's own tables go on changing
  run.saving.slots = slots
  write_state(folder, { slots = slots, origin = origin })
end

--- The bytes that a checkpoint takes, rather too many than too few.
function checkpoint.size(run)
  local scope <close> = fm.scope()
  local tensors, values = kept.capture(run.saving.kept)
  local names = 0
  for name in pairs(tensors) do names = names + #name + 100 end
  return kept.size(tensors) + 2 * #fm.json.encode(values) + names + 4096
end

local resumable <const> = { "state.json", slot_name(1), slot_name(2) } -- the state first: it must not name missing files

--- Removes the slots and the state of a run that is done.
function checkpoint.clear(folder)
  for _, name in ipairs(resumable) do folder:remove(name) end
end

--- Whether a run at `path` has left something that clear would remove.
function checkpoint.is_left(path)
  for _, name in ipairs(resumable) do
    if lfs.symlinkattributes(path .. "/" .. name) then return true end
  end
  return false
end

-- ---- reading ----

local most_of_a_state <const> = 64 << 20 -- bytes

local function read_state(folder)
  local path = folder.path .. "/state.json"
  if not lfs.attributes(path) then
    for slot = 1, 2 do
      if lfs.attributes(folder.path .. "/" .. slot_name(slot)) then return nil, path .. ", which says what the checkpoints hold, is missing" end
    end
    return nil
  end
  local text, message = fm.file.read(path, most_of_a_state)
  if not text then return nil, message end
  local value, problem = fm.json.decode(text)
  if type(value) ~= "table" or type(value.state) ~= "table" then return nil, path .. ": " .. (problem or "it has no state") end
  local hash = fm.file.hash(fm.json.encode(value.state))
  if hash ~= value.hash then return nil, ("%s is damaged: its digest is %s, expected %s"):format(path, hash, value.hash) end
  local place = require "fm.run.state_json"(value.state)
  if place then return nil, ("%s: %s is not what a checkpoint writes"):format(path, place) end
  return value.state
end

--- nil when the files of lines still begin with what the slot recorded, or what is wrong.
local function lines_problem(folder, slot)
  local lengths = folder:lengths(lines_files)
  for _, name in ipairs(lines_files) do
    local path, length = folder.path .. "/" .. name, slot.lengths[name]
    if lengths[name] < length then return ("%s holds %d bytes, at step %d it had %d"):format(path, lengths[name], slot.step, length) end
    local digest, message = growing_digest.of_file(path, length)
    if not digest then return message end
    local found, expected = digest:text(), slot.digests and slot.digests[name] -- checkpoints of earlier versions have none
    if expected and found ~= expected then
      return ("%s is damaged: the digest of its first %d bytes is %s, at step %d it was %s"):format(path, length, found, slot.step, expected)
    end
  end
  return nil
end

--- nil when the slot is as it was written, or what is wrong, and whether only the lines are wrong.
local function slot_problem(folder, slot)
  local path = checkpoint.path(folder, slot)
  local hash, message = fm.file.hash_file(path)
  if not hash then return message end
  if hash ~= slot.hash then return ("%s is damaged: its digest is %s, expected %s"):format(path, hash, slot.hash) end
  return lines_problem(folder, slot), true
end

--- The newest good checkpoint of a folder: its slot entry, the origin, and a list of what was found
--- wrong; nil for the entry when there is none. Then the fourth result is the newest entry whose
--- file is good but whose lines are not, if there is one.
function checkpoint.find(folder)
  local state, message = read_state(folder)
  if not state then return nil, nil, { message } end
  local problems, without_lines = {}, nil
  for _, slot in ipairs(state.slots) do
    local problem, in_lines = slot_problem(folder, slot)
    if not problem then return slot, state.origin, problems end
    problems[#problems + 1] = problem
    without_lines = without_lines or in_lines and slot or nil
  end
  return nil, state.origin, problems, without_lines
end

--- Reads a slot: tensors, values for fm.run.kept. Raises.
function checkpoint.load(folder, slot)
  local tensors, metadata = fm.load(checkpoint.path(folder, slot))
  if not tensors then error(metadata, 0) end
  return tensors, assert(fm.json.decode(metadata["fm.values"]))
end

--- What a run that is done has left, checkpoint.safetensors: { path, tensors, values, ends (the
--- last step of each loop; none in files of earlier versions) }; or nil and a message.
function checkpoint.last(folder)
  local path = folder.path .. "/checkpoint.safetensors"
  if not lfs.attributes(path) then return nil, path .. " is missing: a run that keeps nothing leaves none (run:keeps { model = model } before its loop)" end
  local tensors, metadata = fm.load(path)
  if not tensors then return nil, metadata end
  local values, message = fm.json.decode(metadata["fm.values"] or "")
  local ends, problem = fm.json.decode(metadata["fm.loops"] or "[]")
  if type(values) ~= "table" or type(ends) ~= "table" then
    return nil, ("%s: not what a run writes: %s"):format(path, message or problem or "fm.values and fm.loops are to be an object and a list")
  end
  return { path = path, tensors = tensors, values = values, ends = ends }
end

return checkpoint
