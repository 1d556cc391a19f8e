-- What a run's numbers came from: its Lua files, its config, its data, fm's own files, the program
-- and the kernels of BLAS. A checkpoint carries it, and a run that goes on from it compares.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local code_files <const> = require "fm.run.code_files"
local digests <const> = require "fm.run.digests"
local data_files <const> = require "fm.run.data_files"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local origin <const> = {}

-- otherwise it is a module of a stock Lua
local in_program <const> = package.preload["fm.core"] ~= nil
local program_path <const> = in_program and "/proc/self/exe" or package.searchpath("fm.core", package.cpath)
local library <const> = debug.getinfo(1, "S").source:sub(2):gsub("run/origin%.lua$", "")
-- of fm's files in use, by their path below the library, as they were when first asked for
local hashes <const> = {}

local program_hash -- nil until somebody asks: a run without checkpoints never does

local function program()
  program_hash = program_hash or program_path and fm.file.hash_file(program_path) or "unknown"
  return program_hash
end

local function library_hash(name)
  hashes[name] = hashes[name] or fm.file.hash_file(library .. name) or "missing"
  return hashes[name]
end

--- fm's Lua files in use so far, in this process or in the one before.
local function library_files()
  for module in pairs(package.loaded) do
    local path = module:find "^fm%." and by_name.file(module)
    if path and path:sub(1, #library) == library then library_hash(path:sub(#library + 1)) end
  end
  local list = fm.json.array {}
  for name, hash in pairs(hashes) do list[#list + 1] = { path = name, hash = hash } end
  table.sort(list, digests.by_path)
  return list
end

--- The origin now, of a run with these sources { code, data } (lists of fm.run.code_files and
--- fm.run.data_files) and this config.
function origin.now(sources, config)
  return { code = code_files.list(sources.code), data = data_files.list(sources.data), config = config, library = library_files(), program = program(),
    blas_core = select(2, fm.system.blas()), real = fm.real }
end

-- ---- differences ----

local function add(list, what, old, new)
  if old ~= new then list[#list + 1] = ("%s: was %s, is now %s"):format(what, old, new) end
end

local function add_files(list, files, hash)
  for _, file in ipairs(files) do
    if not file.files then add(list, file.path, file.hash, hash(file.path)) end
  end
end

local function add_config(list, old, new)
  local names = {}
  for name in pairs(old) do names[name] = true end
  for name in pairs(new) do names[name] = true end
  for _, name in ipairs(sorted_keys(names)) do
    if old[name] ~= new[name] then list[#list + 1] = ("config: %s was %s, is now %s"):format(name, tostring(old[name]), tostring(new[name])) end
  end
end

local function hash_now(path)
  return fm.file.hash_file(path) or "missing"
end

--- The digest that the Lua file at a path has in this process. copies: path -> { hash } of files
--- that are called from their copies, if any.
local function code_hash(copies)
  return function(path) return copies and copies[path] and copies[path].hash or hash_now(path) end
end

--- Lines that name each difference between an origin of the past and this process with `config` and
--- `copies`; folders of data are compared once they are read again (origin.folder_differences).
function origin.differences(past, config, copies)
  local list = {}
  add_files(list, past.code, code_hash(copies))
  add_config(list, past.config, config)
  add_files(list, past.data, hash_now)
  add(list, "the program", past.program, program())
  add_files(list, past.library, library_hash)
  add(list, "BLAS kernels", past.blas_core, select(2, fm.system.blas()))
  add(list, "numbers", past.real, fm.real)
  return list
end

--- Lines that name what differs between the record of a run (run.json) and its present Lua files
--- and config.
function origin.record_differences(record, config, copies)
  local list = {}
  add_files(list, record.code or {}, code_hash(copies))
  add_config(list, record.config or {}, config)
  return list
end

--- Lines for the files of data of a record that have changed since.
function origin.data_differences(record)
  local list = {}
  add_files(list, record.data or {}, hash_now)
  return list
end

--- Lines for the folders of data that were read in the past and again now, with different contents.
function origin.folder_differences(past, data)
  local list, now = {}, {}
  for _, entry in ipairs(data_files.list(data)) do now[entry.path] = entry.hash end
  for _, entry in ipairs(past.data) do
    if entry.files and now[entry.path] then add(list, entry.path, entry.hash, now[entry.path]) end
  end
  return list
end

return origin
