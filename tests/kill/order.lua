-- What is wrong with the order of the calls that the shim recorded below `root`: of processes that
-- were not killed. What is written must be durable before anything relies on it:
--   a file gets its name after its bytes are synced, and then its folder is synced at once;
--   a new folder, and a file that is cut, are synced at once;
--   state.json follows all that it names: checkpoints, lines, outputs;
--   a slot is written again when the other one is durable, and state.json names that one first;
--   run.json says "done" when all that the run left is durable; checkpoints go after that.
local fm <const> = require "fm"
local disk <const> = dofile(debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "") .. "disk.lua")

local function parent(path)
  return path:match "^(.*)/"
end

local function json(text)
  return text and assert(fm.json.decode(text))
end

local rules <const> = {} -- call -> function(call, the next call of its process, the disk before it, say)

local function synced_at_once(following, path)
  return following and following.call == "fsync" and following.path == path
end

function rules.mkdir(call, following, _, say)
  if not synced_at_once(following, parent(call.path)) then say "is a new folder, and the folder that holds it is not synced" end
end

function rules.ftruncate(call, following, _, say)
  if not synced_at_once(following, call.path) then say "is cut, and not synced" end
end

--- What state.json names must be durable before it.
local function heed_state(call, now, say)
  local folder, state = parent(call.path), json(now:text(call.bytes)).state
  local function expect(name)
    if not now:is_durable(folder .. "/" .. name) then say(("names %s, which is not durable"):format(name)) end
  end
  for _, slot in ipairs(state.slots) do
    local name = ("checkpoint-%d.safetensors"):format(slot.slot)
    expect(name)
    if fm.file.hash(now:text(folder .. "/" .. name) or "") ~= slot.hash then say(("names other bytes of %s"):format(name)) end
    for _, output in ipairs(slot.outputs) do expect(output.path) end
  end
  for name, length in pairs(state.slots[1] and state.slots[1].lengths or {}) do
    if length > 0 then expect(name) end
  end
end

local function heed_slot(call, slot, now, say)
  local folder = parent(call.path)
  local state = json(now:text(folder .. "/state.json"))
  if not state then say "is written before there is a state.json" end
  if not state or not state.state.slots[1] or not now:at(call.path) then return end -- nothing is lost
  if not now:is_durable(folder .. "/state.json") then say "is written again while state.json is not durable" end
  if state.state.slots[1].slot == slot then say "is written again, and holds the newest checkpoint" end
  if not now:is_durable(("%s/checkpoint-%d.safetensors"):format(folder, 3 - slot)) then say "is written again while the other slot is not durable" end
end

--- All files below a folder but locks and temporary ones must be durable.
local function heed_done(now, path, say)
  for name, node in pairs(now:at(path).now) do
    local inner = path .. "/" .. name
    if node.now then heed_done(now, inner, say) end
    if name ~= "lock" and name ~= "run.json" and not name:find "%.tmp$" and not now:is_durable(inner) then
      say(('says "done" while %s is not durable'):format(inner))
    end
  end
end

function rules.renameat(call, following, now, say)
  if not now:is_settled(call.bytes) then say "gets its name before its bytes are synced" end
  if not synced_at_once(following, parent(call.path)) then say "has its name, and its folder is not synced" end
  local name = call.path:match "[^/]*$"
  local slot = math.tointeger(name:match "^checkpoint%-(%d)%.safetensors$")
  if name == "state.json" then heed_state(call, now, say) end
  if slot then heed_slot(call, slot, now, say) end
  if name == "run.json" and json(now:text(call.bytes)).status == "done" then heed_done(now, parent(call.path), say) end
end

function rules.remove(call, _, now, say)
  local folder, name = call.path:match "^(.*)/([^/]*)$"
  if name ~= "state.json" and not name:find "^checkpoint%-%d%.safetensors$" then return end
  local record = json(now:text(folder .. "/run.json"))
  if not record or record.status ~= "done" or not now:is_durable(folder .. "/run.json") then say "is removed before it is durable that the run is done" end
end

--- For each call the next one below `root` of the same process.
local function following_each(calls, root)
  local following, last = {}, {}
  for i = #calls, 1, -1 do
    local inside = calls[i].path == root or calls[i].path:sub(1, #root + 1) == root .. "/"
    following[i] = last[calls[i].pid]
    if inside then last[calls[i].pid] = calls[i] end
  end
  return following
end

--- A list of lines, and how often each call was made on each file, "renameat state.json" -> n.
return function(calls, root)
  local now, problems, made = disk.new(root), {}, {}
  local following = following_each(calls, root)
  for i, call in ipairs(calls) do
    local rule, key = rules[call.call], call.call .. " " .. call.path:match "[^/]*$"
    if rule and call.path:sub(1, #root + 1) == root .. "/" then
      rule(call, following[i], now, function(what) problems[#problems + 1] = ("call %d: %s %s"):format(i, call.path, what) end)
    end
    if now:apply(call) then made[key] = (made[key] or 0) + 1 end
  end
  return problems, made
end
