-- Writes tables for the page of results, a line a row, so that a change is seen in a comparison:
-- { title, command, machine, seconds, notes, tables }. All of it is of the runs that count, but
-- others: how many do not, by status.
local fm <const> = require "fm"
local sweeps <const> = require "baselines.parts.sweeps"

local title <const> = "Generative models on one bench: the article's claims measured"
local notes <const> = "The same network and data for all methods, for about the same CPU time of training. Each figure is a mean over seeds ± half of its "
  .. "95 % interval (Student's t) at the learning rate with the least mean distance to the data, over the seeds that all rates of the method have; shares "
  .. "are over all rates. The distance is W2 of points, the Frechet distance in the features of a classifier for pictures. Times are CPU times."

--- The model of this machine's processor, which is the one of the runs when they were made here.
local function model_of(runs)
  local _, here = fm.system.process()
  for _, run in ipairs(runs) do
    if run.host ~= here then return nil end
  end
  local file <close> = io.open "/proc/cpuinfo"
  local model = file and file:read "a":match "model name%s*:%s*([^\n]+)"
  return model and model:gsub("%s+", " ")
end

local function machine_of(runs)
  local found = { model = model_of(runs), cores = 0 }
  for _, run in ipairs(runs) do
    local versions = run.versions or {}
    found.cores, found.kernels, found.real = math.max(found.cores, run.cores or 0), versions.blas_core or found.kernels, versions.real or found.real
  end
  return found
end

--- How many runs there are, of when and by what; and which were left out.
local function made_of(runs, others)
  local days, version, left = {}, nil, {}
  for i, run in ipairs(runs) do days[i], version = run.started:sub(1, 10), (run.versions or {}).fmrun or version end
  table.sort(days)
  local first, last = days[1], days[#days]
  for status, n in pairs(others) do left[#left + 1] = ("%d %s"):format(n, status) end
  return ("%d runs, made %s, by fmrun %s%s."):format(#runs, first == last and "on " .. first or ("from %s to %s"):format(first, last), version or "?",
    #left > 0 and "; left out: " .. table.concat(left, ", ") or "")
end

local function lines_of(found)
  local rows = {}
  for i, row in ipairs(found.rows) do rows[i] = fm.json.encode(fm.json.array(row)) end
  return ('{"title":%s,\n"columns":%s,\n"notes":%s,\n"rows":[\n%s]}'):format(fm.json.encode(found.title), fm.json.encode(fm.json.array(found.columns)),
    fm.json.encode(fm.json.array(found.notes)), table.concat(rows, ",\n"))
end

return function(path, runs, others, tables, command)
  local seconds, texts, encode, said = 0, {}, fm.json.encode, { notes, made_of(runs, others), table.unpack(sweeps(runs)) }
  for _, run in ipairs(runs) do seconds = seconds + (run.seconds or 0) end
  for i, found in ipairs(tables) do texts[i] = lines_of(found) end
  return fm.file.write(path, ('{"title":%s,\n"command":%s,\n"machine":%s,\n"seconds":%s,\n"notes":%s,\n"tables":[\n%s]}\n'):format(encode(title),
    encode(command), encode(machine_of(runs)), encode(seconds), encode(fm.json.array(said)), table.concat(texts, ",\n")))
end
