local fm <const> = require "fm"
local early <const> = require "fm.run.early_stopping"
local kept <const> = require "fm.run.kept"
local skip <const> = require "fm.skip"

--- What a file makes of tensors and values.
local function through_file(tensors, values)
  local path = os.tmpname()
  assert(fm.save(path, tensors, { values = fm.json.encode(values) }))
  local loaded, metadata = assert(fm.load(path))
  os.remove(path)
  return loaded, assert(fm.json.decode(metadata.values))
end

describe("what a run keeps", function()
  local start <const> = fm.live_bytes()

  it("comes back into the same tables, exactly", function()
    local inner, tensor = { 1, 2.0, "three" }, fm.tensor { 1, 2 }
    local part = { int = 7, float = 7.0, third = 1 / 3, inf = math.huge, low = -math.huge, nan = 0 / 0, yes = true, no = false, text = "q\"\n\u{e9}",
      bytes = "\0\xff", inner = inner, tensor = tensor, [-3] = "key", empty = {}, ["7"] = "text", big = math.maxinteger }
    local tensors, values = through_file(kept.capture { part = part })
    part.int, part.third, part.new, part.text, inner[2], inner[4] = 8, 0, true, nil, "changed", 4
    tensor:fill(9)
    kept.restore({ part = part }, tensors, values)
    assert.equal(inner, part.inner)
    assert.equal(tensor, part.tensor)
    assert.same({ 1, 2 }, tensor:totable())
    assert.same({ 1, 2.0, "three" }, inner)
    assert.equal("integer", math.type(part.int))
    assert.equal("float", math.type(part.float))
    assert.equal("float", math.type(inner[2]))
    assert.same({ 7, 1 / 3, math.huge, -math.huge, true, false, "q\"\n\u{e9}", "\0\xff", "key", "text", math.maxinteger },
      { part.int, part.third, part.inf, part.low, part.yes, part.no, part.text, part.bytes, part[-3], part["7"], part.big })
    assert.is_true(part.nan ~= part.nan)
    assert.same({}, part.empty)
    assert.is_nil(part.new)
  end)

  it("may be models, optimizers with a rate that changed, averages, tensors and streams", function()
    local function make()
      fm.nn.seed(1)
      local model = fm.nn.linear(3, 2)
      return { model = model, opt = fm.optim.adam(model, { lr = 0.1 }), sgd = fm.optim.sgd(model, { lr = fm.optim.linear { lr = 1, steps = 9 } }),
        ema = fm.optim.ema(model), loose = fm.zeros(2), walk = fm.rng(5, "walk") }
    end
    local parts = make()
    local function go_on(p)
      local x = p.walk:normal(4, 3)
      p.opt:step(function() return p.model(x):square():mean() end)
      p.ema:update()
      p.loose:copy(p.loose + p.walk:number())
      return { p.model.parts[1][2]:totable(), p.ema.average:totable(), p.loose:totable(), p.opt:rate(), p.sgd:rate() }
    end
    go_on(parts)
    parts.opt.lr = 0.02
    local tensors, values = through_file(kept.capture(parts))
    local other = make()
    kept.restore(other, tensors, values)
    assert.same(go_on(parts), go_on(other))
    assert.equal(0.02, other.opt.lr)
    assert.equal(parts.walk:calls(), other.walk:calls())
  end)

  it("may have any names: tensors whose names are equal once joined come back each into its own place", function()
    local function make(n)
      local function t() return fm.tensor { n } end
      return { box = { ["a.b"] = t(), a = { b = t() }, [1] = t(), ["1"] = t(), ["a\nb"] = t(), ["\xff"] = t(), ["\0"] = t(), ["a.b~2"] = t() },
        ["box.a"] = { b = t() }, __metadata__ = t(), fm = { values = "mine", step = "own", x = t() }, ["model"] = fm.nn.linear(1, 1),
        ["model.weight"] = t() }
    end
    local function each(parts, f)
      for _, key in ipairs { "a.b", 1, "1", "a\nb", "\xff", "\0", "a.b~2" } do f(parts.box[key]) end
      for _, tensor in ipairs { parts.box.a.b, parts["box.a"].b, parts.__metadata__, parts.fm.x, parts.model.weight,
        parts["model.weight"] } do f(tensor) end
    end
    local parts, other = make(0), make(-1)
    local n = 0
    each(parts, function(tensor)
      n = n + 1
      tensor:fill(n)
    end)
    local tensors, values = through_file(kept.capture(parts))
    assert.truthy(tensors["model.weight"] and tensors["model.weight~2"])
    assert.equal(n - 1, tensors["model.weight"]:item()) -- a state's names are as they are
    kept.restore(other, tensors, values)
    local found = {}
    each(other, function(tensor) found[#found + 1] = tensor:item() end)
    for i = 1, n do assert.equal(i, found[i]) end
    assert.same({ "mine", "own" }, { other.fm.values, other.fm.step })
    assert.matches("keeps: a name: expected UTF%-8 text, byte 2 is E9", select(2, pcall(kept.check, "x\xe9", {})))
  end)

  it("brings back the fields of a model's layers, modes among them", function()
    local function make()
      local inner = fm.nn.linear(2, 2)
      local user = setmetatable({ parameters = function() return {} end, n = 1 }, { __call = function(_, x) return x end })
      local model = fm.nn.sequential { inner, fm.nn.dropout(0.5), user }
      model.scale, model.gone, model.table = 1, "x", { 1, 2 }
      return model, inner, user
    end
    local model, inner, user = make()
    kept.seal({ model = model }, true)
    model:eval()
    inner.training = true
    model.scale, model.gone, model.note, user.n, inner.act = math.huge, nil, "new", 5, "silu"
    model.table[2] = "two"
    local tensors, values = through_file(kept.capture { model = model })
    kept.seal({ model = model }, nil)
    local other, other_inner, other_user = make()
    local list = other.table
    kept.restore({ model = other }, tensors, values)
    assert.same({ false, true, false, math.huge, "new", 5, "silu" }, { other.training, other_inner.training, other.parts[2][2].training, other.scale,
      other.note, other_user.n, other_inner.act })
    assert.is_nil(rawget(other, "gone"))
    assert.equal(list, other.table)
    assert.same({ 1, "two" }, list)
  end)

  it("refuses what was set on a layer inside a loop and cannot be kept", function()
    for name, set in pairs {
      ["a function"] = function(model) model.hook = print end,
      ["another function"] = function(model) model.forward_of = function() return 2 end end,
      ["a tensor"] = function(model) model.parts[1][2].weight = fm.zeros(2, 2) end,
      nothing = function(model) model.forward_of = nil end,
    } do
      local model = fm.nn.sequential { fm.nn.linear(2, 2) }
      model.forward_of = function() return 1 end
      kept.seal({ model = model }, true)
      kept.capture { model = model }
      set(model)
      local ok, message = pcall(kept.capture, { model = model })
      assert.is_false(ok, name)
      assert.matches('checkpoint: the field "[%a_]+" of a layer of model was set inside the loop to a %a+, which a checkpoint cannot hold', message)
    end
  end)

  it("refuses another function in a layer of the script's own, which may put aside what it makes", function()
    for name, set in pairs {
      ["another function"] = function(layer) layer.act = fm.sin end,
      ["a function for a word"] = function(layer) layer.mode = fm.sin end,
      nothing = function(layer) layer.act = nil end,
    } do
      local layer = setmetatable({ parameters = function() return {} end, act = fm.tanh, mode = "a" }, { __call = function(_, x) return x end })
      local model = fm.nn.sequential { layer }
      kept.seal({ model = model }, true)
      layer.cached, layer.last, layer.mode = fm.cos, fm.ones(2), "b"
      kept.capture { model = model }
      set(layer)
      local ok, message = pcall(kept.capture, { model = model })
      assert.is_false(ok, name)
      assert.matches('the field "%a+" of a layer of model was set inside the loop to a %a+, which a checkpoint cannot hold', message)
    end
  end)

  it("gives a stream the clock of its own that it got in the loop", function()
    local function make() return fm.rng(1):stream "a" end
    local a, b = make(), make()
    a:at(50):normal(3)
    local tensors, values = through_file(kept.capture { a = a })
    kept.restore({ a = b }, tensors, values)
    assert.same({ 50, true }, { b:step(), b:own_clock() })
    assert.same(a:normal(3):totable(), b:normal(3):totable())
  end)

  it("lets a stream that follows another's clock go on following it", function()
    local root, other = fm.rng(1), fm.rng(1)
    local a, b = root:stream "a", other:stream "a"
    root:at(5)
    a:normal(3)
    local tensors, values = through_file(kept.capture { a = a })
    other:at(5)
    kept.restore({ a = b }, tensors, values)
    root:at(6)
    other:at(6)
    assert.same(a:normal(3):totable(), b:normal(3):totable())
  end)

  it("is not written while an average is in the model", function()
    local model = fm.nn.linear(1, 1)
    local ema = fm.optim.ema(model)
    ema:swap(function()
      local ok, message = pcall(kept.capture, { model = model })
      assert.is_false(ok)
      assert.matches("checkpoint: the model holds the numbers of an average", message)
    end)
    kept.capture { model = model, ema = ema }
  end)

  it("without load_state is filled by its state's tensors", function()
    local weight = fm.ones(2)
    local part = { state = function() return { weight = weight } end }
    local tensors, values = through_file(kept.capture { part = part })
    weight:fill(0)
    kept.restore({ part = part }, tensors, values)
    assert.same({ 1, 1 }, weight:totable())
  end)

  it("must be the same things: those that are missing or too many are named", function()
    local tensors, values = kept.capture { a = { x = 1 }, b = { y = 2 } }
    local ok, message = pcall(kept.restore, { a = {} }, tensors, values)
    assert.is_false(ok)
    assert.truthy(tostring(message):find("the checkpoint holds b, which the script has not declared", 1, true), message)
    ok, message = pcall(kept.restore, { a = {}, b = {}, c = {} }, tensors, values)
    assert.is_false(ok)
    assert.truthy(tostring(message):find("does not hold c", 1, true), message)
    local lent = { a = { x = 0 } }
    kept.lend(lent, tensors, values)
    assert.equal(1, lent.a.x)
  end)

  it("gives its bytes back", function()
    collectgarbage()
    assert.equal(start, fm.live_bytes())
  end)
end)

describe("early stopping", function()
  local function stopper(given)
    given.metric = "m"
    return early.new(given)
  end

  it("counts logs since the best; what is not finite is never better", function()
    local s = stopper { patience = 3 }
    local values, ended = { 5, 4, 0 / 0, math.huge, 3, 3, 3.5, 4 }, {}
    for step, value in ipairs(values) do ended[step] = early.heed(s, value, step) and true or false end
    assert.same({ false, false, false, false, false, false, false, true }, ended)
    assert.same({ best = 3, step = 5, misses = 3, over = true }, s.state)
    assert.is_nil(early.heed(s, 9, 9))
  end)

  it("may look for the largest, and ask for a least gain", function()
    assert.is_true(early.is_better(1, nil, "max", 0.5))
    assert.is_false(early.is_better(1.4, 1, "max", 0.5))
    assert.is_true(early.is_better(1.6, 1, "max", 0.5))
    assert.is_false(early.is_better(0.6, 1, "min", 0.5))
    assert.has_error(function() stopper { mode = "mim" } end)
    assert.has_error(function() stopper { patience = 0 } end)
  end)
end)

describe("batches that are passed over", function()
  local start <const> = fm.live_bytes()

  --- The sum of the first column of each of the next n batches, over the rounds.
  local function sums(batches, n)
    local list = {}
    for i = 1, n do
      local x = batches() or batches()
      list[i] = x:sum():item()
    end
    return list
  end

  it("leave those that drawing would leave, wherever it is done", function()
    local x = fm.range(1, 23):reshape(23, 1)
    local function shuffled() return { rng = fm.rng(3) } end -- a stream for each: loaders on one are independent
    local function whole() return { rng = fm.rng(3), drop_last = true } end
    for _, options in ipairs { shuffled, whole, function() return {} end } do
      for _, at in ipairs { 0, 1, 2, 4, 5, 6, 11, 50 } do
        for _, had in ipairs { 0, 1, 5, 6 } do
          local drawn, passed = fm.data.batches(x, 5, options()), fm.data.batches(x, 5, options())
          sums(drawn, had + at)
          sums(passed, had)
          skip.of(passed)(at)
          assert.same(sums(drawn, 12), sums(passed, 12))
        end
      end
    end
  end)

  it("gives its bytes back", function()
    collectgarbage()
    assert.equal(start, fm.live_bytes())
  end)
end)
