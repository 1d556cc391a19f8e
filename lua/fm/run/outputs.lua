-- The files of a run that are neither lines nor checkpoints: pictures and saved values. A replay
-- does not write them, because they are there already. The checkpoints after an output hold its
-- digest, so that a lost or damaged one is noticed when the run goes on.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"
local lfs <const> = require "lfs"
local options <const> = require "fm.parts.options"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local utf8_text <const> = require "fm.parts.utf8_text"

local outputs <const> = {}

--- names: the set of all outputs so far. hashes: name -> digest, of what fm wrote. to_verify:
--- whether the run went on from a checkpoint, so that earlier outputs could have been changed
--- meanwhile.
function outputs.new()
  return { names = {}, hashes = {}, to_verify = false }
end

-- ---- names ----

-- What fmrun writes into a run's folder itself, as patterns of lower-case names: some disks ignore
-- case.
local own <const> = { "config%.json", "run%.json", "state%.json", "log%.txt", "metrics%.jsonl", "timing%.jsonl", "lock", "code", "report%.html",
  "pareto%.json", "pareto%.csv", "pareto%.png", "checkpoint.*%.safetensors", "%.fm%-.*" }
local own_text <const> = "config.json, run.json, state.json, log.txt, metrics.jsonl, timing.jsonl, lock, code, report.html, pareto.*, checkpoint*, .fm-*"

--- A name without "./" and "//": "a/b.png" for "./a//b.png".
local function plain_name(name)
  local parts = {}
  for part in name:gmatch "[^/]+" do
    if part ~= "." then parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

--- The name as it is in the folder; raises for a name that the run needs itself, and for a value
--- that is not the name of a file.
function outputs.checked(where, name)
  if type(name) ~= "string" then fm.fail(("%s: expected the name of a file, found %s"):format(where, options.shown(name))) end
  utf8_text.check(where .. ": the name of a file", name)
  if name:find "%c" then fm.fail(("%s: expected the name of a file on one line, found %q"):format(where, name)) end
  local plain = plain_name(name)
  if plain == "" or name:find "/%.?$" or name:find "^/" or ("/" .. name .. "/"):find("/../", 1, true) then
    fm.fail(("%s: expected the name of a file inside the run's folder, found %q"):format(where, name))
  end
  local first, rest = plain:lower():match "^([^/]*)(/?)"
  for _, pattern in ipairs(own) do
    if first:find("^" .. pattern .. "$") then rest = "own" end
  end
  if rest == "own" or rest == "" and first:find "^checkpoint" then
    fm.fail(("%s: %q is a file of the run itself; these are taken: %s"):format(where, name, own_text))
  end
  return plain
end
local checked <const> = outputs.checked

--- The name with this ending when it has none.
local function with_ending(name, usual)
  if type(name) == "string" and not name:find "%.%w+$" then return name .. usual end
  return name
end

-- ---- what an experiment calls ----

local methods <const> = {}
outputs.methods = methods

--- The path of a checked name; run.json lists it, so that `fmrun rm` may remove it.
local function path_of(run, name)
  run.outputs.names[name] = true
  return run.folder:file(name)
end

--- The path of a file in the run's folder. What the script writes there without run:save or
--- run:picture is written again when a run goes on from a later checkpoint.
function methods.path(run, name, ...)
  options.no_more("path", 1, ...)
  return path_of(run, checked("path", name))
end

--- Writes an output by calling save(path), unless the output is there already. Returns its path.
function outputs.write(run, name, save)
  local path = path_of(run, name)
  if run.replay or run.folder.mute then return path end
  run.outputs.hashes[name] = nil
  assert(save(path))
  run.outputs.hashes[name] = assert(fm.file.hash_file(path))
  return path
end
local write <const> = outputs.write

--- Saves a picture of fm.plot as NAME.png, or in the format of the name's ending.
function methods.picture(run, name, picture, ...)
  options.no_more("picture", 2, ...)
  name = checked("picture", with_ending(name, ".png"))
  if type(picture) ~= "table" or not options.callable(picture.save) then
    fm.fail("picture: expected a picture of fm.plot, found " .. (fm.is_tensor(picture) and "a tensor" or type(picture)))
  end
  return write(run, name, function(path) return picture:save(path) end)
end

local function expect(holds, format, wanted, value)
  if not holds then fm.fail(("save: .%s is for %s, found %s"):format(format, wanted, fm.is_tensor(value) and "a tensor" or type(value))) end
