-- The network of experiments/picture_classifier.lua with the weights of a file: what
-- metrics.features returns. The weights are no parameters: nothing here is recorded on a tape.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local finite <const> = require "fm.parts.finite"

local where <const> = "features"
local rows_at_once <const> = 250 -- constant: the bytes of a feature depend on it
local border <const> = 4         -- so much smaller may pictures be

local layers <const> = { "conv1", "conv2", "fc1", "fc2" }

local Classifier <const> = { __name = "features" }
Classifier.__index = Classifier

-- ---- pictures ----

--- The height and width of pictures, or nil.
local function size_of(self, x)
  local high, wide
  if x:rank() == 4 and x:size(2) == self.channels then
    high, wide = x:size(3), x:size(4)
  elseif x:rank() == 2 then
    high = math.tointeger(math.sqrt(x:size(2) / self.channels))
    wide = high
  end
  local function fits(n) return n and n <= self.size and n >= self.size - border end
  if fits(high) and fits(wide) then return high, wide end
end

local function check(self, x)
  local high, wide
  if fm.is_tensor(x) and x:count() > 0 then high, wide = size_of(self, x) end
  if not high then
    fm.fail(("%s: expected pictures [N, %d, %d, %d] (or up to %d pixels smaller) or rows of as many numbers, found %s"):format(
      where, self.channels, self.size, self.size, border, options.shown(x)))
  end
  x = x:detach()
  finite(where, "the pictures", x:reshape(#x, -1))
  local low, high_end = self.low, self.high
  if x:min():item() >= (low + high_end) / 2 then
    fm.fail(("%s: no pixel is below the middle of the range %g..%g: pictures in 0..1 want { range = { 0, 1 } }"):format(where, low, high_end))
  end
  return x:reshape(#x, self.channels, high, wide)
end

--- Pictures of the network's size in -1..1.
local function prepared(self, x)
  x = ((x - self.low) * (2 / (self.high - self.low)) - 1):clamp(-1, 1)
  local high, wide, size = x:size(3), x:size(4), self.size
  if high == size and wide == size then return x end
  local framed, top, left = fm.full({ #x, self.channels, size, size }, -1), (size - high) // 2, (size - wide) // 2
  framed[{ {}, {}, { top + 1, top + high }, { left + 1, left + wide } }] = x
  return framed
end

-- ---- the network ----

local function convolved(self, name, x)
  return x:conv2d(self.weights[name .. ".weight"], self.weights[name .. ".bias"]):silu():avg_pool2d { size = 2 }
end

local function linear(self, name, x, act)
  return x:linear(self.weights[name .. ".weight"], self.weights[name .. ".bias"], { act = act })
end

--- f of the features of every row, [N, n].
local function of_rows(self, x, n, f)
  x = check(self, x)
  local result = fm.zeros(#x, n)
  for first = 1, #x, rows_at_once do
    local scope <close> = fm.scope()
    local last = math.min(first + rows_at_once - 1, #x)
    local y = convolved(self, "conv2", convolved(self, "conv1", prepared(self, x[{ first, last }])))
    result[{ first, last }] = f(linear(self, "fc1", y:reshape(#y, -1), "silu"))
  end
  return result
end

function Classifier:__call(x, ...)
  options.no_more(where, 1, ...)
  return of_rows(self, x, self.features, function(y) return y end)
end

--- The class that is read in each picture, [N].
function Classifier:labels(x, ...)
  if getmetatable(self) ~= Classifier then fm.fail(("%s: labels is a method: expected network:labels(x)"):format(where)) end
  options.no_more("labels", 1, ...)
  return of_rows(self, x, #self.classes, function(y) return linear(self, "fc2", y, "none") end):argmax { axis = 2 }
end

-- ---- its file ----

local function refuse(name, problem)
  fm.fail(("%s: %s: %s: expected a file of experiments/picture_classifier.lua"):format(where, name, problem))
end

--- The weights by name, which must fit together for pictures of size x size.
local function checked(name, tensors, size)
  local shape = {}
  for _, layer in ipairs(layers) do
    local weight, bias = layer .. ".weight", layer .. ".bias"
    local function wrong(part) refuse(name, ("%s is %s"):format(part, options.shown(tensors[part]))) end
    for _, part in ipairs { weight, bias } do
      if not tensors[part] then refuse(name, ("there is no %s"):format(part)) end
      shape[part] = tensors[part]:shape()
    end
    if #shape[weight] ~= (layer:find "^conv" and 4 or 2) then wrong(weight) end
    if #shape[bias] ~= 1 or shape[bias][1] ~= shape[weight][1] then wrong(bias) end
  end
  local first, second, hidden, last = shape["conv1.weight"], shape["conv2.weight"], shape["fc1.weight"], shape["fc2.weight"]
  local side = ((size - first[3] + 1) // 2 - second[3] + 1) // 2
  if second[2] ~= first[1] or hidden[2] ~= second[1] * side * side or last[2] ~= hidden[1] then
    refuse(name, ("its layers do not fit pictures of %d x %d"):format(size, size))
  end
  return tensors
end

--- The network of a file's tensors and metadata, for pictures in low..high.
return function(name, tensors, metadata, low, high)
  local classes, size = fm.json.decode(metadata.classes or "[]"), math.tointeger(tonumber(metadata.size))
  local accuracy, held_out = tonumber(metadata.accuracy), math.tointeger(tonumber(metadata.held_out))
  if not (size and accuracy and held_out) then refuse(name, "its metadata does not tell size, accuracy and held_out") end
  local weights <const> = checked(name, tensors, size)
  local n_classes <const> = #weights["fc2.bias"]
  if type(classes) ~= "table" or #classes ~= n_classes then refuse(name, ("its metadata does not name %d classes"):format(n_classes)) end
  return setmetatable({
    name = name, weights = weights, classes = classes, size = size, channels = weights["conv1.weight"]:size(2), features = #weights["fc1.bias"],
    accuracy = accuracy, held_out = held_out, low = low, high = high,
  }, Classifier)
end
