-- Golden values of PyTorch for two-time models: maps, their composition, and every kind of
-- flow.map_loss, with the gradients of all parameters. fmrun64 must agree to 1e-9.
local fm <const> = require "fm"
local flow <const> = fm.flow

local double <const> = fm.real == "double"
local tensors, metadata = assert(fm.load "tests/golden/maps.safetensors")
local cases <const> = fm.json.decode(metadata.cases)

local function given(value) if value ~= fm.json.null then return value end end

local function near(got, want, what)
  if type(want) == "number" then got, want = fm.full(1, got), fm.full(1, want) end
  assert.same(want:shape(), got:shape())
  local off = (got - want):abs():max():item() / math.max(want:abs():max():item(), 1e-30)
  if not (off <= (double and 1e-9 or 5e-4)) then error(("%s: off by %.3g"):format(what, off), 2) end
end

local network -- the case with the network of all
for _, c in ipairs(cases) do network = c.kind == "network" and c or network end

local function model_of(state)
  local own = {}
  for name, key in pairs(state) do own[name] = tensors[key] end
  local model = fm.nn.vector_field { dim = network.dim, hidden = network.hidden, time_embed = network.time_embed, times = 2 }
  model:load_state(own)
  return model
end

local checks <const> = {}

function checks.network(c, model)
  local x, s, t = tensors[c.x], tensors[c.s], tensors[c.t]
  near(model(x, s, t), tensors[c.u], "u")
  near(flow.map(model)(x, s, t), tensors[c.mapped], "mapped")
  near(model(x, t, t), tensors[c.diagonal], "diagonal")
end

function checks.loss(c, model)
  local m = given(c.m)
  local tape <close> = fm.record()
  local loss = flow.map_loss(c.map, model, tensors[c.x1], {
    x0 = tensors[c.x0], s = tensors[c.s], t = tensors[c.t], path = c.path, m = tensors[m] or m, alpha = given(c.alpha),
    power = c.power, c = given(c.c), teacher = given(c.teacher) and model_of(c.teacher),
  })
  near(loss:item(), c.value, "value")
  loss:backward()
  for name, parameter in pairs(model:state()) do
    local want, got = tensors[c.grads[name]], parameter:grad()
    if want:abs():max():item() == 0 then assert.equal(0, got and got:abs():max():item() or 0)
    else near(got, want, "gradient of " .. name) end
  end
end

function checks.sample(c, model)
  local x1, info = flow.map_sample(model, tensors[c.x0], { steps = given(c.steps), times = given(c.times) })
  near(x1, tensors[c.x1], "x1")
  assert.equal(c.nfe, info.nfe)
end

describe("golden maps", function()
  for _, c in ipairs(cases) do
    it(c.kind .. " " .. c.name, function() checks[c.kind](c, model_of(network.state)) end)
  end
  it("are all there", function() assert.equal(20, #cases) end)
end)
