-- exact(task, x [K], n, rng) -> n draws of the posterior of an observation, [n, D], by the task's
-- propose, which returns proposals and, for those that may be kept, 1. Those outside of the task's
-- box are not kept.
local fm <const> = require "fm"
local inside <const> = require((...):gsub("exact$", "inside"))

return function(task, x, n, rng)
  local found, count, tries = {}, 0, 0
  while count < n do
    tries = tries + 1
    if tries > 2000 then fm.fail(("posterior: %d of %d exact draws after 2000 proposals of so many"):format(count, n)) end
    local theta, keep = task.propose(math.max(n, 200), x, rng)
    local kept = inside(task, theta)
    if keep then kept = kept * keep end
    local k = kept:sum():item() // 1 | 0
    if k > 0 then found[#found + 1] = theta:index_select(kept:argsort { descending = true }[{ 1, k }], { axis = 1 }) end
    count = count + k
  end
  return fm.cat(found, { axis = 1 })[{ 1, n }]
end
