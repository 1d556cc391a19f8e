-- pairs(source, target, {size, ot_size, coupling, cond, with, source_with, rng, shuffle,
-- drop_last}): an iterator over batches of pairs for run:steps: x0, x1, cond, then the rows of each
-- tensor in `with` (they belong to x1) and of each in `source_with` (to x0, when source is a
-- tensor). source: a tensor, a function(n, rng) -> [n, ...], or nil: normal, shaped as x1.
--
-- A round visits each row of target once, in another order each time. ot_size rows at a time (size
-- unless given) are paired by the coupling, and dealt out in parts of `size`; the last part is
-- smaller when size does not divide ot_size, and the last pairing of a round when ot_size does not
-- divide the number of rows. drop_last leaves such parts and such a pairing out. The rows of a
-- source tensor are used in rounds of their own, which do not end with those of target.
--
-- `for x0, x1 in pairs` is one round and ends; called again it begins the next, as data.batches
-- does. What comes depends on the rng's key and the position alone, so a run that goes on from a
-- checkpoint gets the same pairs; a coupling by name draws from a stream of that position, too.
-- Without rng the rows come in the order given.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local couplings <const> = require "fm.flow.coupling"
local fields <const> = require "fm.parts.field"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"
local rounds <const> = require "fm.parts.rounds"
local skip <const> = require "fm.skip"
local sources <const> = require "fm.flow.parts.source"

local pick <const>, none <const> = fm.index_select, options.none

-- ---- options ----

local function check_rows(name, x, n, of)
  if not fm.is_tensor(x) or x:rank() < 1 then fm.fail(("pairs: %s: expected a tensor [N, ...], found %s"):format(name, options.shown(x))) end
  if #x ~= n then fm.fail(("pairs: %s has %d rows, %s has %d"):format(name, #x, of, n)) end
end

local function check_list(name, list, n, of)
  if list == nil then return {} end
  if fm.is_tensor(list) then list = { list } end
  if type(list) ~= "table" then fm.fail(("pairs: %s: expected a tensor or a list of them, found %s"):format(name, options.shown(list))) end
  no_holes("pairs: " .. name, list)
  for i, x in ipairs(list) do check_rows(("%s[%d]"):format(name, i), x, n, of) end
  return list
end

-- A tensor, or a table of tensors, as flow.velocity takes it.
local function check_cond(name, cond, n)
  if type(cond) ~= "table" then return cond ~= nil and check_rows(name, cond, n, "target") end
  for key, x in pairs(cond) do check_cond(("%s.%s"):format(name, key), x, n) end
end

