-- What flows over embeddings share; a table of them is [V, D], a sample x [B, L, D].
local fm <const> = require "fm"

local embeddings <const> = {}

function embeddings.of_length_one(rows)
  return rows / (rows:norm { axis = 2, keep = true } + 1e-9)
end

--- Squared distances of the rows of a [N, D] and b [M, D], [N, M].
local function squares(a, b)
  return (a:square():sum { axis = 2, keep = true } + b:square():sum(2):reshape(1, #b) - a:matmul(b:transpose()) * 2):clamp { min = 0 }
end

--- How near rows of length one are to each other: ln of the mean of exp(-2 |a - b|^2) over pairs of
--- two rows. Wang and Isola 2020.
function embeddings.nearness(rows)
  local V <const> = #rows
  local off = 1 - fm.eye(V)
  return ((squares(rows, rows) * -2):exp() * off):sum():log() - math.log(V * (V - 1))
end

--- The nearest row of a table for each place of x: tokens [B, L], and their distances.
function embeddings.nearest(x, rows)
  local flat = squares(x:reshape(-1, x:size(3)), rows)
  return flat:argmin(2):reshape(#x, x:size(2)), flat:min(2):sqrt():reshape(#x, x:size(2))
end

--- How rounding to the nearest row differs from tokens [B, L] that a decoder says of x: results of
--- a run.
function embeddings.rounding(x, rows, ids)
  local nearest, distance = embeddings.nearest(x, rows)
  local apart = squares(rows, rows) + fm.eye(#rows) * 1e9
  return { rounding_changed = nearest:ne(ids):mean(), rounding_distance = distance:mean() / apart:min(2):sqrt():mean() }
end

return embeddings
