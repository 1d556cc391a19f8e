local fm <const> = require "fm"
local early <const> = require "fm.run.early"
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
