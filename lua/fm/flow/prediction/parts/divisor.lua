-- divisor(c [, least]): c, a number or a tensor, with no number below `least`. Without one it is
-- tiny: 0 / 0 is not meant where a power of t has left the range of the numbers.
return function(c, least)
  least = least or 1e-30
  if type(c) == "number" then return math.max(c, least) end
  return c:clamp { min = least }
end
