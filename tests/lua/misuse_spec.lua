-- A script that does something wrong gets a Lua error at its own line, never a crash. Run under
-- the sanitizers too.
local fm <const> = require "fm"

local nan <const>, huge <const> = 0 / 0, math.huge

local function nested(depth)
  local t = { 1 }
  for _ = 1, depth do t = { t } end
  return t
end

local function myself()
  local t = {}
  t[1] = t
  return t
end

local function released()
  local scope <close> = fm.scope()
  return fm.ones(3) * 2
end

describe("misuse", function()
  local x <const> = fm.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
  local cases <const> = {
    { "wrong shapes", "do not fit", function() return x + fm.zeros(4) end },
    { "wrong inner size", "do not fit", function() return x:matmul(x) end },
    { "weight of other width", "the weight wants 7 columns", function() return x:linear(fm.zeros(2, 7)) end },
    { "a string for a tensor", "expected a tensor", function() return fm.add(x, "one") end },
    { "a table for a tensor", "expected a tensor", function() return fm.exp {} end },
    { "nil for a tensor", "expected a tensor", function() return fm.mse(x) end },
    { "nil after the tensors of stack", "stack: argument 2: expected a tensor or options, found nil", function() return fm.stack(x, nil) end },
    { "nil between the tensors of cat", "cat: argument 2: expected a tensor or options, found nil", function() return fm.cat(x, nil, x) end },
    { "an op on another userdata", "expected a tensor", function() return fm.exp(io.stdout) end },
    { "a method on another userdata", "expected a tensor", function() return x.shape(io.stdout) end },
    { "a NaN size", "whole number", function() return fm.zeros(nan) end },
    { "an infinite size", "whole number", function() return fm.zeros(huge) end },
    { "a negative size", "expected 0", function() return fm.zeros(-1) end },
    { "half a row", "whole number", function() return fm.zeros(1.5) end },
    { "a huge shape", "a tensor %[1099511627776, 1099511627776%]: more numbers than this machine can address",
      function() return fm.zeros(1 << 40, 2 ^ 40) end },
    { "a shape that overflows", "more numbers", function() return fm.zeros(1 << 30, 1 << 30, 1 << 30) end },
    { "more memory than there is", "out of memory", function() return fm.zeros(1 << 39) end },
    { "nine axes", "over the limit 8", function() return fm.zeros(1, 1, 1, 1, 1, 1, 1, 1, 1) end },
    { "a ragged table", "differ in length", function() return fm.tensor { { 1, 2 }, { 3 } } end },
    { "a table of words", "expected a number", function() return fm.tensor { "a", "b" } end },
    { "a table inside itself", "nested deeper", function() return fm.tensor(myself()) end },
    { "a table nested 1000 deep", "nested deeper", function() return fm.tensor(nested(1000)) end },
    { "numbers among tables", "expected a table", function() return fm.tensor { { 1 }, 2 } end },
    { "axis 0", "an axis", function() return x:sum(0) end },
    { "axis 3 of 2", "out of range", function() return x:sum(3) end },
    { "axis 1.5", "an axis", function() return x:sum(1.5) end },
    { "an unknown option", 'unknown option "axes"; did you mean "axis"', function() return x:sum { axes = 1 } end },
    { "a numbered option", "exp: unexpected option %[1%]", function() return x:exp { 1 } end },
    { "an option that is no name", "sum: unexpected option %[true%]", function() return x:sum { axis = 1, [true] = 1 } end },
    { "an unknown act", 'did you mean "silu"', function() return x:linear(fm.zeros(2, 3), nil, { act = "sillu" }) end },
    { "an argument too many", "unexpected argument", function() return x:exp(3) end },
    { "a shape and a size", "zeros: unexpected argument 2: 3", function() return fm.zeros({ 2 }, 3) end },
    { "numbers up to infinity", "linspace: expected finite numbers, found 0, inf", function() return fm.linspace(0, huge, 3) end },
    { "numbers from a NaN on", "linspace: expected finite numbers, found %-?nan, 1", function() return fm.linspace(nan, 1, 3) end },
    { "a range of too many", "range: 1000000000000001 numbers are too many", function() return fm.range(0, 1e15) end },
    { "a kernel for no channel", "conv2d: weight is %[0, 1, 2, 2%]: expected %[O, C, kh, kw%], none of them 0",
      function() return fm.zeros(1, 1, 4, 4):conv2d(fm.zeros(0, 1, 2, 2)) end },
    { "two sizes of a square", "eye: unexpected argument 2: 3", function() return fm.eye(2, 3) end },
    { "a tensor made of a tensor and a shape", "tensor: unexpected argument 2: 6", function() return fm.tensor(x, 6) end },
    { "a shape asked by an argument", "tensor:shape: unexpected argument 1: 2", function() return x:shape(2) end },
    { "a draw with two limits", "rng:permutation: unexpected argument 2: 5", function() return fm.rng(1):permutation(4, 5) end },
    { "a scope with options", "scope: unexpected argument 1: table", function() return fm.scope {} end },
    { "a metric's third sample", "assignment: unexpected argument 2: tensor %[2, 3%]", function() return fm.metrics.assignment(fm.eye(2), x) end },
    { "a string longer than a line", "add: argument 2: expected a tensor or a number, found a string of 100 bytes",
      function() return x + ("x"):rep(100) end },
    { "a tape for a tensor", "exp: argument 1: expected a tensor or a number, found scope", function() return fm.exp(fm.scope()) end },
    { "a method without its object", "tensor:totable: expected a tensor before the colon, found nothing", function() return x.totable() end },
    { "a method of a released tensor", "tensor:item: this tensor was released", function() return released():item() end },
    { "a released tensor for a method", "tensor:copy: argument 1: this tensor was released", function() return x[1]:copy(released()) end },
    { "a released tensor among others", "cat: argument 2: this tensor was released", function() return fm.cat(x[1], released()) end },
    { "a released tensor in a list", "cat: entry 2: expected a tensor, found a tensor that was released", function() return fm.cat { x[1], released() } end },
    { "a NaN option", "expected a number", function() return x:pow(nan) end },
    { "row 0", "out of range", function() return x[0] end },
    { "row 3 of 2", "out of range", function() return x[3] end },
    { "row 1.5", "row: expected a whole number, found 1.5", function() return x[1.5] end },
    { "rows backwards", "the range of rows 2 to 1 is empty", function() return x[{ 2, 1 }] end },
    { "a word for a row", 'entries of a tensor are set to a number or a tensor, not to string "a"', function() x[1] = "a" end },
    { "a list for rows", "set to a number or a tensor, not to table", function() x[{ 1, 2 }] = { 1, 2 } end },
    { "nothing for slices", "set to a number or a tensor, not to nil", function() x[{ {}, 1 }] = nil end },
    { "a method that is none", 'no method "summ"; did you mean "sum"?', function() return x:summ() end },
    { "a method like no other", 'no method "zzzzzzzzzzz"$', function() return x.zzzzzzzzzzz end },
    { "index 0", "must lie in 1..2", function() return x:index_select(fm.tensor { 0 }, { axis = 1 }) end },
    { "index NaN", "must lie in 1..2", function() return x:index_select(fm.tensor { nan }, { axis = 1 }) end },
    { "index 1.5", "whole number", function() return x:index_select(fm.tensor { 1.5 }, { axis = 1 }) end },
    { "label 9 of 3", "must lie in 1..3", function() return x:cross_entropy(fm.tensor { 1, 9 }) end },
    { "a reshape that loses numbers", "has 6 numbers", function() return x:reshape(4) end },
    { "a reshape with two -1", "only one", function() return x:reshape(-1, -1) end },
    { "a permutation twice", "given twice", function() return x:permute(1, 1) end },
    { "cat of nothing", "expected tensors", function() return fm.cat {} end },
    { "cat of other sizes", "only axis 1 may differ", function() return fm.cat(x, fm.zeros(1, 2)) end },
    { "slices beyond the end", "not within", function() return x:slice(1, 1, 9) end },
    { "item of six", "one number", function() return x:item() end },
    { "a tensor to the power of a tensor", "exponent must be a number", function() return x ^ x end },
    { "copy of another shape", "copy: target", function() return x:copy(fm.zeros(1)) end },
    { "a row of another size", "do not take", function() x[1] = fm.zeros(7) end },
    { "a seed that is no number", "whole number", function() return fm.rng "seed" end },
    { "a permutation of too many", "expected", function() return fm.rng(1):permutation(-1) end },
    { "integers the wrong way round", "is over high", function() return fm.rng(1):integers(3, 5, 1) end },
    { "a stream without a name", "rng:stream: argument 1: expected a string", function() return fm.rng(1):stream() end },
    { "an rng method on a tensor", "rng:normal: expected a random stream before the colon, found tensor", function() return fm.rng(1).normal(x, 3) end },
    { "custom without backward", "backward: expected a function", function() return fm.custom { forward = print } end },
    { "custom whose forward returns a number", "forward must return a tensor, found 1", function()
      return fm.custom { forward = function() return 1 end, backward = print }(x)
    end },
    { "custom whose forward throws", "thrown", function()
      return fm.custom { forward = function() error "thrown" end, backward = print }(x)
    end },
    { "a model that returns nothing", "tensor expected", function() return fm.flow.loss(function() end, x, { rng = fm.rng(1) }) end },
    { "a model of another shape", "prediction is", function()
      return fm.flow.loss(function(v) return v:sum(2) end, x, { rng = fm.rng(1) })
    end },
    { "a loss without draws", "rng is missing", function() return fm.flow.loss(print, x) end },
    { "an unknown path", 'unknown path "lineer"', function() return fm.flow.path "lineer" end },
    { "a path without a", "expected a function", function() return fm.flow.path { s = print } end },
    { "times of another length", "t is", function() return fm.flow.path "linear":sample(x, x, fm.zeros(5)) end },
  }

  local before
  setup(function()
    collectgarbage() collectgarbage()
    before = fm.live_bytes()
  end)

  for _, case in ipairs(cases) do
    it(case[1], function()
      local ok, message = pcall(case[3])
      assert.is_false(ok)
      assert.is_string(message)
      assert.matches(case[2], message)
      assert.is_false(fm.is_recording())
    end)
  end

  it("names the script's line", function()
    local ok, message = pcall(function() return fm.flow.loss(function(v) return v:linear(fm.zeros(2, 9)) end, x, { rng = fm.rng(1) }) end)
    assert.is_false(ok)
    assert.matches("misuse_spec.lua:%d+: linear: weight is %[2, 9%], input is %[2, 3%]", message)
  end)

  it("survives errors, yields and closed scopes in the middle of a step", function()
    local w = fm.parameter(fm.ones(3))
    local opt = fm.optim.adam { w }
    assert.is_false(pcall(function() opt:step(function() return (w + "x"):sum() end) end))
    local co = coroutine.create(function() opt:step(function()
      coroutine.yield()
      return w:sum()
    end) end)
    assert(coroutine.resume(co))
    assert(coroutine.close(co))
    assert.is_false(fm.is_recording())
    local scope = fm.scope()
    scope:close()
    scope:close()
    assert.is_number(opt:step(function() return w:sum() end))
  end)

  it("survives gradients asked inside custom functions", function()
    local w = fm.parameter(fm.ones(3))
    local inner = fm.custom {
      forward = function(v) return v * 2 end,
      backward = function(_, dy)
        local k = fm.parameter(fm.ones(3))
        do
          local tape <close> = fm.record()
          local y = k * k
          y:sum():backward()
        end
        return dy * k:grad()
      end,
    }
    local tape <close> = fm.record()
    inner(w):sum():backward()
    assert.same({ 2, 2, 2 }, w:grad():totable())
  end)

  it("leaves nothing behind", function()
    collectgarbage() collectgarbage()
    assert.equal(before, fm.live_bytes())
  end)

  it("says which whole numbers an option takes, when one is negative and when one is huge", function()
    local x, w = fm.zeros(1, 1, 4, 4), fm.zeros(1, 1, 2, 2)
    for _, v in ipairs { 2 ^ 40, 2 ^ 31, 2 ^ 62, math.maxinteger, -1, math.mininteger } do
      local shown = ("%d"):format(math.tointeger(v))
      for _, case in ipairs {
        { "conv2d: padding is %s: expected 0 to 2147483647", function() return fm.conv2d(x, w, nil, { padding = v }) end },
        { "conv2d: stride is %s: expected 1 to 2147483647", function() return fm.conv2d(x, w, nil, { stride = v }) end },
        { "conv_transpose2d: padding is %s: expected 0 to 2147483647", function() return fm.conv_transpose2d(x, w, nil, { padding = v }) end },
        { "conv_transpose2d: stride is %s: expected 1 to 2147483647", function() return fm.conv_transpose2d(x, w, nil, { stride = v }) end },
        { "upsample_nearest2d: scale is %s: expected 1 to 2147483647", function() return fm.upsample_nearest2d(x, { scale = v }) end },
      } do
        local ok, message = pcall(case[2])
        assert.is_false(ok)
        assert.is_truthy(message:find(case[1]:format(shown), 1, true), message)
      end
    end
    for _, v in ipairs { 2 ^ 31 - 1, 2 ^ 30 } do -- in range, and too large for the picture
      assert.is_false((pcall(fm.conv2d, x, w, nil, { padding = v })))
      assert.is_false((pcall(fm.conv_transpose2d, x, w, nil, { stride = v })))
      assert.is_false((pcall(fm.upsample_nearest2d, x, { scale = v })))
    end
  end)
end)
