-- Is everything there that runs need, and does a small model learn? Each check says what it found,
-- or what is wrong.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local command_line <const> = require "fm.cli.command_line"
local folders <const> = require "fm.run.folder"
local layout <const> = require "fm.cli.terminal.layout"
local painter <const> = require "fm.cli.terminal.paint"
local remove <const> = require "fm.cli.remove_folder"
local cores_to_use <const> = require "fm.run.cores"
local quoted <const> = require "fm.parts.shell_word"
local words <const> = require "fm.records.words"

--- What is wrong: ends the check.
local function bad(message)
  error({ bad = message }, 0)
end

local function threads_of_process()
  local file <close> = io.open "/proc/self/status"
  return file and math.tointeger(tonumber((file:read "a"):match "\nThreads:%s*(%d+)"))
end

local function versions()
  return ("fmrun %s (%s), Lua %s, %s"):format(fm.version, fm.real, fm.system.lua, fm.system.libraries())
end

-- Kernels of OpenBLAS for processors of other years, the newer ones first.
local older_kernels <const> = { "Haswell", "Sandybridge", "Nehalem", "Prescott" }

--- What helps when the kernels for this processor multiply wrongly. Asks other fmruns, because
--- OpenBLAS chooses its kernels when it is loaded.
local function remedy(core)
  local question = quoted "os.exit(require 'fm.core'.system.check_products 'OpenBLAS' and 0 or 1)"
  for _, kernels in ipairs(older_kernels) do
    local command = ("{ OPENBLAS_CORETYPE=%s %s -E -e %s; } >/dev/null 2>&1"):format(kernels, quoted(require "luv".exepath()), question)
    if kernels ~= core and os.execute(command) then
      return ("set OPENBLAS_CORETYPE=%s, with which all products are right, or install a newer OpenBLAS"):format(kernels)
    end
  end
  return "install a newer OpenBLAS; the older kernels that OPENBLAS_CORETYPE can choose are not right either"
end

--- A remark when OPENBLAS_CORETYPE names other kernels than those in use. OpenBLAS ignores a name
--- that it does not know, without a word; the bytes are then not those that the name promises.
local function asked_for(core)
  local name = os.getenv "OPENBLAS_CORETYPE"
  return name and name:lower() ~= core:lower() and (' (OPENBLAS_CORETYPE says "%s")'):format(name) or ""
end

local function products()
  local version, core = fm.system.blas()
  local threads = threads_of_process()
  if threads and threads > 1 + fm.system.threads() then bad(("OpenBLAS %s %s runs %d threads: results may change"):format(version, core, threads)) end
  local count, wrong = fm.system.check_products "OpenBLAS"
  if not count then bad(("OpenBLAS %s multiplies wrongly with its kernels for %s: %s; %s"):format(version, core, wrong, remedy(core))) end
  local own, wrong_own = fm.system.check_products "own"
  if not own then bad(("fmrun multiplies wrongly by its own kernels: %s; please report it, with the processor's name"):format(wrong_own)) end
  return ("OpenBLAS %s, kernels for %s%s, one thread: %d products, and %d by fmrun's own kernels, are those of plain loops"):format(
    version, core, asked_for(core), count, own)
end

