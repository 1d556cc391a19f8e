-- The rows y_j of a data set with potentials g_j: which of them has the largest g_j - |x - y_j|^2.
local fm <const> = require "fm"

local Sites <const> = {}
Sites.__index = Sites

local sites <const> = {}

--- chi2 of the counts n_j of B draws, when each of the N rows should be drawn equally often: N
--- sum(n_j^2 - n_j) / (B (B - 1)) - 1. Its mean is N sum p_j^2 - 1, whatever B is.
function sites.chi2(counts, B)
  return #counts * (counts * (counts - 1)):sum():item() / (B * (B - 1)) - 1
end

function Sites:__len()
  return #self.y
end

--- Takes potentials [N].
function Sites:set(g)
  self.potentials = g:detach()
  self.shift = (g - self.square):detach()
end

--- For x [B, D] the chosen rows [B], and how often each row was chosen [N].
function Sites:choose(x)
  return fm.measure.choose_sites((x - self.mean):detach(), self.y, self.shift)
end

local test_draws <const> = 8 -- for each row, to measure chi2 at the end
local coarse <const> = 4 -- a level has this many times more rows than the one before
local fewest <const> = 32
local first_hit <const> = 10 -- how far the first hits lower a potential, in gaps as gap_of measures
local gap_draws <const> = 256 -- a multiple of 16
local slower <const> = 30 -- the steps fall to lr / 31

-- How far the best choice is from the second best, at the median draw: the scale on which
-- potentials matter. The mean would follow a few draws far out, where the gaps are wide.
local function gap_of(self, draw)
  local gaps <const>, size <const> = {}, 16
  for part = 1, gap_draws // size do
    local scope <close> = fm.scope()
    local x = draw(size, part) - self.mean
    for _, score in ipairs((self.shift + x:matmul(self.y:transpose()) * 2):totable()) do
      local best, second = -math.huge, -math.huge
      for _, v in ipairs(score) do
        if v > best then best, second = v, best
        elseif v > second then second = v
        end
      end
      gaps[#gaps + 1] = best - second
    end
  end
  table.sort(gaps)
  return math.max(gaps[#gaps // 2], 1e-6 * self.square:mean():item())
end

local function chi2_of(self, draw, step)
  local size, done, total = 4096, 0, fm.zeros(#self)
  while done < math.max(test_draws * #self, 65536) do
    local scope <close> = fm.scope()
    local _, counts = self:choose(draw(size, step + done // size))
    total:copy(total + counts)
    done = done + size
  end
  return sites.chi2(total, done)
end

-- Potentials for rows that have none, from those of other rows: g(y) = min over x of phi(x) + |x -
-- y|^2, where phi(x) = max_j g_j - |x - y_j|^2.
local function extend(from, to, draw)
  local scope <close> = fm.scope()
  local x = draw(4096, 0)
  local index = from:choose(x)
  local z, y = x - from.mean, fm.index_select(from.y, index, 1)
  local phi = fm.index_select(from.potentials, index, 1) - (z - y):square():sum(2)
  x = (x - to.mean):detach()
  local nearest = fm.measure.choose_sites(to.y, x, (-phi - x:square():sum(2)):detach())
  local g = fm.index_select(phi, nearest, 1) + (fm.index_select(x, nearest, 1) - to.y):square():sum(2)
  to:set((g - g:mean()):clone())
end

local function descend(self, draw, steps, batch, lr)
  local n = #self.y
  local g, mean, kept = self.potentials:clone(), fm.zeros(n), 0
  for step = 1, steps do
    local scope <close> = fm.scope()
    local _, counts = self:choose(draw(batch, step))
    g:copy(g - (counts / batch - 1 / n) * (lr / (1 + slower * step / steps)))
    if 2 * step > steps then
      kept = kept + 1
      mean:copy(mean + (g - mean) / kept)
    end
    self.shift:copy(g - self.square)
  end
  self:set(mean - mean:mean())
end

--- The potentials, by stochastic gradient steps g_j -= lr (n_j / B - 1 / N) with falling lr; what
--- stays is the mean over the last half of the steps. They begin with the potentials of every
--- fourth row, found in the same way: steps small enough for one row would take for ever to move a
--- region. draw(n, step) -> [n, D] draws the source. Returns chi2, on other draws.
function Sites:fit(draw, o)
  local n = #self.y
  if n == 1 then return 0.0 end
  if n >= coarse * fewest and not o.potentials then
    local part = sites.of(fm.index_select(self.points, fm.range(1, n, coarse), 1))
    part:fit(draw, { steps = o.steps, batch = o.batch })
    extend(part, self, draw)
  end
  local function rate() return first_hit * gap_of(self, draw) * math.min(o.batch, n) end
  if n < coarse * fewest and not (o.potentials or o.lr) then -- the gaps are known only when the potentials nearly are
    for _ = 1, 2 do descend(self, draw, o.steps, o.batch, rate()) end
  end
  descend(self, draw, o.steps, o.batch, o.lr or rate())
  return chi2_of(self, draw, o.steps + 1)
end

function sites.of(points)
  local mean = points:mean(1)
  local y = (points - mean):detach()
  local self = setmetatable({ points = points, y = y, mean = mean:detach(), square = y:square():sum(2):detach() }, Sites)
  self:set(fm.zeros(#y))
  return self
end

return sites
