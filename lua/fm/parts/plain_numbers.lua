-- While its result is open, numbers are written with a decimal point, whatever locale the script
-- has chosen. Files that programs read need this, and pictures, which must be the same everywhere.
-- local plain <close> = plain_numbers()
local Former <const> = { __close = function(former) os.setlocale(former[1], "numeric") end }

return function()
  local former = os.setlocale(nil, "numeric")
  if former == "C" or former == "POSIX" or not os.setlocale("C", "numeric") then return nil end
  return setmetatable({ former }, Former)
end
