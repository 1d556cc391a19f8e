-- Tokens drawn from logits [..., V], for discrete.draw and the chain.
local drawn <const> = {}

local least <const> = 2.0 ^ -33 -- below what a stream draws

--- Where logits have no probabilities, and why: the first row, "2" or "2, 5" for logits [B, L, V],
--- and what it has. Nil: all rows have them.
function drawn.problem(logits)
  logits = logits:detach()
  local most = logits:max(logits:rank()) -- NaN where a row has one
  if (most - most):eq(0):min():item() == 1 then return nil end
  local rows, place = most:reshape(-1):totable(), {}
  local row = 1
  while rows[row] - rows[row] == 0 do row = row + 1 end
  local value, left = rows[row], row - 1
  for axis = logits:rank() - 1, 1, -1 do
    place[axis], left = left % logits:size(axis) + 1, left // logits:size(axis)
  end
  if value ~= value then return table.concat(place, ", "), "NaN" end
  return table.concat(place, ", "), value > 0 and "inf" or "only -inf: no token can be drawn"
end

--- The tokens [...].
function drawn.tokens(logits, rng)
  local noise = -(-(rng:uniform(logits:shape()):clamp { min = least }:log())):clamp { min = least }:log()
  return (logits:detach() + noise):argmax(logits:rank())
end

return drawn
