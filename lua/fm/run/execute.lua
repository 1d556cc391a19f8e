-- One run from beginning to end: its folder, its record in run.json, its last checkpoint, and what a person reads about it.
local fm <const> = require "fm"
local code <const> = require "fm.run.code"
local folders <const> = require "fm.run.folder"
local parameters <const> = require "fm.run.parameters"
local progress <const> = require "fm.run.progress"
local random <const> = require "fm.run.random"
local runs <const> = require "fm.run"
local traceback <const> = require "fm.run.traceback"

local system <const> = fm.system
local schema <const> = 1 -- of run.json and of the events

--- "2026-07-12T15:30:12.345Z": runs of one second have an order.
local function utc()
  local now = system.now()
  return ("%s.%03dZ"):format(os.date("!%Y-%m-%dT%H:%M:%S", math.floor(now)), math.floor(now % 1 * 1000))
end

local function machine()
  local pid, host, boot = system.process()
  local blas, blas_core = system.blas()
  return { pid = pid, host = host, boot = boot, threads = system.threads(),
    versions = { fmrun = fm.version, real = fm.real, lua = system.lua, blas = blas, blas_core = blas_core } }
end

--- One safetensors file: tensors by part and name ("model.net.0.weight"), numbers exactly in the metadata.
local function save_checkpoint(run)
  if not next(run.kept) then return end
  local tensors, metadata = {}, { ["fm.step"] = tostring(run.step), ["fm.seed"] = tostring(run.seed), ["fm.experiment"] = run.name }
  for part, object in pairs(run.kept) do
    for name, value in pairs(object:state()) do
      local full = part .. "." .. name
      if fm.is_tensor(value) then
        tensors[full] = value
      else
        metadata[full] = math.type(value) == "float" and ("%.17g"):format(value) or tostring(value)
      end
    end
  end
  assert(fm.save(run:path "checkpoint.safetensors", tensors, metadata))
end

--- Calls the experiment; returns status, message, traceback text.
local function call(experiment, run, values)
  local unbind = random.bind(run.rng:stream "math.random")
  fm.nn.seed(run.rng) -- first weights come from the run's seed, whatever ran before
  local print, exit = print, os.exit
  _G.print = function(...) run:print(...) end
  os.exit = function() error({ stop = "failed", message = traceback.place() .. "os.exit was called inside the run" }, 0) end
  local ok, problem = xpcall(function()
    experiment.run(run, values)
    save_checkpoint(run)
  end, traceback.handler)
  _G.print, os.exit = print, exit
  unbind()
  if ok then return "done" end
  if type(problem) == "table" then return problem.stop, problem.message end
  return "failed", problem
end

local function event(options, fields)
  if not options.json then return end
  fields.schema = schema
  io.stdout:write(fm.json.encode(fields), "\n")
  io.stdout:flush()
end

--- "w2=0.13 nfe=100"
local function summary_text(results)
  local words = {}
  for name, value in pairs(results) do words[#words + 1] = name .. "=" .. progress.number(value) end
  table.sort(words)
  return table.concat(words, " ")
end

local function tell_end(screen, run, record)
  local passed = progress.duration(record.seconds)
  local words = { record.status == "done" and screen:paint("green", "done") or screen:paint("red", record.status), run.name, "step " .. run.step, passed }
  local results = summary_text(run.results)
  if results ~= "" then words[#words + 1] = results end
  words[#words + 1] = screen:paint("dim", run.folder.path)
  if record.error then screen:say("fmrun: " .. record.error) end
  screen:note(table.concat(words, "  "))
end

--- Runs an experiment with its values. `how`: runs (folder), path (the run's own folder, instead of a new one below `runs`), script
--- (path), source (its text), code (its files), command, quiet, json, color.
--- Returns the status ("done", "failed", "diverged") and the run's folder; "failed" when there can be none; "busy" and the folder when
--- another process writes there.
local function execute(experiment, values, how)
  local screen = progress.new(how)
  local folder, message
  if how.path then
    folder, message = folders.at(how.path)
  else
    folder, message = folders.new(how.runs, experiment.name, how.source .. fm.json.encode(values))
  end
  if not folder then
    screen:say("fmrun: " .. message)
    if message:find("another process", 1, true) then return "busy", how.path end
    return "failed"
  end
  local _ <close> = folder.lock
  local record = machine()
  record.schema, record.experiment, record.script, record.command = schema, experiment.name, how.script, how.command
  record.seed, record.config, record.status, record.started = values.seed, values, "running", utc()
  record.defaults = parameters.defaults(experiment.parameters) -- whoever reads the record can mark what was changed
  record.code = code.list(how.code or {})
  local run = runs.new(experiment, values, folder, screen)

  local status, problem
  local wrote, trouble = pcall(function()
    folder:write_json("config.json", values)
    folder:write_json("run.json", record)
    event(how, { event = "run_start", experiment = experiment.name, run = folder.path, seed = values.seed, config = values })
    status, problem = call(experiment, run, values)
    if problem then folder:add_line("log.txt", problem) end
    run:flush(system.seconds())
  end)
  if not wrote then status, problem = "failed", tostring(trouble) end

  record.status, record.error, record.ended = status, problem, utc()
  record.code = code.list(how.code or {})
  record.seconds, record.steps, record.summary = system.seconds() - run.began, run.step, run.results
  wrote, trouble = pcall(folder.write_json, folder, "run.json", record)
  if not wrote then
    record.status, record.error = "failed", record.error or tostring(trouble)
  end
  tell_end(screen, run, record)
  event(how, { event = "run_end", experiment = experiment.name, run = folder.path, status = record.status, error = record.error,
    seconds = record.seconds, summary = record.summary })
  return record.status, folder.path
end

return execute
