-- What `fmrun pareto` measures of a method: every solver, when its samples are the end of an ODE
-- (made.field); else its own sampler with 1, 2, 4, ... steps. A method with one number of
-- evaluations, such as a GAN, leaves nothing to choose, so a run of it says nothing.
local fm <const> = require "fm"

return function(run, task, made, method)
  local what = task.judged()
  if made.field then
    what.field, what.x0 = made.field, task.noise
  elseif not method.evaluations or #method.evaluations > 1 then
    what.sample = function(n)
      n = made.evaluations and made.evaluations(n) or n
      return made.sample(task.noise, n, fm.rng(run.seed, "draws")), n
    end
  else
    return
  end
  made.net.model:eval()
  made.net.average:swap(function() run:pareto(what) end)
end
