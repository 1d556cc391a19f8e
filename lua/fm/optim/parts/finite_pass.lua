-- The pass of an optimizer, which never leaves numbers that are not finite: one that may go too far
-- is undone when it does. `self` is what is inside of an optimizer, see optimizer.lua.
local fm <const> = require "fm"
local diverged <const> = require "fm.parts.diverged"
local parameters <const> = require "fm.optim.parts.parameters"

local finite_pass <const> = {}

local huge <const> = math.huge

-- A pass over finite numbers gives finite numbers when it moves them by less than half of the
-- distance between the largest reals, and when the squares of the gradients do not overflow.
local far <const> = fm.real == "double" and 1e291 or 1e30
local square_far <const> = fm.real == "double" and 1e153 or 1e18

local unchanged <const> = "the step changed nothing"

local function text_of(value)
  return value ~= value and "nan" or "infinite"
end

--- A loss is not finite, and no update follows.
function finite_pass.note(self, loss)
  diverged.note(("%s: the loss is %s"):format(self.where, text_of(loss)), unchanged)
end

--- Raises: what is not finite, in parameter i.
function finite_pass.refuse(self, what, i, value)
  diverged.raise(("%s: the %s of %s is %s"):format(self.where, what, parameters.name(self.set, i), text_of(value)), unchanged, self.steps_taken + 1)
end

--- The first parameter that has a number that is not finite in a flat vector, and that number; or
--- nil.
local function odd_in(self, vector)
  if (vector * 0):sum():item() == 0 then return nil end
  for i in ipairs(self.set.list) do
    for _, value in ipairs(parameters.view(self.set, vector, i):reshape(-1):totable()) do
      if not (math.abs(value) < huge) then return i, value end
    end
  end
end

--- The first parameter that is not finite after the pass, or whose moments are not, and that
--- number.
local function odd_after(self)
  local largest, i = self.set.flat:largest(true)
  if i then return i, largest end
  for _, vector in pairs(self.vectors) do
    local odd, value = odd_in(self, vector)
    if odd then return odd, value end
  end
end

--- A pass that may go too far: it is undone when it does; otherwise it measures again how large the
--- moments are.
local function careful_pass(self, lr, scale)
  local scope <close> = fm.scope()
  local flat, before = self.set.flat, {}
  local numbers = fm.zeros(flat:total())
  flat:read(numbers)
  for name, vector in pairs(self.vectors) do before[name] = vector:clone() end
  self.pass(self, lr, scale)
  local i, value = odd_after(self)
  if not i then
    local moment = self.vectors[self.moment]
    self.reach = moment and moment:abs():max():item() or 0
    return
  end
  flat:swap(numbers)
  for name, vector in pairs(before) do self.vectors[name]:copy(vector) end
  self.steps_taken = self.steps_taken - 1
  finite_pass.refuse(self, ("update by lr %.6g"):format(lr), i, value)
end

--- Whether the pass is safe, given the largest gradient: then no number can leave the range above.
--- Otherwise careful_pass checks.
local function is_safe(self, lr, peak)
  local decay = self.settings.weight_decay
  if decay > 0 and not self.settings.decoupled then peak = peak + decay * self.set.flat:largest(true) end
  if decay > 0 and self.settings.decoupled and not (lr * decay <= 2) then return false end
  return peak < square_far and self.bound(self, lr, peak) < far
end

--- The pass, when the largest gradient is `peak`. Raises when a number would not stay finite; then
--- nothing has changed.
function finite_pass.over(self, lr, scale, peak)
  if is_safe(self, lr, peak) then self.pass(self, lr, scale) else careful_pass(self, lr, scale) end
end

return finite_pass
