-- divisor(c [, least]): c, a number or a tensor, with every number at least `least`. Without
-- `least` the bound is tiny: it avoids 0 / 0 where a power of t underflows.
return function(c, least)
  least = least or 1e-30
  if type(c) == "number" then return math.max(c, least) end
  return c:clamp { min = least }
end
