-- TensorBoard's event files, read back by a reader of this file's own, with its own checksums and
-- parsing.
local fm <const> = require "fm"
local tensorboard <const> = require "fm.records.tensorboard"

--- CRC-32C bit by bit, the polynomial the other way round: bits enter from the left.
local function crc32c(text)
  local function mirrored(value, bits)
    local result = 0
    for i = 0, bits - 1 do
      if value >> i & 1 == 1 then result = result | 1 << (bits - 1 - i) end
    end
    return result
  end
  local crc = 0xFFFFFFFF
  for i = 1, #text do
    crc = crc ~ mirrored(text:byte(i), 8) << 24
    for _ = 1, 8 do
      crc = crc & 0x80000000 ~= 0 and (crc << 1 & 0xFFFFFFFF) ~ 0x1EDC6F41 or crc << 1 & 0xFFFFFFFF
    end
  end
  return mirrored(crc, 32) ~ 0xFFFFFFFF
end

local function unmask(masked)
  local turned = (masked - 0xA282EAD8) & 0xFFFFFFFF
  return (turned << 15 | turned >> 17) & 0xFFFFFFFF
end

--- The data of every record of a file, its checksums compared.
local function records_in(text)
  local list, at = {}, 1
  while at <= #text do
    local length, length_crc = ("<I8I4"):unpack(text, at)
    assert.equal(crc32c(text:sub(at, at + 7)), unmask(length_crc))
    local data = text:sub(at + 12, at + 11 + length)
    assert.equal(length, #data)
    assert.equal(crc32c(data), unmask((("<I4"):unpack(text, at + 12 + length))))
    list[#list + 1], at = data, at + 16 + length
  end
  return list
end

--- The fields of a message of protocol buffers: a list of { number, value }.
local function fields_in(data)
  local list, at = {}, 1
  local function varint()
    local value, shift = 0, 0
    while true do
      local byte = data:byte(at)
      at = at + 1
      value, shift = value | (byte & 0x7F) << shift, shift + 7
      if byte < 0x80 then return value end
    end
  end
  while at <= #data do
    local key = varint()
    local kind, value = key & 7, nil
    if kind == 0 then value = varint()
    elseif kind == 1 then value, at = ("<d"):unpack(data, at)
    elseif kind == 5 then value, at = ("<f"):unpack(data, at)
    elseif kind == 2 then
      local size = varint()
      value, at = data:sub(at, at + size - 1), at + size
    else error("wire type " .. kind) end
    list[#list + 1] = { key >> 3, value }
  end
  return list
end

local function field(list, number)
  for _, entry in ipairs(list) do
    if entry[1] == number then return entry[2] end
  end
end

describe("tensorboard", function()
  it("has the checksum of RFC 3720", function()
    assert.equal(0xE3069283, tensorboard.crc32c "123456789")
    assert.equal(0x8A9136AA, tensorboard.crc32c(("\0"):rep(32)))
    local long = {}
    for i = 1, 5000 do long[i] = string.char(i * 7 % 256) end
    assert.equal(crc32c(table.concat(long)), tensorboard.crc32c(table.concat(long)))
  end)

  it("begins with the version", function()
    local event = fields_in(records_in(tensorboard.version(12.5))[1])
    assert.same({ { 1, 12.5 }, { 3, "brain.Event:2" } }, event)
  end)

  it("writes numbers by name with step and time", function()
    local data = records_in(tensorboard.scalars(3.25, 300, { loss = 0.5, lr = 3, note = "text", bad = 0 / 0 }))
    local event = fields_in(data[1])
    assert.equal(3.25, field(event, 1))
    assert.equal(300, field(event, 2))
    local found = {}
    for _, value in ipairs(fields_in(field(event, 5))) do
      local inner = fields_in(value[2])
      found[field(inner, 1)] = field(inner, 2)
    end
    assert.equal(0.5, found.loss)
    assert.equal(3.0, found.lr)
    assert.truthy(found.bad ~= found.bad)
    assert.is_nil(found.note)
    assert.is_nil(tensorboard.scalars(0, 1, { note = "text" }))
  end)

  it("writes a PNG as it is, with its size", function()
    local path = os.tmpname()
    assert(fm.png.save(path, fm.zeros(3, 5, 3)))
    local file = assert(io.open(path, "rb"))
    local png = file:read "a"
    file:close()
    os.remove(path)
    local summary = field(fields_in(records_in(tensorboard.picture(1, 2, "field", png))[1]), 5)
    local value = fields_in(field(fields_in(summary), 1))
    assert.equal("field", field(value, 1))
    assert.same({ { 1, 3 }, { 2, 5 }, { 3, 3 }, { 4, png } }, fields_in(field(value, 4)))
    assert.is_nil(tensorboard.picture(1, 2, "field", "no picture"))
    collectgarbage()
    assert.equal(0, fm.live_bytes())
  end)
end)
