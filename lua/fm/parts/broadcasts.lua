--- broadcasts(value, x): whether a tensor broadcasts to the shape of the tensor x.
return function(value, x)
  for i = 1, value:rank() do
    local size = value:size(-i)
    if i > x:rank() or size ~= 1 and size ~= x:size(-i) then return false end
  end
  return true
end
