-- skip.declare(rounds(count, begin, batch)): an iterator over rounds of `count` batches. It returns
-- batch(i) for i = 1 .. count, then nil, then the next round; begin(round), for round = 0, 1, ...,
-- is called before the first batch that is made of a round. A run that goes on finds its place.
return function(count, begin, batch)
  local round, next_batch, begun = 0, 1, nil

  local function iterate()
    if next_batch > count then
      round, next_batch = round + 1, 1
      return nil
    end
    if begun ~= round then
      begin(round)
      begun = round
    end
    next_batch = next_batch + 1
    return batch(next_batch - 1)
  end

  return iterate, function(values)
    local before = round * count + next_batch - 1 + values
    if before > 0 then round, next_batch = (before - 1) // count, (before - 1) % count + 2 end
  end, {
    get = function() return { round, next_batch } end,
    set = function(place) round, next_batch = place[1], math.max(1, math.min(place[2], count + 1)) end,
  }
end
