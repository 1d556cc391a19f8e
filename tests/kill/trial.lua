-- What the kill tests share: starting fmrun, killing it, and comparing the folder it leaves with
-- that of a run nobody disturbed.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local uv <const> = require "luv"

local trial <const> = {}

local own <const> = { ["run.json"] = true, ["timing.jsonl"] = true, lock = true } -- these tell of times and processes
local saves <const> = { "--checkpoint-every", "25", "--keep-last", "2" }

local fmrun <const> = assert(os.getenv "FMRUN", "FMRUN must name the binary under test")
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
local read <const> = dofile(here .. "../whole_files.lua").read

function trial.script(name)
  return here .. name .. ".lua"
end

trial.read = read

--- Runs fmrun with these arguments. how: kill_after, seconds after which it gets a signal if it
--- lasts that long; signal ("sigkill"); group, true when all processes of its group get it;
--- environment, what is added to it. Returns { code, signal, text of stderr, seconds }.
function trial.start(arguments, how)
  how = how or {}
  local result, err <const>, began = {}, uv.new_pipe(), uv.hrtime()
  local env = { "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "PATH=" .. os.getenv "PATH" }
  for name, value in pairs(how.environment or {}) do env[#env + 1] = name .. "=" .. value end
  local process, pid = uv.spawn(fmrun, { args = arguments, env = env, stdio = { nil, nil, err }, detached = how.group }, function(code, ended_by)
    result.code, result.signal, result.seconds = code, ended_by, (uv.hrtime() - began) * 1e-9
  end)
  assert(process, pid)
  local function kill() uv.kill(how.group and -pid or pid, how.signal or "sigkill") end
  local timer <const> = uv.new_timer()
  if how.kill_after then timer:start(math.floor(how.kill_after * 1000), 0, kill) end
  local texts, reading = {}, true
  err:read_start(function(_, chunk)
    texts[#texts + 1] = chunk
    reading = chunk ~= nil
  end)
  while reading or not result.code do uv.run "once" end
  timer:close()
  err:close()
  process:close()
  uv.run "nowait"
  result.text = table.concat(texts)
  return result
end

--- The words that run a script in a folder, or go on there. `more`: key=value words.
function trial.words(script, folder, more)
  local words = table.move(saves, 1, #saves, 4, { script, "--folder", folder })
  return table.move(more or {}, 1, #(more or {}), #words + 1, words)
end

--- The words by which a run goes on, where it has come so far as to have a record.
function trial.resume_words(folder)
  return table.move(saves, 1, #saves, 3, { "resume", folder })
end

function trial.exists(path)
  return lfs.attributes(path) ~= nil
end

function trial.remove(folder)
  assert(os.execute(("rm -rf '%s'"):format(folder)))
end

--- The files of a folder and below it that must be equal, by name.
local function contents(folder, inside, files)
  inside, files = inside or "", files or {}
  for name in lfs.dir(folder .. "/" .. inside) do
    local full = inside .. name
    if name ~= "." and name ~= ".." and not own[full] then
      if lfs.attributes(folder .. "/" .. full, "mode") == "directory" then contents(folder, full .. "/", files)
      else files[full] = read(folder .. "/" .. full) end
    end
  end
  return files
end

--- What differs between two folders of runs, as lines; and how many files were compared.
function trial.differences(reference, folder)
  local list, wanted, found, n = {}, contents(reference), contents(folder), 0
  for name, text in pairs(wanted) do
    n = n + 1
    if not found[name] then list[#list + 1] = name .. " is missing" elseif found[name] ~= text then list[#list + 1] = name .. " differs" end
  end
  for name in pairs(found) do
    if not wanted[name] then list[#list + 1] = name .. " is left over" end
  end
  local record = assert(fm.json.decode(read(folder .. "/run.json")))
  local true_record = assert(fm.json.decode(read(reference .. "/run.json")))
  for _, name in ipairs { "status", "summary", "steps", "config", "code", "data", "best", "seed" } do
    if fm.json.encode(record[name]) ~= fm.json.encode(true_record[name]) then list[#list + 1] = "run.json: " .. name .. " differs" end
  end
  return list, n
end

--- A run that nobody disturbs. Returns how long it took.
function trial.reference(name, folder, more)
  local result = trial.start(trial.words(trial.script(name), folder, more))
  assert(result.code == 0, result.text)
  return result.seconds
end

return trial
