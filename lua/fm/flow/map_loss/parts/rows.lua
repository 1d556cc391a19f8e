-- What the residual of a map loss is made of, for some rows of a batch:
--   s, t, m, length    times [B] (m: of kinds that have it), and t - s as a column over x
--   at(t) -> x, v      the pair's point and velocity on the path at times [B]
--   with_velocity(t)   the same, with guidance mixed into v
--   u(x, s, t)         the model; of kinds with times = 1 u(x, t)
--   guide(x, s, t)     what stands for the model where it gets no gradient: itself, or the teacher
--   over(t)            times [B] as a column that broadcasts over x
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local fields <const> = require "fm.parts.field"
local paths <const> = require "fm.flow.path"

local Rows <const> = {}
Rows.__index = Rows

local rows <const> = {}

--- Rows of `own`: model, teacher and teacher_times (or nil), path, guidance (or nil), and by row
--- x0, x1, z (the noise around a noisy path), s, t, m, cond, null (the condition that says
--- nothing), lost (where cond is null).
function rows.new(own)
  local self = setmetatable(own, Rows)
  if self.s then self.length = self:over(self.t - self.s) end
  return self
end

local by_row <const> = { "x0", "x1", "z", "s", "t", "m", "cond", "null", "lost" }

--- The rows with these numbers, a tensor of 1-based ones.
function Rows:picked(numbers)
  local total, own = #self.x1, {}
  local function select(tensor) return tensor:index_select(numbers, 1) end
  for name, value in next, self do own[name] = value end
  for _, name in ipairs(by_row) do own[name] = fields.picked(self[name], select, total) end
  return rows.new(own)
end

function Rows:over(t) return coefficients.over_rows(t, self.x1) end

function Rows:at(t) return paths.sample(self.path, self.x0, self.x1, t, self.z) end

-- The answer of a model for x at times; t is nil for a model with one time.
local function called(model, what, x, cond, s, t)
  local y
  if cond == nil then y = model(x, s, t)
  elseif t == nil then y = model(x, s, cond)
  else y = model(x, s, t, cond) end
  if fm.is_tensor(y) then arguments.batch("map_loss", what, y, x)
  else fm.fail(("map_loss: %s is a %s, expected a tensor [%s]"):format(what, type(y), table.concat(x:shape(), ", "))) end
  return y
end

function Rows:u(x, s, t) return called(self.model, "the model's answer", x, self.cond, s, t) end

local function guided(self, cond, x, s, t)
  local teacher = self.teacher
  if not teacher then return called(self.model, "the model's answer", x, cond, s, t) end
  if self.teacher_times == 1 then t = nil end
  return called(teacher, "the teacher's answer", x, cond, s, t)
end

function Rows:guide(x, s, t) return guided(self, self.cond, x, s, t) end

function Rows:with_velocity(t)
  local x, v = self:at(t)
  if not self.guidance then return x, v end
  return x, self.guidance(self, x, v, t, function(cond) return guided(self, cond, x, t, t) end)
end

return rows
