-- Event files as TensorBoard reads them. A file is records (TFRecord: length u64, masked crc32c of
-- it, data, masked crc32c of the data, little-endian); a record's data is an Event message of
-- protocol buffers. Only the fields that TensorBoard shows are written.
--   Event   { 1 wall_time double, 2 step int64, 3 file_version string, 5 summary Summary }
--   Summary { 1 value repeated Value }     Value { 1 tag string, 2 simple_value float, 4 image
--                                          Image }
--   Image   { 1 height int32, 2 width int32, 3 colorspace int32, 4 encoded_image_string bytes }
local tensorboard <const> = {}

-- ---- crc32c (Castagnoli, RFC 3720), reflected polynomial 0x82F63B78 ----

local crc_of_byte <const> = {}
for byte = 0, 255 do
  local crc = byte
  for _ = 1, 8 do crc = crc & 1 == 1 and crc >> 1 ~ 0x82F63B78 or crc >> 1 end
  crc_of_byte[byte] = crc
end

function tensorboard.crc32c(text)
  local crc, chunk <const> = 0xFFFFFFFF, 4096
  for first = 1, #text, chunk do
    for _, byte in ipairs { text:byte(first, first + chunk - 1) } do crc = crc >> 8 ~ crc_of_byte[(crc ~ byte) & 0xFF] end
  end
  return crc ~ 0xFFFFFFFF
end

--- A checksum of data that holds checksums: TFRecord rotates it and adds a constant.
local function masked(text)
  local crc = tensorboard.crc32c(text)
  return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
end

local function record(data)
  local length = ("<I8"):pack(#data)
  return ("%s%s%s%s"):format(length, ("<I4"):pack(masked(length)), data, ("<I4"):pack(masked(data)))
end

-- ---- protocol buffers ----

local varint_type <const>, double_type <const>, bytes_type <const>, float_type <const> = 0, 1, 2, 5

local function varint(n)
  local bytes = {}
  repeat
    local low = n & 0x7F
    n = n >> 7
    bytes[#bytes + 1] = string.char(n ~= 0 and low | 0x80 or low)
  until n == 0
  return table.concat(bytes)
end

local function key(field, wire_type)
  return varint(field << 3 | wire_type)
end

local function integer(field, n)
  return key(field, varint_type) .. varint(n)
end

local function double(field, x)
  return key(field, double_type) .. ("<d"):pack(x)
end

local function float(field, x)
  return key(field, float_type) .. ("<f"):pack(x)
end

local function bytes(field, text)
  return key(field, bytes_type) .. varint(#text) .. text
end

-- ---- events ----

--- The first record of a file.
function tensorboard.version(time)
  return record(double(1, time) .. bytes(3, "brain.Event:2"))
end

--- Numbers by name at a step; anything else in `values` is left out. nil when there is none.
function tensorboard.scalars(time, step, values)
  local names, parts = {}, {}
  for name, value in pairs(values) do
    if math.type(value) then names[#names + 1] = name end
  end
  if #names == 0 then return nil end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = bytes(1, bytes(1, name) .. float(2, values[name])) end
  return record(double(1, time) .. integer(2, step) .. bytes(5, table.concat(parts)))
end

local channels <const> = { [0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4 } -- by the color type of PNG

--- A PNG file's bytes as a picture at a step; nil when they are not PNG.
function tensorboard.picture(time, step, name, png)
  if png:sub(1, 8) ~= "\137PNG\r\n\26\n" or #png < 33 then return nil end
  local width, height, _, color = (">I4I4BB"):unpack(png, 17)
  local image = integer(1, height) .. integer(2, width) .. integer(3, channels[color] or 3) .. bytes(4, png)
  return record(double(1, time) .. integer(2, step) .. bytes(5, bytes(1, bytes(1, name) .. bytes(4, image))))
end

return tensorboard
