-- Paths of tokens, and what is checked of tokens and of a model of them.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local sources <const> = require "fm.discrete.source"

local paths <const> = {}

local Path <const> = {}
Path.__index = Path

local none <const> = options.none
local wholes <const> = fm.real == "double" and 2.0 ^ 52 or 2.0 ^ 23 -- from here on there are no parts of numbers
local least_power <const> = 0.05 -- of less, early times are too small for a float, k^(1 / power) from 1e-2 on
local defaults <const> = { vocabulary = none, source = "mask", power = 1 }

--- How likely a source makes each token, [V]; nil: it does not say.
local function probability_of(where, source, V)
  if source.probability == nil then return nil end
  local p = options.callable(source.probability) and source.probability(V) or nil
  if fm.is_tensor(p) and p:rank() == 1 and #p == V and p:min():item() > 0 and math.abs(p:sum():item() - 1) < 1e-4 then return p end
  fm.fail(("%s: source: probability gave %s, expected a tensor [%d] of positive numbers with the sum 1"):format(where, options.shown(p), V))
end

--- The path that an option asks for: one that was made, or its options.
function paths.of(where, what)
  if getmetatable(what) == Path then return what end
  if what == nil then fm.fail(where .. ": path is missing: fm.discrete.path { vocabulary = V }") end
  local o = options.read(where, what, defaults)
  if o.vocabulary == nil then fm.fail(where .. ": vocabulary is missing: how many tokens there are") end
  local V = options.integer(where .. ": vocabulary", o.vocabulary, 2, 2 ^ 24 - 1)
  local source = sources.of(where .. ": source", o.source)
  return setmetatable({ vocabulary = V, states = source.masks and V + 1 or V, source = source, masks = source.masks == true,
    probability = probability_of(where, source, V), power = options.number(where .. ": power", o.power, least_power, 1e3) }, Path)
end

local function check_self(self, name)
  if getmetatable(self) ~= Path then fm.fail(("path:%s: call it with a colon, on a path of fm.discrete"):format(name)) end
end

--- The first of numbers in 0 .. 2^24 that is not whole, or nil.
local function first_broken(x)
  local broken = (x + wholes - wholes):ne(x) * x:lt(wholes) -- above, a float is whole
  if broken:max():item() == 0 then return nil end
  return x:reshape(-1)[broken:reshape(-1):argmax(1):item() // 1 | 0]
end

--- Raises unless x is a batch of tokens 1 .. most; like: one that it is shaped as.
function paths.check_tokens(where, name, x, most, like)
  if not fm.is_tensor(x) or x:rank() ~= 2 or like and (#x ~= #like or x:size(2) ~= like:size(2)) then
    fm.fail(("%s: %s is %s, expected tokens [%s, %s]"):format(where, name, options.shown(x), like and #like or "B", like and like:size(2) or "L"))
  end
  if x:count() == 0 then fm.fail(("%s: %s has no tokens"):format(where, name)) end
  local low, high = x:min():item(), x:max():item()
  if not (low >= 1 and high <= most) then
    fm.fail(("%s: %s has the token %g, expected 1..%d"):format(where, name, low >= 1 and high or low, most))
  end
  local broken = first_broken(x:detach())
  if broken then fm.fail(("%s: %s has the token %.9g, expected whole numbers 1..%d"):format(where, name, broken, most)) end
end

--- Times [n] from a number or a tensor of n.
function paths.times(where, t, n)
  if type(t) == "number" then return fm.full(n, options.number(where .. ": t", t, 0, 1)) end
  if fm.is_tensor(t) and t:count() == n and t:min():item() >= 0 and t:max():item() <= 1 then return t:reshape(n) end
  fm.fail(("%s: t is %s, expected a number in 0..1 or a tensor [%d] of them"):format(where, options.shown(t), n))
end

--- Raises unless what is given can be called as a model.
function paths.check_model(where, model)
  if not options.callable(model) then fm.fail(("%s: the model is %s, expected a function or a model"):format(where, options.shown(model))) end
end

--- The logits [B, L, V] that the model gives.
function paths.logits(where, path, model, xt, t, cond)
  local logits
  if cond == nil then logits = model(xt, t) else logits = model(xt, t, cond) end
  local B, L <const> = #xt, xt:size(2)
  if fm.is_tensor(logits) and logits:rank() == 3 and #logits == B and logits:size(2) == L and logits:size(3) == path.vocabulary then return logits end
  fm.fail(("%s: the model returned %s, expected logits [%d, %d, %d]"):format(where, options.shown(logits), B, L, path.vocabulary))
end

--- log p(token) under logits [B, L, V], [B, L]; for a token above V it is that of V.
function paths.log_prob(logits, tokens)
  local B, L, V = #logits, logits:size(2), logits:size(3)
  return logits:log_softmax(3):gather(tokens:clamp { max = V }:reshape(B, L, 1), 3):reshape(B, L)
end

--- How likely the path's source makes each of the tokens [B, L], shaped as they are.
function paths.chance(path, tokens)
  return path.probability:index_select(tokens:reshape(-1), 1):reshape(tokens:shape())
end

--- The probability that a token at time t is that of x1: a number, or a tensor shaped as t.
function Path:kept(t)
  check_self(self, "kept")
  return t ^ self.power
end

--- n rows of `length` tokens of the source.
function Path:start(n, length, rng, ...)
  check_self(self, "start")
  options.no_more("path:start", 3, ...)
  options.integer("path:start: n", n, 1, 2 ^ 31)
  options.integer("path:start: length", length, 1, 2 ^ 31)
  local x = self.source.start({ n, length }, self.vocabulary, options.rng("path:start", rng))
  paths.check_tokens("path:start", "what the source's start returned", x, self.states)
  return x
end

--- x_t for x1 [B, L] at times t, a number or [B].
function Path:sample(x1, t, rng, ...)
  local where <const> = "path:sample"
  check_self(self, "sample")
  options.no_more(where, 3, ...)
  paths.check_tokens(where, "x1", x1, self.vocabulary)
  options.rng(where, rng)
  local keep = self:kept(paths.times(where, t, #x1)):reshape(#x1, 1)
  return fm.where(rng:uniform(x1:shape()):lt(keep), x1, self:start(#x1, x1:size(2), rng))
end

return paths
