-- Curves near the limits of doubles and whole numbers, and others that make axes, means and
-- differences go wrong: name -> value at a step.
local function to_and_fro(v)
  return function(step) return step % 2 == 0 and v or -v end
end

local function always(v)
  return function() return v end
end

return {
  e307 = to_and_fro(8e307), e308 = to_and_fro(1e308), most = to_and_fro(1.7976931348623157e308), f32_most = to_and_fro(3.4e38),
  ["e-310"] = function(step) return 1e-310 * step end, f32_least = function(step) return 1.4e-45 * step end, least = to_and_fro(5e-324),
  few_least = function(step) return 5e-324 * (step % 3) end, all_sizes = function(step) return 10.0 ^ (step * 31 % 630 - 320) end,
  falling = function(step) return 10.0 ^ (308 - step * 15) end, loss_falling = function(step) return 1e-310 / step end,
  zero = always(0), same_most = always(1e308), same_least = always(1e-310), same = always(-7.25), nan = always(0 / 0), inf = to_and_fro(1 / 0),
  gaps = function(step) return step % 3 == 0 and 0 / 0 or step % 5 == 0 and 1 / 0 or step end,
  integers = function(step) return step % 2 == 0 and math.maxinteger or math.mininteger end,
  integers_close = function(step) return (1 << 62) + step end, beyond_integers = function(step) return 2.0 ^ 53 + step end,
  one_most = function(step) return step == 7 and 1e308 or step end, one_least = function(step) return step == 7 and 1e-310 or step end,
  close = function(step) return 1 + step * 2.3e-16 end, negative = function(step) return -step end,
}
