--- Whether a value that was read from a file is a list of which every entry passes the test.
return function(list, test)
  if type(list) ~= "table" then return false end
  for key, value in next, list do
    if not math.type(key) or not test(value) then return false end
  end
  return true
end
