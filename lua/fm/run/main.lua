-- fmrun from its arguments to its exit code. `fmrun -e ""` comes through here too: what runs experiments is loaded when there is one.
local command_line <const> = require "fm.run.command_line"
local traceback <const> = require "fm.run.traceback"

local main <const> = {}
local exit <const> = { well = 0, failed = 1, usage = 2 }

local function say(message)
  io.stderr:write("fmrun: ", message, "\n")
end

local function version_text()
  local core = require "fm.core"
  local blas, kernels = core.system.blas()
  return ("fmrun %s (%s)  Lua %s  OpenBLAS %s %s"):format(core.version, core.real, core.system.lua, blas, kernels)
end

--- Calls f protected; on an error says it and returns false.
local function protected(f, ...)
  local ok, problem = xpcall(f, traceback.handler, ...)
  if not ok then say(type(problem) == "table" and problem.message or problem) end
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

-- ---- experiments ----

local function read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a" or ""
  if file then file:close() end
  return text
end

--- Where runs go, and what is recorded about how they were started.
local function how_to_run(line, script, argv)
  local words = {}
  for i = 0, #argv do words[i + 1] = argv[i] end
  return { runs = command_line.runs(line), script = script.path, source = read_file(script.path), command = table.concat(words, " "),
    code = script.files, quiet = line.quiet, json = line.json, color = line.color }
end

--- The values of an experiment for this command line; raises { usage }.
local function values_of(experiment, line, script)
  local words = line.seed and table.move(line.words, 1, #line.words, 2, { "seed=" .. line.seed }) or line.words
  local values, message = require "fm.run.parameters".values(experiment.parameters, words)
  if not values then error({ usage = ("%s: %s"):format(script.path, message) }, 0) end
  return values
end

local function is_experiment(value)
  return type(value) == "table" and package.loaded["fm.run.experiment"] and require "fm.run.experiment".is(value)
end

--- Loads a script and calls it. What gives an experiment is put aside with its values; any other script has run by that.
--- Returns whether it went well; raises { usage }.
local function open_script(script, line)
  local chunk, message = require "fm.run.scripts".load(script)
  if not chunk then
    say(message)
    return false
  end
  local words = _G.arg
  local result
  local ok, problem = xpcall(function() result = chunk(table.unpack(words)) end, traceback.handler)
  if not ok then
    problem = type(problem) == "table" and problem.message or problem
    say(problem:find(script.path, 1, true) and problem or script.path .. ": " .. problem)
    return false
  end
  if not is_experiment(result) then return true end
  result.name = result.name or script.name:gsub("[^%w_.-]", "_")
  script.experiment, script.values = result, values_of(result, line, script)
  return true
end

--- Runs the experiments of the list, one after the other; one that fails stops none of the others.
local function run_experiments(list, line, argv)
  if #list == 0 then return true end
  local execute = require "fm.run.execute"
  local failed = 0
  for _, script in ipairs(list) do
    local how = how_to_run(line, script, argv)
    local status = require "fm.run.scripts".within(script, execute, script.experiment, script.values, how)
    if status ~= "done" then failed = failed + 1 end
  end
  if #list > 1 and not line.quiet then io.stderr:write(("%d well, %d failed\n"):format(#list - failed, failed)) end
  return failed == 0
end

--- First every script is read, so that a wrong key is told before anything runs for hours; then their experiments run in turn.
local function run_scripts(line, argv)
  local scripts = require "fm.run.scripts"
  local words = table.move(line.extra, 1, #line.extra, #line.words + 1, table.move(line.words, 1, #line.words, 1, {}))
  local experiments, well, script = {}, true, nil
  for _, path in ipairs(line.scripts) do
    script = scripts.new(path, argv, line.script_place, words)
    local called, result = scripts.within(script, pcall, open_script, script, line)
    if not called then error(result, 0) end
    well = well and result
    if script.experiment then experiments[#experiments + 1] = script end
  end
  well = run_experiments(experiments, line, argv) and well
  if line.interactive then scripts.stay(script) end
  return well
end

-- ---- the whole ----

local function set_seed(text)
  local seed = math.tointeger(tonumber(text or "0"))
  if not seed or seed < 0 or not (text or "0"):find "^%d+$" then
    error({ usage = ('--seed: expected a whole number >= 0, found "%s"'):format(text) }, 0)
  end
  require "fm.run.random".bind(require "fm.core".rng(seed, "math.random"))
end

local function set_threads(text)
  if not text then return end
  local n = text:find "^%d+$" and math.tointeger(tonumber(text))
  local ok, message = pcall(require "fm.core".system.threads, n or -1)
  if not n or not ok or not message then
    error({ usage = ('--threads: expected a whole number in 1..256, found "%s"'):format(text) }, 0)
  end
end

local function wants_prompt(line)
  local nothing_else = #line.scripts == 0 and #line.actions == 0 and not line.show_version
  return line.interactive or (nothing_else and require "fm.core".system.is_terminal(0))
end

local function start(argv)
  local line = command_line.parse(argv)
  if line.command then
    return require "fm.command".start(argv, line.command_place)
  elseif line.help then
    print(command_line.help())
    return exit.well
  elseif line.version then
    print(version_text())
    return exit.well
  end
  set_threads(line.threads)
  set_seed(line.seed)
  if line.warnings then warn "@on" end
  if line.show_version then print(version_text()) end
  _G.arg = argv
  if not line.no_environment and not run_init() then return exit.failed end
  for _, action in ipairs(line.actions) do
    if not actions[action[1]](action[2]) then return exit.failed end
  end

  local prompt = wants_prompt(line)
  if #line.scripts == 0 then
    if #line.words > 0 then error({ usage = "there is no script for " .. line.words[1] }, 0) end
    if not prompt and #line.actions == 0 and not line.show_version then line.scripts, line.script_place = { "-" }, #argv + 1 end
  end
  local well = #line.scripts == 0 or run_scripts(line, argv)
  if prompt then
    if not line.quiet and not line.show_version then print(version_text()) end
    require "fm.run.repl"()
  end
  return well and exit.well or exit.failed
end

--- argv[0..] as main got it. Returns the exit code. What is raised as { usage } is a wrong word; as { message, exit }, an end foreseen.
function main.start(argv)
  local ok, result = xpcall(start, function(problem)
    return type(problem) == "table" and problem or debug.traceback(problem, 2)
  end, argv)
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  say(result.usage or result.message)
  if result.usage then io.stderr:write(("try: fmrun %s\n"):format(result.try and result.try .. " --help" or "--help")) end
  return result.usage and exit.usage or result.exit
end

--- An experiment of the main script under stock Lua, with its `arg`. Returns the exit code.
function main.stock(experiment, arg)
  local scripts = require "fm.run.scripts"
  local script = scripts.new(arg[0], arg, 0, {})
  local ok, result = pcall(function()
    local line = command_line.parse(table.move(arg, 1, #arg, 2, { arg[0] }))
    set_threads(line.threads)
    experiment.name = experiment.name or script.name
    return require "fm.run.execute"(experiment, values_of(experiment, line, script), how_to_run(line, script, arg))
  end)
  if ok then return result == "done" and exit.well or exit.failed end
  say(type(result) == "table" and result.usage or tostring(result))
  return type(result) == "table" and exit.usage or exit.failed
end

return main
