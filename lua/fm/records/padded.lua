-- A name with zeros before its numbers: so "step-9" sorts before "step-10".
local widest <const> = 20 -- digits

return function(name)
  return (name:gsub("%d+", function(digits) return ("0"):rep(widest - #digits) .. digits end))
end
