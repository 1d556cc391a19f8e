-- Runs a case of fmrun verify. A case is one file of fm/verify, found by its name; it returns
--   about      one line: what it compares with what
--   seconds    about how long it takes (1): the longest cases start first
--   run(case)  calls case:row for each thing that it checks
-- case:row(what, error, bound, because) holds when error <= bound. `because` says where the bound
-- comes from: rounding, the order of a solver, standard errors at a number of draws, or how much a
-- trained network may miss. A bound is never the error that was found and a little more.
-- case.rng is the case's own stream, always the same; case.rounding is the distance from 1 to the
-- next number.
local fm <const> = require "fm"
local traceback <const> = require "fm.parts.traceback"

local Case <const> = {}
Case.__index = Case

function Case:row(what, error, bound, because)
  local now = fm.system.seconds()
  self.tell { case = self.name, what = what, error = error, bound = bound, because = because, ok = error <= bound, seconds = now - self.began }
  self.began, self.count = now, self.count + 1
end

--- The mean of values (a tensor or a list) against what it should be, to so many standard errors;
--- `bias` is what it may be off beside them (0).
function Case:mean(what, values, expected, bias, why)
  local errors <const> = 5
  local list = fm.is_tensor(values) and values:detach():reshape(-1):totable() or values
  local n, mean, square = #list, 0.0, 0.0
  for _, v in ipairs(list) do mean = mean + v / n end
  for _, v in ipairs(list) do square = square + (v - mean) ^ 2 / (n - 1) end
  local because = ("%d standard errors of %d draws"):format(errors, n)
  if why then because = because .. ", and " .. why end
  self:row(what, math.abs(mean - expected), errors * math.sqrt(square / n) + (bias or 0), because)
end

--- The largest difference of two tensors, or of a tensor and a number.
function Case.apart(a, b)
  return (a - b):detach():abs():max():item()
end

local case <const> = {}

--- Runs what the file returned; rows go to tell(row). A case that raises ends with a row that says
--- so.
function case.run(name, made, tell)
  local self = setmetatable({ name = name, tell = tell, began = fm.system.seconds(), count = 0, rng = fm.rng(1, "verify " .. name),
    rounding = fm.real == "double" and 2.0 ^ -52 or 2.0 ^ -23 }, Case)
  fm.nn.seed(self.rng:stream "networks")
  local ok, problem = xpcall(made.run, traceback.handler, self)
  if ok and self.count == 0 then ok, problem = false, "it checked nothing" end
  if not ok then
    tell { case = name, what = "runs to its end", ok = false, seconds = fm.system.seconds() - self.began, problem = tostring(problem) }
  end
end

return case
