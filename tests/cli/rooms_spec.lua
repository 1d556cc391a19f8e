-- One file is enough for a solver, layer, activation, path, coupling, ...: beside the script, and
-- in a copy of its room. Nothing else is edited.
local shell <const> = require "tests.cli.shell"

-- The text of each file, and a line of a script that uses it and prints the result.
local things <const> = {
  { "ode", "half_steps", [[
-- half_steps: two Euler steps of half the length.
return { order = 1, step = function(f, t, x, h)
  local half = x + f(x, t) * (h / 2)
  return half + f(half, t + h / 2) * (h / 2)
end }]], [[fm.ode.solve(function(x) return x end, fm.ones(1), { method = "half_steps", steps = 1 })[1] ]], "2.25" },
  { "sde", "no_noise", [[
-- no_noise: the drift alone.
return { step = function(p, t, x, h) return x + p.drift(x, t) * h end }]],
    [[fm.sde.solve({ drift = function(x) return x * 0 + 1 end, diffusion = 1 }, fm.zeros(1, 1), { method = "no_noise", steps = 1, rng = fm.rng(1) }):item()]],
    "1.0" },
  { "nn", "twice", "-- twice(): 2 x.\nreturn function() return function(x) return x * 2 end end", "fm.nn.twice()(fm.ones(1))[1]", "2.0" },
  { "nn/activation", "cubed", "-- cubed: x^3.\nreturn function() return function(x) return x * x * x end end",
    [[fm.nn.linear(1, 1, { act = "cubed", bias = false, init = function(w) w:fill(2) end })(fm.ones(1, 1)):item()]], "8.0" },
  { "flow/path", "late", "-- late: a = t^2, s = 1 - t.\nreturn { a = function(t) return t * t end, s = function(t) return 1 - t end }",
    [[(fm.flow.path "late":coefficients(0.5))]], "0.25" },
  { "flow/coupling", "mirrored", [[
-- mirrored: the first of x0 goes with the last of x1.
return function() return function(x0, x1) return fm.index_select(x0, fm.range(#x0, 1, -1), 1), x1 end end]],
    [[(fm.flow.coupling "mirrored"(fm.tensor { { 1 }, { 2 } }, fm.zeros(2, 1)))[1][1] ]], "2.0" },
  { "flow/time", "late_half", [[
-- late_half{from = 0.5}: times after `from`.
return function(given)
  local from = given and given.from or 0.5
  return function(rng, n) return rng:uniform(n) * (1 - from) + from end
end]], [[fm.flow.loss(function(_, t) low = t:min():item() return fm.zeros(9, 1) end, fm.zeros(9, 1), { rng = fm.rng(1), time = { "late_half", from = 0.75 } })
  and low >= 0.75]], "true" },
  { "flow/prediction", "doubled", [[
-- doubled: 2 x1.
return { target = function(_, x1) return x1 * 2 end, velocity = function(p) return p / 2 end }]],
    [[fm.flow.loss(function(x) return x * 0 end, fm.full(4, 1, 3), { rng = fm.rng(1), predict = "doubled" }):item()]], "36.0" },
  { "flow/guidance", "pushed", "-- pushed{by}: v + by w.\nreturn function(o) return { combine = function(v, _, w) return v + w * o.by end } end",
    [[fm.flow.guidance(function(x) return x end, { cond = 1, scale = 2, kind = { "pushed", by = 3 } })(fm.ones(1, 1), 0):item()]], "7.0" },
  { "flow/exact", "still", "-- still{}: nothing moves.\nreturn function() return function(x) return x * 0 end end",
    "fm.flow.exact.still {}(fm.ones(1, 1), 0):item()", "0.0" },
  { "flow", "speed", "-- speed(model): its mean speed.\nreturn function(model) return model(fm.ones(2, 2), 0):abs():mean():item() end",
    "fm.flow.speed(function(x) return x end)", "1.0" },
  { "optim", "sign", [[
-- sign(parameters, {lr}): steps of one length.
return function(list, given)
  return { step = function(_, f)
    list[1]:zero_grad()
    do
      local tape <close> = fm.record()
      f():backward()
    end
    list[1]:detach():copy(list[1]:detach() - (list[1]:grad() * 1e9):clamp(-1, 1) * given.lr)
  end }
end]], "(function() local w = fm.parameter(fm.ones(1)) fm.optim.sign({ w }, { lr = 0.5 }):step(function() return w:sum() end) return w[1] end)()", "0.5" },
  { "optim/schedule", "halving", [[
-- halving{lr}: half the rate after each step.
return function(given) return function(steps) return given.lr / 2 ^ steps end end]],
    [[fm.optim.sgd({ fm.parameter(fm.ones(1)) }, { lr = { "halving", lr = 8 } }):rate() + fm.optim.halving { lr = 4 }(1)]], "10.0" },
  { "data", "diagonal", "-- diagonal{n}: points on a line.\nreturn function(given) return fm.ones(given.n, 2) end", "#fm.data.diagonal { n = 5 }", "5" },
  { "metrics", "middle", [[
-- middle(a, b): how far the means are apart.
return function(a, b) return (a:mean() - b:mean()):abs():item() end]],
    "fm.metrics.middle(fm.ones(2, 1), fm.zeros(2, 1)) + fm.metrics.middle.floor(fm.ones(1), fm.ones(1))", "1.0" },
  { "plot", "dots", "-- dots(x): a scatter of x.\nreturn function(x) return fm.plot.scatter(x) end", "fm.plot.dots(fm.ones(3, 2)) ~= nil", "true" },
}

local function script_of(thing)
  return ('local fm = require "fm"\nlow = 0\nprint(%s)\n'):format(thing[4])
end

local function file_of(thing)
  return thing[3]:gsub("\n", '\nlocal fm = require "fm"\n', 1) -- after the comment at its head
end

describe("one file is enough", function()
  before_each(shell.open)
  after_each(shell.close)

  it("beside the script: of every room", function()
    for _, thing in ipairs(things) do
      shell.write(thing[2] .. ".lua", (file_of(thing)))
      shell.write("script.lua", script_of(thing))
      local code, out, err = shell.call "script.lua"
      assert.equal(0, code, thing[2] .. "\n" .. err)
      assert.equal(thing[5] .. "\n", out, thing[2])
      os.remove(("%s/%s.lua"):format(shell.folder, thing[2]))
      code, _, err = shell.call "script.lua"
      assert.equal(1, code, thing[2])
      assert.matches(('"%s"'):format(thing[2]), err)
    end
  end)

  it("in a copy of the room; help finds it there, and a command beside the others", function()
    local build = shell.fmrun:match "^(.*)/[^/]*$"
    local root = shell.here:match "^(.*)/tests/cli$"
    assert.equal(0, (shell.run(("mkdir -p copy/build && cp %s copy/build/fmrun && cp -r %s/lua copy/"):format(shell.fmrun, root))), build)
    for _, thing in ipairs(things) do shell.write(("copy/lua/fm/%s/%s.lua"):format(thing[1], thing[2]), (file_of(thing))) end
    shell.write("copy/lua/fm/cli/command/greet.lua", [[return { help = "greets", usage = "fmrun greet", run = function() print "hello" return 0 end }]])
    for _, thing in ipairs(things) do
      shell.write("script.lua", script_of(thing))
      local code, out, err = shell.run "copy/build/fmrun script.lua"
      assert.equal(0, code, thing[2] .. "\n" .. err)
      assert.equal(thing[5] .. "\n", out, thing[2])
      local name = ("fm.%s.%s"):format(thing[1]:gsub("/", "."), thing[2])
      code, out = shell.run("copy/build/fmrun help " .. name)
      assert.equal(0, code, name)
      assert.matches(thing[2], out)
    end
    assert.equal("hello\n", select(2, shell.run "copy/build/fmrun greet"))
    assert.matches("greet +greets", (select(2, shell.run "copy/build/fmrun help")))
    assert.matches('unknown command "gret"; did you mean "greet"', (select(3, shell.run "copy/build/fmrun gret")))
    -- what is in a copy is told in the words of a typo too
    shell.write("script.lua", 'local fm = require "fm" print(fm.flow.path "lat")')
    assert.matches('unknown path "lat"; did you mean "late"', (select(3, shell.run "copy/build/fmrun script.lua")))
  end)
end)
