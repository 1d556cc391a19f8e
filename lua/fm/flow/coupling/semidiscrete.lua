-- semidiscrete{data, labels, rng, source, steps = 1500, batch = 1024, lr, potentials}: optimal
-- transport from the source to a whole data set instead of a batch. Each of the N rows y_j of data
-- has a potential g_j, and x0 goes to the y_j with the largest g_j - |x0 - y_j|^2; with the right
-- potentials each row is chosen equally often. x0, x1, index = couple(x0): x0 stays, x1 =
-- data[index].
--   couple:fit() -> info          finds the potentials by `steps` stochastic gradient steps of
--                                 `batch` draws, begun at lr and falling; info.chi2, .seconds
--   couple:gradient(x0) -> g, chi2  of one batch: n_j / B - 1 / N [N], where n_j counts how often
--                                 y_j was chosen; chi2 = N sum(n_j^2 - n_j) / (B (B - 1)) - 1 is 0
--                                 on average when all rows are chosen equally often
--   couple.potentials             [N]; kept by run:keeps { couple = couple }
-- With labels [N] each class has its potentials, and x0 comes with labels: couple(x0, nil, cond),
-- couple:gradient(x0, cond); a row is then compared with 1 / N of its class, and chi2 is the mean
-- over rows. source: a tensor, a function(n, rng), or nil: normal. Genevay et al. 2016; SD-FM,
-- 2509.25519.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local options <const> = require "fm.parts.options"
local rows_by_label <const> = require "fm.flow.coupling.parts.rows_by_label"
local sites <const> = require "fm.flow.coupling.parts.sites"
local source <const> = require "fm.flow.parts.source"

local where <const> = "coupling semidiscrete"
local none <const> = options.none

