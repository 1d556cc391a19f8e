-- A mean over seeds with half of its 95 % interval as a text, as the page of results writes it.
-- What only some of the runs have says so: "(4 of 5)".
return function(found)
  if not found.text then return "–" end
  if found.runs and found.n > 0 and found.n < found.runs then return ("%s (%d of %d)"):format(found.text, found.n, found.runs) end
  return found.text
end
