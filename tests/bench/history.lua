-- Run by tests/bench/history: the same benchmarks in an older build and in this one, in turn (old,
-- new, new, old, ...), one thread, by the processor's time. A row for each time that they print:
-- medians of both, the median of old / new over the pairs (above 1: this tree is faster) and its
-- interval of 95 %. A row whose ratio is below 0.97 and its interval below 1 is measured once more,
-- and SLOWER if it is again.
--   fmrun tests/bench/history.lua -- [options] COMMIT    the commit is built in build/history
--   fmrun tests/bench/history.lua -- [options] --old FMRUN [--new FMRUN]    builds that are there
-- --pairs (9, at least 6): how often each is asked. --only SCRIPT,...: these scripts alone. --keep:
-- a line of JSON is added to history.jsonl beside this file. A script that does not run in the
-- older build is taken from the older commit, for both; where there is none either, it is said.
local fm <const> = require "fm"
local uv <const> = require "luv"
local here <const> = arg[0]:match "^(.*)/" or "."
local slower <const> = dofile(here .. "/slower.lua")

-- by: the fields of a line that name a row. times: those that are times, the fewer the better.
local benchmarks <const> = {
  { script = "start", set = "FM_BENCH_ROUNDS=20", by = { "work" }, times = { "ms" } },
  { script = "ops", by = { "op" }, times = { "us", "boundary_us", "add_65536_us" } },
  { script = "train_step", set = "FM_BENCH_SECONDS=0.5", by = { "work" }, times = { "ms_per_step" } },
  { script = "sample", set = "FM_BENCH_POINTS=500", by = { "work" }, times = { "sample_s" } },
  { script = "map_step", set = "FM_BENCH_ROUNDS=3 FM_BENCH_STEPS=10", by = { "work" }, times = { "ms_per_step" } },
  { script = "picture_step", set = "FM_BENCH_SECONDS=1", words = "unet", by = { "model" }, times = { "ms_per_step" } },
  { script = "picture_step", set = "FM_BENCH_SECONDS=1", words = "dit", by = { "model" }, times = { "ms_per_step" } },
  { script = "conv_step", set = "FM_BENCH_SECONDS=1", by = {}, times = { "ms_per_step" } },
  { script = "jvp", set = "FM_BENCH_SECONDS=0.5", by = {}, times = { "forward", "jvp", "forward_back", "jvp_back" } },
  { script = "couplings", by = { "work", "n" }, times = { "ms" } },
  { script = "solver_overhead", words = "3", by = { "method", "hidden" }, times = { "solve_us", "solver_us" } },
  { script = "sample_control", set = "FM_BENCH_ROUNDS=9", by = { "method" }, times = { "batch_ms", "sample_ms" } },
}

local function fail(...)
  io.stderr:write("history: ", string.format(...), "\n")
  os.exit(2)
end

--- What a shell command prints, or nil and the first line of its errors.
local function output(command)
  local errors <const> = os.tmpname()
  local pipe <const> = assert(io.popen(("%s 2>%s"):format(command, errors)))
  local text = pipe:read "a"
  local ok = pipe:close()
  local file <const> = assert(io.open(errors))
  local first = file:read "l" or "it failed"
  file:close()
  os.remove(errors)
  return ok and text or nil, first
end

local function must(command)
  local text, problem = output(command)
  return text and text:gsub("%s+$", "") or fail("%s: %s", command, problem)
end

-- ---- what was asked ----

local function read_words()
  local o, i = { pairs = "9" }, 1
  while arg[i] do
    local name = arg[i]:match "^%-%-(%l+)$"
    if name == "keep" then
      o.keep = true
    elseif name == "pairs" or name == "only" or name == "old" or name == "new" then
      i = i + 1
      o[name] = arg[i] or fail("--%s wants a value", name)
    elseif not o.commit and arg[i]:find "^[%w_]" then
      o.commit = arg[i]
    else
      fail("unexpected word %s: expected [--pairs N] [--only SCRIPT,...] [--keep] COMMIT", arg[i])
    end
    i = i + 1
  end
  local n = math.tointeger(tonumber(o.pairs))
  if not n or n < slower.least_pairs then fail("--pairs: expected a whole number >= %d, found %s", slower.least_pairs, o.pairs) end
  if (o.commit == nil) == (o.old == nil) then fail "expected either a commit or --old FMRUN" end
  o.pairs = n
  return o
end

