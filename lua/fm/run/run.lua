-- A run: the seed and its random streams, and what its parts add: steps, logging, outputs, saving. Its experiment sees an object that shows
-- the methods of these parts and a few fields, and refuses other names.
local fm <const> = require "fm"
local logging <const> = require "fm.run.logging"
local object <const> = require "fm.parts.object"
local outputs <const> = require "fm.run.outputs"
local parameters <const> = require "fm.run.parameters"
local saving <const> = require "fm.run.saving"
local steps <const> = require "fm.run.steps"

local system <const> = fm.system

local Run <const> = { __name = "fm.run.run" }
Run.__index = Run

local public <const> = {} -- what an experiment may call

for _, part in ipairs { steps, logging, outputs.methods, saving.methods } do
  for name, method in pairs(part) do Run[name], public[name] = method, method end
end

local flush_interval <const> = 1 -- seconds

--- Brings the lines so far into their files.
function Run:flush(now)
  self.next_flush = now + flush_interval
  if self.step > 0 and not self.replay then
    self.folder:add_line("timing.jsonl", fm.json.encode { step = self.step, seconds = math.floor((now - self.began) * 1000 + 0.5) / 1000 })
  end
  self.folder:flush()
end

function public:flush()
  self:flush(system.seconds())
end

local shown <const> = { name = true, seed = true, rng = true, step = true, config = true, folder = true }
local new_object <const> = object("run", public, shown, {})

--- A run in a folder. `how` as of fm.run.execute; `data`: the list of fm.run.reads. run.object and run.values are for the experiment.
local function new(experiment, values, folder, how, data)
  local run = setmetatable({
    name = experiment.name, seed = values.seed, config = parameters.config(values), rng = fm.rng(values.seed, "run"), folder = folder, listener = how.listener,
    advice = how.advice(folder.path),
    files = how.code or {}, data = data,
    step = 0, loop = 0, loops = {}, places = {}, -- the loop that runs or ran last; the steps at which loops ended, and the places of loaders then
    at_work = false, over = false, in_loop = false, stopping = nil, interrupted = nil, -- the script's own code runs; a loop of it does
    kept = {}, slots = {}, asked = saving.given(how), stoppers = {}, best = nil,
    results = {}, outputs = {}, hashes = {}, line = nil, next_flush = 0, began = system.seconds(),
  }, Run)
  run.object, run.values = new_object(run), parameters.strict(values)
  run:checkpoints {}
  return run
end

return { new = new }
