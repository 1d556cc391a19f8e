-- What a result was computed on: { model (of the processor, nil when unknown), cores, kernels (of
-- OpenBLAS), real }.
local fm <const> = require "fm"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local words <const> = require "fm.records.words"

local machine <const> = {}

local function model()
  local info = require "luv".cpu_info() or {}
  return info[1] and info[1].model:gsub("%s+", " "):match "^%s*(.-)%s*$"
end

function machine.here()
  return { model = model(), cores = (require "fm.run.cores"()), kernels = select(2, fm.system.blas()), real = fm.real }
end

--- What the records of runs say. The model of the processor is known when they were made on this
--- host.
function machine.of_records(list)
  local _, host = fm.system.process()
  local found, kernels, is_here = { cores = 0 }, {}, true
  for _, record in ipairs(list) do
    local versions = record.versions or {}
    found.cores, found.real = math.max(found.cores, record.cores or 0), versions.real or found.real
    if versions.blas_core then kernels[versions.blas_core] = true end
    is_here = is_here and record.host == host
  end
  found.kernels, found.model = table.concat(sorted_keys(kernels), " and "), is_here and model() or nil
  return found
end

--- What a result says of its machine, a text or a table, in one line: "Intel Xeon, 2 cores,
--- kernels Haswell, float".
function machine.text(found)
  if type(found) == "string" then return found end
  local function said(name) return type(found[name]) == "string" and found[name] ~= "" and found[name] or nil end
  local parts = { said "model" or "an unknown processor" }
  if math.type(found.cores) == "integer" then parts[#parts + 1] = words.count(found.cores, "core") end
  parts[#parts + 1] = said "kernels" and "kernels " .. found.kernels
  parts[#parts + 1] = said "real"
  return table.concat(parts, ", ")
end

return machine
