-- Is everything there that runs need, and does a small model learn? Each check says what it found,
-- or what is wrong.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local command_line <const> = require "fm.cli.command_line"
local folders <const> = require "fm.run.folder"
local layout <const> = require "fm.cli.terminal.layout"
local painter <const> = require "fm.cli.terminal.paint"
local remove <const> = require "fm.cli.remove_folder"

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

local function blas()
  local version, core = fm.system.blas()
  local threads = threads_of_process()
  if threads and threads > 1 + fm.system.threads() then bad(("OpenBLAS %s %s runs %d threads: results may change"):format(version, core, threads)) end
  local a = fm.tensor { { 1, 2 }, { 3, 4 } }
  local product = a:matmul(a):totable()
  if product[1][1] ~= 7 or product[2][2] ~= 22 then bad(("OpenBLAS %s %s multiplies wrongly"):format(version, core)) end
  return ("OpenBLAS %s, kernels for %s, one thread"):format(version, core)
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
  local uv <const> = require "luv"
  local info = uv.cpu_info() or {}
  return ("%d x %s"):format(#info, info[1] and info[1].model or "unknown")
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

local checks <const> = {
  { "versions", versions }, { "modules", modules }, { "products", blas }, { "cores", cores }, { "memory", memory }, { "disk", disk }, { "training", training },
}

return {
  help = "examine the installation: libraries, memory, disk, a tiny training", usage = "fmrun doctor [--json]",
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
