-- cifar10(path, {flat}) -> pictures [N, 3072] in 0..1, or [N, 3, 32, 32] with flat = false, and
-- labels [N] 1-based; or nil and a message. Krizhevsky 2009, binary version.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

return function(path, given, ...)
  options.no_more("cifar10", 2, ...)
  local o = options.read("cifar10", given, { flat = true })
  options.boolean("cifar10: flat", o.flat)
  local pictures, labels = fm.cifar10.load(path)
  if pictures and not o.flat then pictures = pictures:reshape(#pictures, 3, 32, 32) end
  return pictures, labels
end
