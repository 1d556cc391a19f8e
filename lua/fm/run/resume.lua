-- What the folder of a run that began earlier holds, and whether the run can go on from there.
local checkpoint <const> = require "fm.run.checkpoint"
local code_copies <const> = require "fm.records.code_copies"
local origin <const> = require "fm.run.origin"
local outputs <const> = require "fm.run.outputs"
local read_record <const> = require "fm.records.run_json"
local replay <const> = require "fm.run.replay"

local resume <const> = {}

--- The checkpoint to go on from, of a locked folder: slot entry, origin, and a list of what differs
--- now from the time of the checkpoint; nil when there is no checkpoint. Tells the listener what
--- was damaged.
local function find(folder, listener)
  local slot, past, problems, without_lines = checkpoint.find(folder)
  if without_lines then return without_lines, past, problems end
  for _, problem in ipairs(problems) do listener:warn(problem) end
  if #problems > 0 then
    listener:warn(slot and ("going on from the older checkpoint, of step %d"):format(slot.step) or "no checkpoint is left: the run begins again")
  end
  return slot, past, slot and outputs.missing(folder, slot.outputs)
end

local function refuse(path, slot, differences, advice)
  return nil, ("%s: not the run that wrote the checkpoint of step %d:\n  %s\n%s"):format(path, slot.step, table.concat(differences, "\n  "), advice)
end

--- A run that is done needs nothing more, if it is the requested run.
local function plan_done(path, former, values, copies)
  local differences = origin.record_differences(former, values, copies)
  if #differences == 0 then return { done = true, former = former } end
  return nil, ("%s: holds another run, which is done:\n  %s\nchoose another folder, or remove it"):format(path, table.concat(differences, "\n  "))
end

--- How a run goes on in `folder` with these values: { former = its record, replay = the way to its
--- checkpoint (nil: from the beginning), slot }, or { done = true } when it needs nothing more, or
--- nil and a message. `how.force` goes on in spite of differences, `how.anew` begins again,
--- `how.copies` are copies of Lua files that run instead of the files.
function resume.plan(folder, values, how)
  local former, problem = read_record(folder:file "run.json")
  if not former then
    if folder:is_fresh() then return {} end
    return nil, folder.path .. ": " .. problem .. "; this is no run's folder, or one that ended before it began: choose another, or remove it"
  end
  if how.anew then return { former = { resumed = former.resumed } } end
  if former.status == "done" then return plan_done(folder.path, former, values, how.copies) end
  local slot, past, damages = find(folder, how.listener)
  if not slot then return { former = former, shares = how.shares or former.shares or 1 } end
  if how.copies then code_copies.add(how.copies, folder.path, past.code) end
  local differences = how.force and {} or origin.differences(past, values, how.copies)
  local shares = former.shares or 1
  if not how.force and how.shares and how.shares ~= shares then
    differences[#differences + 1] = ("shares: were %d, are now %d"):format(shares, how.shares)
  end
  if not how.force then table.move(damages, 1, #damages, #differences + 1, differences) end
  if #differences > 0 then return refuse(folder.path, slot, differences, how.advice(folder.path)) end
  local ok, tensors, coded = pcall(checkpoint.load, folder, slot)
  if not ok then return nil, tostring(tensors) end
  if how.force then shares = how.shares or shares end
  return { former = former, slot = slot, shares = shares, replay = replay.new(slot, tensors, coded, past, not how.force and how.advice(folder.path)) }
end

return resume
