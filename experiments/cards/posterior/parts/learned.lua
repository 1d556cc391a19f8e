-- learned(task, model, theta, x): the posterior that a flow has learned in standard units, those of
-- the mean and deviation of the simulations theta [N, D] and x [N, K].
--   learned.scaled_theta, learned.scaled_x    functions: rows like those of theta and x in standard
--                                        units
--   learned:sample(x [n, K], rng)        -> a draw for each row, [n, D], within the task's box, and
--                                        the share of the flow's draws that were outside: they are
--                                        drawn again, 200 times at most; of up to one row in a
--                                        hundred that is outside even then, the nearest point of
--                                        the box is taken
--   learned.clamped                      how many rows that were so far
--   learned.evaluations, learned.solves  of the network so far, and in how many solves
--   learned:log_prob(theta, x) -> [n]    of the flow, so it also gives some mass to what is outside
local fm <const> = require "fm"
local inside <const> = require((...):gsub("learned$", "inside"))

local part <const> = 5000 -- rows solved together: dopri5 chooses its steps for all of them

-- f(x): x in units of the mean and deviation of the rows of `all`.
local function scaling(all)
  local mean, deviation = all:mean(1), all:std(1):maximum(1e-12)
  return mean, deviation, function(x) return (x - mean) / deviation end
end

-- Raises when a number of a simulation is missing.
local function check(what, all)
  local whole = (all - all):eq(0):min(2)
  local row = whole:argmin():item() // 1 | 0
  if whole[row] == 0 then fm.fail(("posterior: simulation %d: %s are not all finite: leave such simulations out"):format(row, what)) end
end

local Learned <const> = {}
Learned.__index = Learned

function Learned:draw(x, rng)
  local list, n = {}, #x
  for first = 1, n, part do
    local rows = self.scaled_x(x[{ first, math.min(first + part - 1, n) }])
    local z = rng:normal(#rows, self.size)
    local z1, info = fm.ode.solve(fm.flow.velocity(self.model, { cond = rows }), z, { method = "dopri5", rtol = 1e-4, atol = 1e-4 })
    list[#list + 1], self.evaluations, self.solves = z1, self.evaluations + info.nfe, self.solves + 1
  end
  return fm.cat(list, { axis = 1 }) * self.deviation + self.mean
end

function Learned:sample(x, rng)
  local theta = self:draw(x, rng)
  local is_inside, outside = inside(self.task, theta), nil
  for _ = 1, 200 do
    local wrong = (#theta - is_inside:sum():item()) // 1 | 0
    outside = outside or wrong / #theta
    if wrong == 0 then return theta, outside end
    local order = is_inside:argsort() -- those outside first
    local new = self:draw(x:index_select(order[{ 1, wrong }], { axis = 1 }), rng)
    if wrong < #theta then new = fm.cat(new, theta:index_select(order[{ wrong + 1, #theta }], { axis = 1 }), { axis = 1 }) end
    theta = new:index_select(order:argsort(), { axis = 1 }) -- back to their places
    is_inside = inside(self.task, theta)
  end
  local left = (#theta - is_inside:sum():item()) // 1 | 0
  if left * 100 <= #theta then
    self.clamped = self.clamped + left
    return theta:clamp { min = self.task.box[1], max = self.task.box[2] }, outside
  end
  fm.fail(("posterior: for some observation the flow draws hardly ever within the prior's box: %d %% of all draws were outside"):format(outside * 100 // 1))
end

function Learned:log_prob(theta, x)
  local list, n = {}, #x
  for first = 1, n, part do
    local rows = { first, math.min(first + part - 1, n) }
    list[#list + 1] = fm.flow.log_prob(self.model, self.scaled_theta(theta[rows]), { cond = self.scaled_x(x[rows]), rtol = 1e-4, atol = 1e-4 })
  end
  return fm.cat(list, { axis = 1 }) - self.deviation:log():sum()
end

return function(task, model, theta, x)
  check("the parameters", theta)
  check("the numbers observed", x)
  local mean, deviation, scaled_theta = scaling(theta)
  local _, _, scaled_x = scaling(x)
  return setmetatable({ task = task, model = model, size = theta:size(2), mean = mean, deviation = deviation, scaled_theta = scaled_theta,
    scaled_x = scaled_x, evaluations = 0, solves = 0, clamped = 0 }, Learned)
end
