-- Base64 (RFC 4648), three bytes as two pairs of characters.
local alphabet <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local pairs_of <const> = {}
for i = 0, 4095 do pairs_of[i] = alphabet:sub(i // 64 + 1, i // 64 + 1) .. alphabet:sub(i % 64 + 1, i % 64 + 1) end

return function(bytes)
  local buffer, whole = {}, #bytes - #bytes % 3
  for i = 1, whole, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    buffer[#buffer + 1] = pairs_of[a << 4 | b >> 4]
    buffer[#buffer + 1] = pairs_of[(b & 15) << 8 | c]
  end
  local a, b = bytes:byte(whole + 1, #bytes)
  if b then
    buffer[#buffer + 1] = pairs_of[a << 4 | b >> 4] .. pairs_of[(b & 15) << 8]:sub(1, 1) .. "="
  elseif a then
    buffer[#buffer + 1] = pairs_of[a << 4] .. "=="
  end
  return table.concat(buffer)
end
