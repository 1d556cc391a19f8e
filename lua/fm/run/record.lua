-- run.json: what a run was, how it went, and on which machine. Written when it begins and when it
-- ends.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local code_files <const> = require "fm.run.code_files"
local cores <const> = require "fm.run.cores"
local outputs <const> = require "fm.run.outputs"
local parameters <const> = require "fm.run.parameters"
local peak_memory <const> = require "fm.run.peak_memory"
local data_files <const> = require "fm.run.data_files"
local processes <const> = require "fm.parts.processes"
local step_memory <const> = require "fm.parts.step_memory"

local system <const> = fm.system
local record <const> = { schema = 1 }

--- "2026-07-12T15:30:12.345Z": so runs of one second have an order.
local function utc()
  local now = system.now()
  return ("%s.%03dZ"):format(os.date("!%Y-%m-%dT%H:%M:%S", math.floor(now)), math.floor(now % 1 * 1000))
end

--- The record of a run that begins; `former`: that of the same run before it was interrupted.
--- shares: of a step's batch.
function record.begin(experiment, values, how, former, shares)
  local pid, host, boot = system.process()
  local blas, blas_core = system.blas()
  former = former or {}
  step_memory.reset()
  local commit = how.commit or {}
  return {
    schema = record.schema, experiment = experiment.name, script = how.script, directory = lfs.currentdir(),
    command = former.command or how.command, arguments = fm.json.array(how.arguments or {}), seed = values.seed,
    config = values, defaults = parameters.defaults(experiment.parameters), -- so that a reader can mark what was changed
    status = "running", started = former.started or utc(), resumed = former.resumed and former.resumed + 1 or 0, code = code_files.list(how.code or {}),
    commit = commit.hash, dirty = commit.dirty,
    outputs = former.outputs, pid = pid, host = host, boot = boot, threads = system.threads(), cores = (cores()),
    shares = shares > 1 and shares or nil, processes = processes.size > 1 and processes.size or nil,
    versions = { fmrun = fm.version, real = fm.real, lua = system.lua, blas = blas, blas_core = blas_core },
  }
end

--- Fills in how the run ended.
function record.finish(entry, run, status, problem)
  entry.status, entry.error, entry.ended = status, problem, utc()
  entry.seconds, entry.steps, entry.summary = system.seconds() - run.lines.began, run.loop.step, run.lines.results
  entry.code, entry.data, entry.best = code_files.list(run.sources.code), data_files.list(run.sources.data), run.saving.best
  entry.outputs = outputs.names(run, entry.outputs)
  local commit = run.sources.commit
  if commit and commit.wait then entry.dirty = commit.wait() end
  entry.peak_rss = peak_memory "self"
  if step_memory.peak > 0 then entry.step_peak_bytes, entry.step_bytes = step_memory.peak, step_memory.peak - step_memory.held end
end

return record
