-- A network with what trains it: task.learner(name, model [, options]) -> { model, average, step }.
-- All of it goes into task.keeps, which the run keeps.
--   :step(loss)   an optimizer step on the loss that a function gives; then the average of the
--                 weights follows. Returns the loss. task.peak is the most that a step so far
--                 needed beside what was held before it; the first one of a process does not
--                 count, since after a checkpoint it tries its update on copies
--   options       betas of Adam; steps: how many there are, if not those of the method; sampler:
--                 the part of the model that samples need
local fm <const> = require "fm"
local optim <const> = fm.optim

local learners <const> = {}

local Learner <const> = {}
Learner.__index = Learner

function Learner:step(loss)
  local held = fm.live_bytes()
  local value = self.opt:step(loss, { clip = 1 }) -- begins the count of the peak anew
  if self.begun then self.task.peak = math.max(self.task.peak, fm.peak_bytes() - held) end
  self.begun = true
  self.average:update()
  return value
end

function learners.begin(task, p, rng)
  task.keeps, task.peak, task.rng = {}, 0, rng

  function task.learner(name, model, options)
    local o = options or {}
    local steps = o.steps or task.steps
    local lr = optim.cosine { lr = p.lr, steps = steps, warmup = math.min(1000, steps // 4) }
    local self = setmetatable({ model = model, task = task, opt = optim.adam(model, { lr = lr, betas = o.betas or { 0.9, 0.999 } }),
      average = optim.ema(model, { decay = p.decay, warmup = true }), bytes = (o.sampler or model):count() * (fm.real == "float" and 4 or 8) }, Learner)
    for _, part in ipairs { "model", "opt", "average" } do task.keeps[name .. "_" .. part] = self[part] end
    return self
  end
end

return learners
