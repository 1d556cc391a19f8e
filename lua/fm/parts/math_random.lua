-- math.random on a stream of fm: Lua's own is seeded by the clock and does not follow the steps.
local math_random <const> = {}

local exact <const> = 1 << 53

--- 64 random bits.
local function bits(stream)
  return math.floor(stream:number() * 4294967296) << 32 | math.floor(stream:number() * 4294967296)
end

--- A whole number in low..high, like Lua's own: unbiased to the last bit for ranges below 2^53, by
--- rejection above.
local function between(stream, low, high)
  local range = high - low
  if range >= 0 and range < exact then return low + math.floor(stream:number() * (range + 1)) end
  local mask = -1
  while range >= 0 and mask >> 1 >= range do mask = mask >> 1 end
  local value
  repeat value = bits(stream) & mask until math.ult(value, range) or value == range
  return low + value
end

local function check_whole(position, value)
  local whole = math.type(value) and math.tointeger(value)
  if not whole then
    error(("bad argument #%d to 'random' (expected a whole number, found %s)"):format(position, tostring(value)), 3)
  end
  return whole
end

--- Makes math.random draw from `stream`. math.randomseed(n) changes to another stream of the same
--- clock, unless refuse() (if given) raises: a seed set in a loop would be lost when the run goes
--- on. Returns a function that restores the former functions.
function math_random.bind(stream, refuse)
  local root, former, former_seed = stream, math.random, math.randomseed

  function math.random(low, high)
    if low == nil then return stream:number() end
    low = check_whole(1, low)
    if high == nil then
      if low == 0 then return bits(stream) end
      low, high = 1, low
    else
      high = check_whole(2, high)
    end
    if low > high then error(("bad argument #%d to 'random' (interval is empty)"):format(low == 1 and 1 or 2), 2) end
    return between(stream, low, high)
  end

  function math.randomseed(n)
    if refuse then refuse() end
    stream = n and root:stream(tostring(n)) or root
  end

  return function()
    math.random, math.randomseed = former, former_seed
  end
end

return math_random