local function modules()
  local found = {}
  for _, name in ipairs { "lfs", "luv" } do
    local ok, module = pcall(require, name)
    if not ok then bad(("the Lua module %s is missing: ./bootstrap installs it"):format(name)) end
    found[#found + 1] = name .. " " .. (name == "luv" and module.version_string() or tostring(module._VERSION):match "[%d.]+" or "")
  end
  return table.concat(found, ", ")
end

local function cores()
  local count, processors, physical, quota = cores_to_use()
  local info = require "luv".cpu_info() or {}
  return ("%d to use: %s, %s%s; %s"):format(count, words.count(processors, "processor"), words.count(physical, "core"),
    quota and (", a CPU quota of %.3g"):format(quota) or "", info[1] and info[1].model or "unknown")
end

local function memory()
  local uv <const> = require "luv"
  local least <const> = 200e6
  local free, total = uv.get_free_memory(), uv.get_total_memory()
  if total < least then bad(("%.0f MB of memory is little"):format(total / 1e6)) end
  return ("%.1f of %.1f GB free"):format(free / 1e9, total / 1e9)
end

--- Writes a checkpoint and a picture and reads them again.
local function try_files(folder)
  local tensor = fm.rng(1, "doctor"):uniform(4, 4)
  local function compare(name, back)
    if (back:reshape(4, 4) - tensor):abs():max():item() > 1 / 255 then bad(name .. ": what was written does not read back") end
  end
  assert(fm.save(folder .. "/file.safetensors", { t = tensor }))
  compare("safetensors", assert(fm.load(folder .. "/file.safetensors")).t)
  assert(fm.png.save(folder .. "/file.png", tensor))
  compare("png", assert(fm.png.load(folder .. "/file.png")))
end

local function try_lock(folder)
  local lock <close>, message = fm.system.lock(folder .. "/lock")
  if not lock then bad(message) end
  if not fm.system.locked(folder .. "/lock") then bad "this disk has no locks: a live run cannot be told from a dead one" end
end

--- Writes, reads and locks in the folder of the runs, as a run does.
local function disk(line)
  local base = command_line.runs(line)
  local folder = ("%s/.doctor-%d"):format(base, (fm.system.process()))
  local made, message = folders.make_parents(folder)
  if not made then bad(message) end
  local ok, problem = pcall(function()
    try_files(folder)
    try_lock(folder)
  end)
  remove(folder)
  lfs.rmdir(base) -- if it was made for this
  if not ok then error(problem, 0) end
  return ("writes, reads and locks in %s"):format(base)
end

--- A network that learns two moons for 100 steps; the loss must fall by a tenth.
local function training()
  local steps <const>, part <const> = 100, 10
  local rng = fm.rng(1, "doctor")
  fm.nn.seed(rng)
  local truth = fm.data.moons { n = 256, rng = rng:stream "data" }
  local model = fm.nn.vector_field { dim = 2, hidden = 32, time_embed = 16 }
  local optimizer = fm.optim.adam(model, { lr = 5e-3 })
  local first, last, began = 0, 0, fm.system.seconds()
  for step = 1, steps do
    rng:at(step)
    local loss = optimizer:step(function() return fm.flow.loss(model, truth, { rng = rng }) end)
    if step <= part then first = first + loss / part elseif step > steps - part then last = last + loss / part end
  end
  if not (last < 0.9 * first) then bad(("a small network does not learn: loss %.4g -> %.4g"):format(first, last)) end
  return ("a small network learns: loss %.3g -> %.3g, %.0f steps a second"):format(first, last, steps / (fm.system.seconds() - began))
end

--- Milliseconds that a call of f takes on so many threads.
local function milliseconds(threads, f)
  local seconds <const> = 0.05
  fm.system.threads(threads)
  for _ = 1, 3 do f() end
  local calls, began = 0, fm.system.seconds()
  repeat
    f()
    calls = calls + 1
  until fm.system.seconds() - began >= seconds
  return (fm.system.seconds() - began) / calls * 1e3
end

local function median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

--- A train step on one thread and on all, in turn.
local function speed()
  local rounds <const>, size <const>, most <const> = 5, 256, (cores_to_use())
  local rng = fm.rng(1, "doctor")
  fm.nn.seed(rng)
  local data, model = rng:normal(size, 2), fm.nn.vector_field { dim = 2, hidden = size }
  local optimizer = fm.optim.adam(model, { lr = 1e-3 })
  local function loss() return fm.flow.loss(model, data, { rng = rng }) end
  local function step() optimizer:step(loss) end
  local before, one, all = fm.system.threads(), {}, {}
  for i = 1, rounds do
    one[i] = milliseconds(1, step)
    all[i] = most > 1 and milliseconds(most, step) or one[i]
  end
  fm.system.threads(before)
  local slow, fast = median(one), median(all)
  local text = ("a train step of %d x %d: %.2f ms on one thread"):format(size, size, slow)
  if most == 1 then return text .. ", and there is one core" end
  return ("%s, %.2f ms on %d: %.1f times as fast%s"):format(text, fast, most, slow / fast,
    fast > 1.1 * slow and "; something else may be using the cores: --threads 1 is better meanwhile" or "")
end

local checks <const> = {
  { "versions", versions }, { "modules", modules }, { "products", products }, { "cores", cores }, { "memory", memory },
  { "disk", disk }, { "training", training }, { "speed", speed },
}

return {
  help = "examine the installation: libraries and their products, memory, disk, a tiny training, what threads gain", usage = "fmrun doctor [--json]",
  options = { { "--json", name = "json", help = "one JSON object per check" }, "runs", "color" },
  run = function(line)
    local rows, well = {}, true
    for i, check in ipairs(checks) do
      local ok, text = pcall(check[2], line)
      if not ok then text = type(text) == "table" and text.bad or tostring(text) end
      well = well and ok
      if line.json then print(fm.json.encode { name = check[1], ok = ok, text = text }) end
      rows[i] = { { text = ok and "ok" or "BAD", color = ok and "green" or "red" }, check[1], text }
    end
    if not line.json then
      print(table.concat(layout.table({ {}, {}, { flexible = true } }, rows, { columns = layout.columns(), paint = painter(1, line.color) }), "\n"))
    end
    return well and 0 or 1
  end,
}
