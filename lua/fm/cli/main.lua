-- fmrun from its arguments to its exit code. What runs experiments is only loaded when there is
-- one, so that `fmrun -e ""` stays fast.
local command_line <const> = require "fm.cli.command_line"
local processes <const> = require "fm.parts.processes"
local traceback <const> = require "fm.parts.traceback"

local main <const> = {}
local exit <const> = command_line.exit

local function say(message)
  io.stderr:write("fmrun: ", require "fm.parts.printable".lines(message), "\n")
end

local function version_text()
  local core = require "fm.core"
  local blas, kernels = core.system.blas()
  return ("fmrun %s (%s)  Lua %s  OpenBLAS %s %s"):format(core.version, core.real, core.system.lua, blas, kernels)
end

--- Calls f protected; on an error prints it and returns false.
local function protected(f, ...)
  local ok, problem = xpcall(f, traceback.handler, ...)
  if not ok then say(tostring(problem)) end
  return ok
end

local function run_text(text, chunk_name)
  local chunk, message = load(text, chunk_name)
  if chunk then return protected(chunk) end
  say(message)
  return false
end

--- LUA_INIT: a statement, or @ and a file.
local function run_init()
  local name = "LUA_INIT_5_4"
  local init = os.getenv(name)
  if not init then
    name = "LUA_INIT"
    init = os.getenv(name)
  end
  if not init then return true end
  if init:sub(1, 1) == "@" then return protected(dofile, init:sub(2)) end
  return run_text(init, "=" .. name)
end

local actions <const> = {
  chunk = function(text) return run_text(text, "=(command line)") end,
  module = function(text)
    local global, name = text:match "^([%a_][%w_]*)=(.+)$"
    return protected(function() _G[global or text] = require(name or text) end)
  end,
}

-- ---- the whole ----

local function set_seed(text)
  local seed = math.tointeger(tonumber(text or "0"))
  if not seed or seed < 0 or not (text or "0"):find "^%d+$" then
    error({ usage = ('--seed: expected a whole number >= 0, found "%s"'):format(text) }, 0)
  end
  require "fm.parts.math_random".bind(require "fm.core".rng(seed, "math.random"))
end

--- Without a number it is every core, and they are counted when fm is first required: a start that
--- does not need fm stays fast.
local function set_threads(text)
  if text and text ~= "auto" or package.loaded.fm then return require "fm.cli.threads".set(text) end
  package.preload.fm = function()
    package.preload.fm = nil
    require "fm.cli.threads".set()
    return require "fm"
  end
end

local function wants_prompt(line)
  local nothing_else = #line.scripts == 0 and #line.actions == 0 and not line.show_version
  return line.interactive or (nothing_else and require "fm.core".system.is_terminal(0))
end

local function start(argv)
  local line = command_line.parse(argv)
  if line.command then
    return require "fm.cli.commands".start(argv, line.command_place)
  elseif line.help then
    print(command_line.help())
    return exit.well
  elseif line.version then
    print(version_text())
    return exit.well
  end
  if #line.scripts > 0 then require "fm.cli.launch".join() end
  set_threads(line.threads)
  set_seed(line.seed)
  if line.warnings then warn "@on" end
  if line.show_version then print(version_text()) end
  rawset(_G, "arg", argv)
  if not line.no_environment and not run_init() then return exit.failed end
  for _, action in ipairs(line.actions) do
    if not actions[action[1]](action[2]) then return exit.failed end
  end

  local prompt = wants_prompt(line)
  if #line.scripts == 0 then
    if #line.words > 0 then error({ usage = "there is no script for " .. line.words[1] }, 0) end
    if line.multirun or line.dry_run or line.random or line.emit then error({ usage = "there is no script to run" }, 0) end
    if not prompt and #line.actions == 0 and not line.show_version then line.scripts, line.script_place = { "-" }, #argv + 1 end
  end
  local code = #line.scripts == 0 and exit.well or require "fm.cli.launch".start(line, argv)
  if prompt then
    if not line.quiet and not line.show_version then print(version_text()) end
    if not line.quiet and require "fm.core".system.is_terminal(0) then print "?name explains a name of fm, Tab completes it, Ctrl-D ends" end
    require "fm.cli.repl"()
  end
  return code
end

--- Says what ended the program. Returns the exit code.
local function tell(result)
  local text = type(result) == "table" and (result.usage or result.message) or "internal error: " .. result
  processes.report(text)
  local _, rank = processes.expected()
  if rank > 0 then return exit.failed end -- rank 0 says it
  local events = package.loaded["fm.cli.events"]
  if events then events.failure(text) end
  say(text)
  if type(result) ~= "table" then return exit.internal end
  if result.usage then io.stderr:write(("try: fmrun %s\n"):format(result.try and result.try .. " --help" or "--help")) end
  return result.usage and exit.usage or result.exit
end

--- argv[0..] as main got it. Returns the exit code. An error { usage } means that a word is wrong;
--- { message, exit } is an end that a command chose.
function main.start(argv)
  local ok, result = xpcall(start, function(problem)
    if type(problem) == "table" and (problem.usage or problem.message) then return problem end
    return debug.traceback(traceback.text_of(problem), 2)
  end, argv)
  return processes.finish(ok and result or not ok and tell(result))
end

return main
