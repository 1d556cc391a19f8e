-- Schedules of noise, found by name: diffusion.schedule("cosine") is schedule/cosine.lua, or
-- cosine.lua beside the script. A file returns the betas, beta_1 first, as a list or a tensor [T];
-- or a function of its options that returns them. x_k = sqrt(abar_k) x1 + sqrt(1 - abar_k) noise,
-- with abar_k the product of 1 - beta up to k. Ho et al. 2020.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

local most_steps <const> = 1e6 -- the betas are a list

local Schedule <const> = {}

-- { steps, betas [T], alpha_bars [T] }; for samplers the lists beta, a = sqrt(abar) and s =
-- sqrt(1 - abar): they compute with doubles, also where a tensor holds floats; for the loss roots =
-- { a [T], s [T] }.
local function new(where, betas)
  if fm.is_tensor(betas) then betas = betas:reshape(-1):totable() end
  if type(betas) ~= "table" or #betas == 0 then
    fm.fail(("%s: expected betas as a list of numbers or a tensor [T], found %s"):format(where, options.shown(betas)))
  end
  if #betas > most_steps then fm.fail(("%s: %d steps are over the limit %d"):format(where, #betas, most_steps)) end
  local beta, alpha_bars, a, s = {}, {}, {}, {}
  local product, noise = 1.0, 0.0
  for k = 1, #betas do
    beta[k] = options.number(("%s: beta %d"):format(where, k), betas[k], 0, 1) + 0.0
    if not (beta[k] > 0 and beta[k] < 1) then fm.fail(("%s: beta %d is %g, expected a number between 0 and 1"):format(where, k, beta[k])) end
    noise = noise + product * beta[k] -- 1 - abar, without the digits that 1 - product would lose
    product = product * (1 - beta[k])
    if not (product > 0) then fm.fail(("%s: nothing is left of the data at index %d: the product of 1 - beta is 0"):format(where, k)) end
    alpha_bars[k], a[k], s[k] = product, product ^ 0.5, noise ^ 0.5
  end
  local self = { steps = #beta, betas = fm.tensor(beta), alpha_bars = fm.tensor(alpha_bars), beta = beta, a = a, s = s }
  self.roots = { a = fm.tensor(a), s = fm.tensor(s) }
  return setmetatable(self, Schedule)
end

local schedule <const> = {}

--- The schedule that `what` stands for: a name, { "name", option = }, a list or a tensor of betas,
--- or a schedule.
local function make(where, what, given)
  if getmetatable(what) == Schedule or type(what) ~= "string" and not (type(what) == "table" and type(what[1]) == "string") then
    if given ~= nil then fm.fail(where .. ": unexpected options: they go with the name of a schedule") end
    if getmetatable(what) == Schedule then return what end
    if type(what) ~= "table" and not fm.is_tensor(what) then
      fm.fail(("%s: expected a name, betas or a schedule, found %s"):format(where, options.shown(what)))
    end
    return new(where, what)
  end
  if type(what) == "table" then
    if given ~= nil then fm.fail(where .. ": options twice: in the table with the name, and beside it") end
    what, given = options.split(what)
  end
  local betas = by_name.find("fm.diffusion.schedule", what)
  if betas == nil then by_name.fail(where .. ": unknown schedule", "fm.diffusion.schedule", what) end
  local name <const> = "schedule " .. what
  if options.callable(betas) then betas = betas(given)
  elseif given ~= nil then options.read(name, given, {}) end
  return new(name, betas)
end

--- The schedule that an option asks for.
function schedule.of(where, what)
  if what == nil then fm.fail(where .. ": schedule is missing: diffusion.schedule makes one") end
  return make(where .. ": schedule", what)
end

return by_name.room("fm.diffusion.schedule", schedule, { call = function(what, given, ...)
  options.no_more("schedule", 2, ...)
  return make("schedule", what, given)
end })