local function check(given)
  local o = options.read(where, given, { data = none, labels = none, rng = none, source = none, steps = 1500, batch = 1024, lr = none, potentials = none })
  if o.data == nil then fm.fail(where .. ": data is missing: the tensor [N, ...] of all points") end
  arguments.batch(where, "data", o.data)
  if o.data:count() == 0 then fm.fail(where .. ": data has no rows") end
  arguments.finite(where, "data", o.data)
  for _, name in ipairs { "labels", "potentials" } do
    local x = o[name]
    if x ~= nil and not (fm.is_tensor(x) and x:rank() == 1 and #x == #o.data) then
      fm.fail(("%s: %s is a %s: expected a tensor [%d], one for each row of data"):format(where, name, arguments.kind_of(x), #o.data))
    end
    if x ~= nil then arguments.finite(where, name, x) end
  end
  if o.rng ~= nil then options.rng(where, o.rng) end
  source.check(where, o.source)
  o.steps = options.turns(where .. ": steps", o.steps)
  o.batch = options.size(where .. ": batch", o.batch, 2)
  if o.lr ~= nil then options.number(where .. ": lr", o.lr, 0, 1e30) end
  return o
end

local function flat(x)
  return x:detach():reshape(#x, -1)
end

-- The rows of each label, as tensors; one group of all without labels.
local function groups_of(labels)
  if not labels then return { { label = false } } end
  local groups = rows_by_label(labels)
  for _, group in ipairs(groups) do group.rows = fm.tensor(group.rows) end
  return groups
end

return function(given)
  local o = check(given)
  local couple <const> = { chooses = true, labelled = o.labels ~= nil }
  local groups <const> = groups_of(o.labels)
  local by_label <const> = {}
  for _, group in ipairs(groups) do
    group.sites = sites.of(group.rows and fm.index_select(flat(o.data), group.rows, 1) or flat(o.data))
    by_label[group.label] = group
  end
  local fitted = false

  local function read_potentials()
    local g = couple.potentials
    for _, group in ipairs(groups) do group.sites:set(group.rows and fm.index_select(g, group.rows, 1) or g) end
  end
  couple.potentials = o.potentials and o.potentials:detach():clone() or fm.zeros(#o.data)
  read_potentials()

  -- The rows of x0 by group, as { group, rows of x0 (nil: all) }.
  local function parts_of(x0, cond)
    arguments.batch(where, "x0", x0)
    local width = o.data:count() // #o.data
    if #x0 > 0 and x0:count() // #x0 ~= width then
      fm.fail(("%s: x0 is a %s, data a %s: expected rows of one size"):format(where, arguments.kind_of(x0), arguments.kind_of(o.data)))
    end
    arguments.finite(where, "x0", x0)
    if not o.labels then
      if cond ~= nil then fm.fail(where .. ": there is a cond, but the data has no labels: give labels = the tensor [N] of its rows") end
      return { { groups[1] } }
    end
    if cond == nil then fm.fail(where .. ": cond is missing: the labels of x0, because the data has labels") end
    if not (fm.is_tensor(cond) and cond:rank() == 1 and #cond == #x0) then
      fm.fail(("%s: cond is a %s: expected labels [%d]"):format(where, arguments.kind_of(cond), #x0))
    end
    local parts = groups_of(cond)
    for i, part in ipairs(parts) do
      local group = by_label[part.label]
      if not group then fm.fail(("%s: cond: no row of data has the label %.14g"):format(where, part.label)) end
      parts[i] = { group, part.rows }
    end
    return parts
  end

  local function choose(part, x0)
    local x = flat(x0)
    return part[1].sites:choose(part[2] and fm.index_select(x, part[2], 1) or x)
  end

  local function index_of(x0, cond)
    local parts = parts_of(x0, cond)
    if #x0 == 0 then return fm.zeros(0) end
    if not o.labels then return (choose(parts[1], x0)) end
    local index = {}
    for _, part in ipairs(parts) do
      local chosen = fm.index_select(part[1].rows, choose(part, x0), 1):totable()
      for k, row in ipairs(part[2]:totable()) do index[math.tointeger(row)] = chosen[k] end
    end
    return fm.tensor(index)
  end

  --- The chosen share of each row of data, less 1 / N; and chi2 (nil for one row).
  function couple.gradient(_, x0, cond, ...)
    options.no_more(where .. ": gradient", 2, ...)
    local parts = parts_of(x0, cond)
    if #x0 == 0 then fm.fail(where .. ": gradient: x0 has no rows") end
    local gradient, chi2, weight = fm.zeros(#o.data), 0.0, 0
    for _, part in ipairs(parts) do
      local _, counts = choose(part, x0)
      local n, B = #counts, part[2] and #part[2] or #x0
      local g = counts / B - 1 / n
      if not o.labels then gradient = g
      else
        for k, row in ipairs(part[1].rows:totable()) do gradient[math.tointeger(row)] = g[k] end
      end
      if B > 1 then chi2, weight = chi2 + B * sites.chi2(counts, B), weight + B end
    end
    return gradient, weight > 0 and chi2 / weight or nil
  end

  --- Finds the potentials. info.chi2, .steps (of each class), .seconds, and .classes: label ->
  --- chi2.
  function couple.fit(_, ...)
    options.no_more(where .. ": fit", 0, ...)
    if not o.rng then fm.fail(where .. ": fit: rng is missing: it draws the source") end
    local begun, chi2, info = fm.system.seconds(), 0.0, { steps = o.steps, classes = {} }
    local stream <const> = o.rng:own "semidiscrete"
    local shape <const> = o.data:shape()
    for _, group in ipairs(groups) do
      local rng = group.label and stream:stream(("class %.14g"):format(group.label)) or stream
      local of_group = group.sites:fit(function(n, step)
        rng:at(step)
        return flat(source.draw(where, o.source, n, shape, rng))
      end, o)
      info.classes[group.label or 1] = of_group
      chi2 = chi2 + of_group * #group.sites / #o.data
    end
    if o.labels then
      local g = {}
      for _, group in ipairs(groups) do
        local own = group.sites.potentials:totable()
        for k, row in ipairs(group.rows:totable()) do g[math.tointeger(row)] = own[k] end
      end
      couple.potentials:copy(fm.tensor(g))
    else couple.potentials:copy(groups[1].sites.potentials) end
    fitted = true
    info.chi2, info.seconds = chi2, fm.system.seconds() - begun
    return info
  end

  function couple.state() return { potentials = couple.potentials, fitted = fm.tensor(fitted and 1 or 0) } end
  function couple.load_state(_, state)
    couple.potentials:copy(state.potentials)
    fitted = fitted or state.fitted:item() == 1
    read_potentials()
    return couple
  end

  return setmetatable(couple, { __call = function(_, x0, _, cond)
    if not (fitted or o.potentials) then
      fm.fail(where .. ": it has no potentials yet: call couple:fit() first, or give potentials")
    end
    local index = index_of(x0, cond)
    return x0, fm.index_select(o.data, index, 1), index
  end })
end