--- The benchmarks whose scripts are named in --only; all without it.
local function chosen(only)
  if not only then return benchmarks end
  local list, known = {}, {}
  for _, b in ipairs(benchmarks) do
    known[b.script] = true
    if (",%s,"):format(only):find((",%s,"):format(b.script), 1, true) then list[#list + 1] = b end
  end
  for name in only:gmatch "[^,]+" do
    if not known[name] then fail("--only: there is no benchmark %s", name) end
  end
  return list
end

--- The build of a commit: cloned and built in build/history, once.
local function built(commit)
  local hash = must(("git rev-parse --verify --short=12 '%s^{commit}'"):format(commit))
  local folder = "build/history/" .. hash
  if not uv.fs_stat(folder .. "/build/fmrun") then
    io.stderr:write("building ", hash, " in ", folder, "\n")
    must(("rm -rf %s; git clone -q --shared --no-checkout . %s && git -C %s checkout -q --detach %s"):format(folder, folder, folder, hash))
    must(("cd %s && cmake --preset release && cmake --build build --target fmrun"):format(folder))
  end
  return { fmrun = folder .. "/build/fmrun", name = hash, folder = folder }
end

-- ---- measuring ----

--- The times that a script prints in a build, by the names of their rows, and those names in order;
--- nil and why not.
local function times_of(build, b, script)
  local command <const> = "OPENBLAS_NUM_THREADS=1 %s %s --threads 1 %s/processor.lua -- %s %s"
  local text, problem = output(command:format(b.set or "", build.fmrun, here, script, b.words or ""))
  if not text then return nil, problem end
  local times, order = {}, {}
  for line in text:gmatch "[^\n]+" do
    local fields = fm.json.decode(line) or fail("%s printed what is not JSON: %s", script, line)
    for _, key in ipairs(b.times) do
      if fields[key] then
        local words = { b.script }
        for _, by in ipairs(b.by) do words[#words + 1] = fields[by] end
        local name = table.concat(words, " ") .. (#b.times > 1 and " " .. key or "")
        times[name], order[#order + 1] = fields[key], name
      end
    end
  end
  return times, order
end

--- The script that both builds run: this tree's, or else the older one's; nil and why not.
local function script_for(b, old, new)
  local script = ("%s/%s.lua"):format(here, b.script)
  local times, problem = times_of(old, b, script)
  if times then return script end
  local former = old.folder and ("%s/tests/bench/%s.lua"):format(old.folder, b.script)
  if former and uv.fs_stat(former) and times_of(old, b, former) and times_of(new, b, former) then return former end
  return nil, problem
end

--- Rows of a benchmark: { name, old (a list of times), new, of judge }; times that the older build
--- does not print are named in `only_new`.
local function measure(b, script, old, new, count)
  local rows, only_new = {}, {}
  for pair = 1, count do
    local found = {}
    for _, build in ipairs(pair % 2 == 1 and { old, new } or { new, old }) do
      local times, order = times_of(build, b, script)
      if not times then fail("%s failed in %s: %s", script, build.name, order) end
      found[build] = { times = times, order = order }
    end
    for _, name in ipairs(found[new].order) do
      local before, now = found[old].times[name], found[new].times[name]
      if before then
        if not rows[name] then
          rows[name] = { name = name, old = {}, new = {} }
          rows[#rows + 1] = rows[name]
        end
        table.insert(rows[name].old, before)
        table.insert(rows[name].new, now)
      elseif pair == 1 then
        only_new[#only_new + 1] = name
      end
    end
  end
  for _, row in ipairs(rows) do row.found = slower.judge(row.old, row.new) end
  return rows, only_new
end

--- Measures a benchmark, and once more when a row is slower: chance seldom says so twice.
local function measure_twice(b, script, old, new, count)
  local rows, only_new = measure(b, script, old, new, count)
  local doubtful = false
  for _, row in ipairs(rows) do doubtful = doubtful or row.found.slower end
  if not doubtful then return rows, only_new end
  local again = measure(b, script, old, new, count)
  for _, row in ipairs(rows) do
    local second = again[row.name]
    if row.found.slower then row.old, row.new, row.found = second.old, second.new, second.found end
  end
  return rows, only_new
end

-- ---- the table ----

local function print_row(row)
  local f = row.found
  print(("%-56s %10.4g %10.4g %7.3f  %.3f .. %.3f%s"):format(row.name, slower.median(row.old), slower.median(row.new), f.ratio, f.low, f.high,
    f.slower and "  SLOWER" or ""))
end

--- Adds the ratios, and on what they were measured, to the file of the repository.
local function keep(old, new, count, ratios, marked)
  local line = fm.json.encode { date = os.date "!%Y-%m-%dT%H:%M:%SZ", old = old.name, new = new.name, kernels = select(2, fm.system.blas()),
    pairs = count, ratios = ratios, slower = #marked > 0 and marked or nil }
  local file <close> = assert(io.open(here .. "/history.jsonl", "a"))
  file:write(line, "\n")
end

local function main()
  local o <const> = read_words()
  local list <const> = chosen(o.only)
  local new <const> = { fmrun = o.new or "build/fmrun", name = o.new or must "git describe --always --abbrev=12 --exclude '*' --dirty" }
  local old <const> = o.old and { fmrun = o.old, name = o.old } or built(o.commit)
  print(("%s beside the older %s, %d pairs, kernels for %s"):format(new.name, old.name, o.pairs, (select(2, fm.system.blas()))))
  print(("%-56s %10s %10s %7s  %s"):format("BENCHMARK", "OLD", "NEW", "OLD/NEW", "95 %"))
  local ratios, marked, count = {}, {}, 0
  for _, b in ipairs(list) do
    local script, problem = script_for(b, old, new)
    local rows, only_new = {}, {}
    if script then rows, only_new = measure_twice(b, script, old, new, o.pairs) else print(("%-56s not in the older build: %s"):format(b.script, problem)) end
    for _, row in ipairs(rows) do
      print_row(row)
      ratios[row.name], count = tonumber(("%.4f"):format(row.found.ratio)), count + 1
      if row.found.slower then marked[#marked + 1] = row.name end
    end
    if #only_new > 0 then print(("%s: only in the newer build: %s"):format(b.script, table.concat(only_new, ", "))) end
    io.stdout:flush()
  end
  if o.keep then keep(old, new, o.pairs, ratios, marked) end
  print(("%d of %d are slower: ratio below %.2f, interval below 1, twice"):format(#marked, count, slower.limit))
  return #marked == 0
end

os.exit(main())
