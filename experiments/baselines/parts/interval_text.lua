-- A figure of figures.lua as a text, as the page of results writes a mean with half of its
-- interval. What only some of the runs have says so: "(4 of 5)".
return function(found)
  if not found.text then return ("– (0 of %d)"):format(found.of) end
  if found.of and found.n < found.of then return ("%s (%d of %d)"):format(found.text, found.n, found.of) end
  return found.text
end
