-- formula_of(formulas, kind, name): the formula of a thing that a room has under that name. A thing
-- without one ends the case: what is new in a room is verified, or said not to be.
return function(formulas, kind, name)
  return formulas[name] or error(("verify has no formula of the %s %s"):format(kind, name), 0)
end