local function check(source, target, given)
  local o = options.read("pairs", given, {
    size = none, ot_size = none, coupling = "independent", cond = none, with = none, source_with = none, rng = none, shuffle = none, drop_last = false,
  })
  sources.check("pairs", source)
  arguments.batch("pairs", "target", target)
  if #target == 0 then fm.fail "pairs: target has no rows" end
  if o.size == nil then fm.fail "pairs: size is missing: the number of pairs in a batch" end
  options.integer("pairs: size", o.size, 1)
  if o.drop_last == true and o.size > #target then
    fm.fail(("pairs: drop_last leaves no batch: size is %d, and target has %d rows"):format(o.size, #target))
  end
  o.size = math.min(o.size, #target)
  o.ot_size = o.ot_size == nil and o.size or options.integer("pairs: ot_size", o.ot_size, 1)
  if o.ot_size < o.size then fm.fail(("pairs: ot_size is %d: expected at least size, %d"):format(o.ot_size, o.size)) end
  o.ot_size = math.min(o.ot_size, #target)
  check_cond("cond", o.cond, #target)
  o.with = check_list("with", o.with, #target, "target")
  if o.source_with ~= nil and not fm.is_tensor(source) then fm.fail "pairs: source_with belongs to the rows of source, which is no tensor" end
  o.source_with = check_list("source_with", o.source_with, source and fm.is_tensor(source) and #source or 0, "source")
  if o.rng ~= nil and getmetatable(o.rng) ~= "rng" then fm.fail("pairs: rng: expected a random stream, found " .. options.shown(o.rng)) end
  if o.shuffle == nil then o.shuffle = o.rng ~= nil end
  options.boolean("pairs: shuffle", o.shuffle)
  options.boolean("pairs: drop_last", o.drop_last)
  if not o.rng and (o.shuffle or not fm.is_tensor(source)) then
    fm.fail("pairs: rng is missing: it draws " .. (o.shuffle and "the order of rows" or "the source"))
  end
  return o
end

-- ---- rows by position ----

-- rows(first, count): the numbers of rows at these places of an endless sequence of rounds over n
-- rows, each in an order drawn by its number.
local function sequence(n, rng)
  local order, drawn = rng and fm.zeros(n):detach(), nil
  local function piece(round, first, last)
    if not rng then return fm.range(first, last) end
    if drawn ~= round then
      local scope <close> = fm.scope()
      order:copy(rng:at(round):permutation(n))
      drawn = round
    end
    return order[{ first, last }]:clone()
  end
  return function(first, count)
    local pieces = {}
    while count > 0 do
      local from = (first - 1) % n + 1
      local last = math.min(from + count - 1, n)
      pieces[#pieces + 1] = piece((first - 1) // n, from, last)
      first, count = first + last - from + 1, count - (last - from + 1)
    end
    return #pieces == 1 and pieces[1] or fm.cat(pieces, { axis = 1 })
  end
end

-- ---- the pairs of one pairing ----

local function cond_of(o, rows, n)
  return fields.picked(o.cond, function(x) return pick(x, rows, 1) end, n)
end

local function chosen(list, rows)
  local result = {}
  for i, x in ipairs(list) do result[i] = pick(x, rows, 1) end
  return result
end

-- x0, x1, cond, with..., source_with... of all rows that are paired together.
local function couple_rows(o, couple, x0, rows0, target, rows1, rng)
  local x1, cond = pick(target, rows1, 1), cond_of(o, rows1, #target)
  if type(couple) == "table" and couple.chooses then
    local y0, y1, index = couple(x0, nil, couple.labelled and cond or nil)
    return { y0, y1, couple.labelled and cond or cond_of(o, index, #target) }, chosen(o.with, index), rows0 and chosen(o.source_with, rows0) or {}
  end
  if type(couple) == "table" and couple.partners then
    local partner = couple:partners(x0, x1, cond, rng)
    if partner then
      x0 = pick(x0, partner, 1)
      rows0 = rows0 and pick(rows0, partner, 1)
    end
  else
    if #o.source_with > 0 then fm.fail "pairs: source_with needs a coupling that names the partners, as those of fm do (couple:partners)" end
    x0, x1, cond = couplings.pair("pairs", couple, x0, x1, cond)
  end
  return { x0, x1, cond }, chosen(o.with, rows1), rows0 and chosen(o.source_with, rows0) or {}
end

local function pairing(o, source, target, couple)
  local base = o.rng and o.rng:own "pairs"
  local streams = {}
  for _, name in ipairs { "target", "source", "coupling" } do streams[name] = base and base:stream(name) end
  local rows_of_target = sequence(#target, o.shuffle and streams.target)
  local rows_of_source = fm.is_tensor(source) and sequence(#source, o.shuffle and streams.source)

  --- The pairing with this number, counted from 0 over all rounds.
  return function(number, first, first_source, count)
    local scope <close> = fm.scope()
    local rows1 = rows_of_target(first, count)
    local rows0 = rows_of_source and rows_of_source(first_source, count)
    local x0
    if rows0 then x0 = pick(source, rows0, 1)
    else x0 = sources.draw("pairs", source, count, target:shape(), streams.source:at(number)) end
    local main, with, source_with = couple_rows(o, couple, x0, rows0, target, rows1, streams.coupling and streams.coupling:at(number))
    local batch = { count = 3, main[1], main[2], main[3] }
    for _, list in ipairs { with, source_with } do
      for _, x in ipairs(list) do
        batch.count = batch.count + 1
        batch[batch.count] = x
      end
    end
    for i = 1, batch.count do batch[i] = fields.picked(batch[i], function(x) return x:detach():clone() end, count) end
    return batch
  end
end

-- ---- the iterator ----

return function(source, target, given, ...)
  options.no_more("pairs", 3, ...)
  local o = check(source, target, given)
  local pair_up <const> = pairing(o, source, target, couplings.of("pairs", o.coupling))
  local n <const>, size <const>, ot_size <const> = #target, o.size, o.ot_size

  local function parts_in(count) return o.drop_last and count // size or (count + size - 1) // size end
  local pairings <const> = o.drop_last and n // ot_size or (n + ot_size - 1) // ot_size -- in a round
  local full <const> = parts_in(ot_size)
  local parts <const> = (pairings - 1) * full + parts_in(math.min(ot_size, n - (pairings - 1) * ot_size)) -- in a round
  local used <const> = o.drop_last and pairings * ot_size or n -- rows of source in a round
  local round, number, batch

  return skip.declare(rounds(parts, function(now) round = now end, function(part)
    local which = (part - 1) // full
    local before, count = which * ot_size, math.min(ot_size, n - which * ot_size)
    if number ~= round * pairings + which then
      batch, number = nil, round * pairings + which
      batch = pair_up(number, round * n + before + 1, round * used + before + 1, count)
    end
    local first = (part - 1 - which * full) * size + 1
    local last = math.min(first + size - 1, count)
    local values = {}
    for i = 1, batch.count do values[i] = fields.picked(batch[i], function(x) return x[{ first, last }] end, count) end
    return table.unpack(values, 1, batch.count)
  end))
end
