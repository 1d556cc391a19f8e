-- The digest of a file that only grows: known at any time without reading the file again. It is
-- made of the digests of its blocks.
local fm <const> = require "fm"

local growing_digest <const> = {}
local Digest <const> = {}
Digest.__index = Digest

local block <const> = 1 << 16

--- The digest of an empty file.
function growing_digest.new()
  return setmetatable({ chain = "", rest = "" }, Digest) -- of the whole blocks so far, and what follows them
end

function Digest:add(text)
  local rest = self.rest .. text
  local at = 1
  while #rest - at + 1 >= block do
    self.chain = fm.file.hash(self.chain .. fm.file.hash(rest:sub(at, at + block - 1)))
    at = at + block
  end
  self.rest = rest:sub(at)
end

function Digest:text()
  return fm.file.hash(self.chain .. fm.file.hash(self.rest))
end

--- The digest of the first `length` bytes of a file, or of all if it has fewer; nil and a message
--- when it cannot be read.
function growing_digest.of_file(path, length)
  local digest = growing_digest.new()
  if length == 0 then return digest end
  local file <close>, message = io.open(path, "rb")
  if not file then return nil, message end
  while length > 0 do
    local text, problem = file:read(math.min(length, block))
    if problem then return nil, ("%s: %s"):format(path, problem) end
    if not text then break end
    digest:add(text)
    length = length - #text
  end
  return digest
end

return growing_digest
