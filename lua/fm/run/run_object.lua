-- A run: its name, seed and random streams, and its parts, each made by the file that owns it. Its
-- experiment sees an object that shows the public methods of these parts and a few fields, and
-- refuses other names.
--   loop      where it is (fm.run.loop)
--   lines     what it has logged (fm.run.logging)
--   saving    what it keeps, and when it saves (fm.run.saving)
--   outputs   its pictures and files (fm.run.outputs)
--   spikes    sudden rises of its losses (fm.run.spikes)
--   signals   which signals came (fm.run.signals)
--   sources   what it is made from: code, data, commit; and copies_in, the folder that keeps copies
--             of the code, or false
local fm <const> = require "fm"
local curves <const> = require "fm.run.curves"
local floors <const> = require "fm.run.floors"
local logging <const> = require "fm.run.logging"
local loops <const> = require "fm.run.loop"
local object <const> = require "fm.parts.object"
local outputs <const> = require "fm.run.outputs"
local parameters <const> = require "fm.run.parameters"
local pareto <const> = require "fm.run.pareto"
local saving <const> = require "fm.run.saving"
local signals <const> = require "fm.run.signals"
local spikes <const> = require "fm.run.spikes"
local processes <const> = require "fm.parts.processes"
local steps <const> = require "fm.run.steps"
local tables <const> = require "fm.run.tables"
local together <const> = require "fm.run.together"
local watching <const> = require "fm.run.watching"

local public <const> = { steps = steps } -- what an experiment may call

for _, part in ipairs { curves, floors, logging, outputs, pareto, saving, tables, together, watching } do
  for name, method in pairs(part.methods) do public[name] = method end
end

local shown <const> = { name = true, seed = true, rng = true, config = true, folder = true, step = function(run) return run.loop.step end,
  rank = function() return processes.rank end, processes = function() return processes.size end }
local new_object <const> = object("run", public, shown, {})

--- A run in a folder. `how` as in fm.run.execute; `data`: the list of fm.run.data_files. Besides
--- its parts it has a listener and advice (both of `how`), record (run.json), floors (of its
--- metrics, once it says any), replay (while it is on its way to a checkpoint; see fm.run.replay),
--- asked (what gets the argument of run:pareto, when the script is called for it; see
--- fm.run.again), over (true at its end), and, for the experiment, object and values.
local function new(experiment, values, folder, how, data)
  local copies_in = how.copies_in
  if copies_in == nil then copies_in = folder.path end
  local run = {
    name = experiment.name, seed = values.seed, config = parameters.config(values), rng = fm.rng(values.seed, "run"), folder = folder,
    loop = loops.new(), lines = logging.new(), signals = signals.new(), saving = saving.new(how), outputs = outputs.new(),
    spikes = spikes.new(),
    sources = { code = how.code or {}, data = data, commit = how.commit, copies_in = copies_in },
    listener = how.listener, advice = how.advice(folder.path), record = nil, floors = nil, replay = nil,
    asked = nil, over = false,
  }
  run.object, run.values = new_object(run), parameters.strict(values)
  return run
end

return { new = new }
