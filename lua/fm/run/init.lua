-- A run as its experiment sees it: the seed and its random streams, and what its parts add: steps, logging, outputs, saving.
local fm <const> = require "fm"
local saving <const> = require "fm.run.saving"

local system <const> = fm.system

local Run <const> = { __name = "fm.run" }
Run.__index = Run

--- The method, for a run only: run.log { ... } would be a strange error somewhere inside.
local function with_colon(name, method)
  return function(self, ...)
    if getmetatable(self) ~= Run then fm.fail(("%s: call it with a colon, run:%s(...)"):format(name, name)) end
    return method(self, ...)
  end
end

for _, part in ipairs { require "fm.run.steps", require "fm.run.logging", require "fm.run.outputs", saving.methods } do
  for name, method in pairs(part) do Run[name] = with_colon(name, method) end
end

local flush_interval <const> = 1 -- seconds

--- A run in a folder. `how` as of fm.run.execute; `data`: the list of fm.run.reads.
local function new(experiment, values, folder, screen, how, data)
  local run = setmetatable({
    name = experiment.name, seed = values.seed, config = values, rng = fm.rng(values.seed, "run"), folder = folder, screen = screen,
    files = how.code or {}, data = data,
    step = 0, loop = 0, loops = {}, -- the loop that runs or ran last, and the steps at which the loops before it ended
    at_work = false, in_loop = false, stopping = nil, interrupted = nil, -- the script's own code runs; a loop of it does
    kept = {}, slots = {}, asked = saving.given(how), stoppers = {}, best = nil,
    results = {}, outputs = {}, logged = {}, next_flush = 0, began = system.seconds(),
  }, Run)
  run:checkpoints {}
  return run
end

--- Brings the lines so far into their files.
function Run:flush(now)
  self.next_flush = now + flush_interval
  if self.step > 0 and not self.replay then
    self.folder:add_line("timing.jsonl", fm.json.encode { step = self.step, seconds = math.floor((now - self.began) * 1000 + 0.5) / 1000 })
  end
  self.folder:flush()
end

return { new = new }
