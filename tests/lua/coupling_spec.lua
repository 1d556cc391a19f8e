-- Couplings and the conditions of x1: x0, x1, cond = couple(x0, x1 [, cond]).
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const> = fm.flow

local raises <const> = checks.raises

local x0 <const>, x1 <const>, t <const> = fm.rng(1):normal(6, 2), fm.rng(2):normal(6, 2), fm.rng(3):uniform(6)
local labels <const> = fm.tensor { 1, 2, 1, 2, 2, 1 }

-- What the loss with this coupling hands to the model: x at t = 1, so x1, and the condition.
local function seen_by_the_model(coupling, cond)
  local x, c
  flow.loss(function(xt, _, given)
    x, c = xt, given
    return xt * 0
  end, x1, { x0 = x0, t = 1, coupling = coupling, cond = cond })
  return x:totable(), c
end

-- Pairs rows of equal labels, in order: row i of x0 has the label of row i of cond.
local function within_labels(a, b, cond)
  local of = {}
  for i = 1, #b do
    local label = cond[i]
    of[label] = of[label] or {}
    table.insert(of[label], i)
  end
  local partner = {}
  for _, rows in pairs(of) do
    for k, row in ipairs(rows) do partner[row] = rows[k % #rows + 1] end
  end
  return a:index_select(fm.tensor(partner), 1), b, cond
end

describe("a coupling", function()
  checks.no_bytes_stay(before_each, after_each)

  it("of fm gives x1 and its condition back as they were, of whatever kind", function()
    local conditions = { labels, fm.rng(4):normal(6, 3), { a = labels, b = 1 }, 3, "cat", false, function() end }
    for _, name in ipairs { "independent", "ot" } do
      local couple = flow.coupling(name)
      for _, cond in ipairs(conditions) do
        local _, y1, c = couple(x0, x1, cond)
        assert.is_true(rawequal(y1, x1) and rawequal(c, cond))
        local x, seen = seen_by_the_model(name, cond)
        assert.is_true(rawequal(seen, cond))
        assert.same(x1:totable(), x)
      end
      assert.equal(3, select("#", couple(x0, x1)))
      assert.is_nil((select(3, couple(x0, x1))))
    end
  end)

  it("of a script sees the labels through the loss", function()
    local calls = 0
    local function couple(a, b, cond)
      calls = calls + 1
      assert.is_true(rawequal(cond, labels))
      return within_labels(a, b, cond)
    end
    local model = function(xt, time, label) return (xt + time:reshape(-1, 1)) * label:reshape(-1, 1) end
    local partners = within_labels(x0, x1, labels)
    local want = flow.loss(model, x1, { x0 = partners, t = t, cond = labels })
    assert.equal(want:item(), flow.loss(model, x1, { x0 = x0, t = t, cond = labels, coupling = couple }):item())
    assert.equal(1, calls)
    assert.are_not.equal(want:item(), flow.loss(model, x1, { x0 = x0, t = t, cond = labels }):item())
  end)

  it("that draws partners does so from the stream of the loss, when it has none of its own", function()
    local model = function(xt) return xt end
    local x = fm.rng(1):normal(32, 2)
    local function loss(coupling) return flow.loss(model, x, { rng = fm.rng(5), coupling = coupling }):item() end
    local first = loss { "sinkhorn", reg = 5 }
    assert.equal(first, loss { "sinkhorn", reg = 5 })
    assert.equal(first, loss(flow.coupling("sinkhorn", { reg = 5 })))
    assert.are_not.equal(first, loss { "sinkhorn", reg = 5, rng = fm.rng(6) })
  end)

  it("may return pairs in another order, with their condition", function()
    local order = fm.tensor { 3, 1, 2, 6, 5, 4 }
    local function shuffle(a, b, cond) return a, b:index_select(order, 1), cond and cond:index_select(order, 1) end
    local x, cond = seen_by_the_model(shuffle, labels)
    assert.same({ x1:index_select(order, 1):totable(), labels:index_select(order, 1):totable() }, { x, cond:totable() })
    assert.same(x1:index_select(order, 1):totable(), (seen_by_the_model(shuffle)))
  end)

  it("written for two arguments goes on to work, and the condition stays with x1", function()
    for _, couple in ipairs {
      function(a, b) return a:index_select(fm.range(6, 1, -1), 1), b end,
      function(a, b) return a, b end,
      function(a, b) return a:clone(), b:clone() end,
    } do
      for _, cond in ipairs { labels, 3, fm.ones(6, 2), false } do
        local x, seen = seen_by_the_model(couple, cond)
        assert.is_true(rawequal(seen, cond))
        assert.same(x1:totable(), x)
      end
      assert.is_nil((select(2, seen_by_the_model(couple))))
    end
  end)

  it("that reorders x1 and knows of no condition is refused when there is one", function()
    local function swap(a, b) return a, b:index_select(fm.range(6, 1, -1), 1) end
    raises("loss: the coupling returned x1 in another order and no condition: expected x0, x1, cond", seen_by_the_model, swap, labels)
    assert.same(x1:index_select(fm.range(6, 1, -1), 1):totable(), (seen_by_the_model(swap)))
    raises("loss: x1 as the coupling returned it is %[3, 2%], expected %[6, 2%]", seen_by_the_model, function(a, b) return a, b[{ 1, 3 }] end, labels)
    raises("loss: x1 as the coupling returned it is a nil", seen_by_the_model, function(a) return a end, labels)
  end)

  it("in a file beside the script may be of two arguments, too", function()
    package.preload.pairs_backward = function()
      return function()
        return function(a, b) return a:index_select(fm.range(6, 1, -1), 1), b end
      end
    end
    package.preload.pairs_shuffled = function()
      return function()
        return function(a, b) return a, b:index_select(fm.range(6, 1, -1), 1) end
      end
    end
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    for _, name in ipairs { "pairs_backward", "pairs_shuffled" } do assert(io.open(folder .. "/" .. name .. ".lua", "w")):close() end
    local path = package.path
    package.path = folder .. "/?.lua;" .. path
    local _, _, cond = flow.coupling "pairs_backward"(x0, x1, labels)
    assert.is_true(rawequal(cond, labels))
    assert.is_true(rawequal(labels, (select(2, seen_by_the_model("pairs_backward", labels)))))
    raises("coupling pairs_shuffled: the coupling returned x1 in another order", flow.coupling "pairs_shuffled", x0, x1, labels)
    package.path = path
    os.execute("rm -r " .. folder)
    package.preload.pairs_backward, package.preload.pairs_shuffled = nil, nil
    package.loaded.pairs_backward, package.loaded.pairs_shuffled = nil, nil
  end)
end)