end

local function text_saver(format)
  return function(path, value)
    expect(type(value) == "string", format, "a text", value)
    return fm.file.write(path, value)
  end
end

local function tensor_saver(format, save)
  return function(path, value)
    expect(fm.is_tensor(value), format, "a tensor", value)
    return save(path, value)
  end
end

local savers <const> = {
  npy = tensor_saver("npy", fm.npy.save), png = tensor_saver("png", fm.png.save), txt = text_saver "txt", csv = text_saver "csv",
  json = function(path, value)
    utf8_text.check_all("save: .json", value)
    return fm.file.write(path, fm.json.encode(value) .. "\n")
  end,
  safetensors = function(path, value)
    expect(type(value) == "table", "safetensors", "a model or a table of tensors", value)
    return fm.save(path, options.callable(value.state) and value:state() or value)
  end,
}

--- Saves a value in the format of the name's ending: .npy (a tensor), .safetensors (a model, or
--- tensors by name), .png, .json, .txt, .csv.
function methods.save(run, name, value, ...)
  options.no_more("save", 2, ...)
  name = checked("save", with_ending(name, ".safetensors"))
  local format = name:match "%.(%w+)$"
  local saver = savers[format]
  if not saver then fm.fail("save: no format ends in ." .. format .. " (npy, safetensors, png, json, txt, csv)") end
  return write(run, name, function(path) return saver(path, value) end)
end

-- ---- on disk ----

--- Syncs what the script wrote itself, by run:path: a run that is called done must be on disk.
--- Raises.
function outputs.settle(run)
  if run.folder.mute then return end
  for _, name in ipairs(sorted_keys(run.outputs.names)) do
    local path = run.folder.path .. "/" .. name
    local file <close> = not run.outputs.hashes[name] and io.open(path, "rb") or nil -- what fm wrote is synced
    if file then
      assert(fm.file.sync(path))
      assert(fm.file.sync((path:match "^(.*)/")))
    end
  end
end

-- ---- in run.json ----

local most_exact <const> = 64

--- Names of the outputs of this process, and of those before it (as this function listed them), in
--- order: what `fmrun rm` may take away. Many become few by their digits, "frames/step-*.png". One
--- with a * of its own is left out.
function outputs.names(run, former)
  local all, few = {}, {}
  for name in pairs(run.outputs.names) do all[name] = not name:find("*", 1, true) or nil end
  for _, name in ipairs(former or {}) do all[name] = true end
  local names = sorted_keys(all)
  for _, name in ipairs(names) do few[#names > most_exact and name:gsub("%d+", "*") or name] = true end
  return fm.json.array(sorted_keys(few))
end

-- ---- in checkpoints ----

--- What was written so far: { path = name, hash }, in order.
function outputs.list(run)
  local list, hashes = fm.json.array {}, run.outputs.hashes
  for _, name in ipairs(sorted_keys(hashes)) do list[#list + 1] = { path = name, hash = hashes[name] } end
  return list
end

--- At a checkpoint: what was written before it. A process that was killed has not listed it in
--- run.json.
function outputs.restore(run, list)
  for _, output in ipairs(list or {}) do
    run.outputs.hashes[output.path], run.outputs.names[output.path] = output.hash, true
  end
end

--- Lines that name the outputs of a list that are missing. A changed one may have been written
--- again after the checkpoint: see verify.
function outputs.missing(folder, list)
  local lines = {}
  for _, output in ipairs(list or {}) do
    if not lfs.attributes(folder.path .. "/" .. output.path) then
      lines[#lines + 1] = ("%s/%s was written before, and is missing"):format(folder.path, output.path)
    end
  end
  return lines
end

--- The end of a run that went on from a checkpoint: each output must be what was written. Raises.
function outputs.verify(run)
  if not run.outputs.to_verify then return end
  local lines = {}
  for _, output in ipairs(outputs.list(run)) do
    local path = run.folder.path .. "/" .. output.path
    local hash, message = fm.file.hash_file(path)
    if hash ~= output.hash then
      lines[#lines + 1] = hash and ("%s is damaged: its digest is %s, what was written had %s"):format(path, hash, output.hash) or message
    end
  end
  if #lines == 0 then return end
  ending.raise("failed", table.concat(lines, "\n") .. "\n" .. run.advice)
end

return outputs
