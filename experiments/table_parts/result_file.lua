-- save(path, what, runs, others): writes tables for the page of results, a line a row, so that a
-- change is seen in a comparison. what: { title, command, notes, tables }; machine and seconds are
-- added, of the runs that count, and how many these are; others: how many do not, by status.
local fm <const> = require "fm"

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

return function(path, what, runs, others)
  local seconds, texts, encode, said = 0, {}, fm.json.encode, { made_of(runs, others), table.unpack(what.notes) }
  for _, run in ipairs(runs) do seconds = seconds + (run.seconds or 0) end
  for i, found in ipairs(what.tables) do texts[i] = lines_of(found) end
  return fm.file.write(path, ('{"title":%s,\n"command":%s,\n"machine":%s,\n"seconds":%s,\n"notes":%s,\n"tables":[\n%s]}\n'):format(encode(what.title),
    encode(what.command), encode(machine_of(runs)), encode(seconds), encode(fm.json.array(said)), table.concat(texts, ",\n")))
end
