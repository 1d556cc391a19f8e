-- log_prob(model, x, {divergence, probes, rng, path, log_p0, ...}) -> log-density in nats [B],
-- info. The model is a velocity, model(x, t [, cond]); one that predicts something else is passed
-- as flow.velocity(model, ...).
--   cond                        goes to the model, see ode.solve
--   divergence = "exact"        one backward pass per dimension over one forward pass
--   divergence = "hutchinson"   `probes` (1) random sign vectors from `rng`, the same ones through
--                               the whole solve: unbiased, and info.standard_error [B] says how far
--                               off it may be (2 probes or more)
--   first_row                   number of the first row (1): rows that are solved in parts have the
--                               probes of the whole
--   path                        of the flow: x0 has the density of where it starts,
--                               path:source_log_prob (the straight line: standard normal; ve:
--                               sigma_max times a normal). An exact flow knows its own
--   log_p0(x0) -> [B]           that log-density, in place of the path's
--   manifold                    of the flow, if its path does not say it: log-densities are with
--                               respect to its volume, x0 is uniform on it
-- and the options of ode.solve but times, save, events; t0 and t1 are the ends of the flow (0 and
-- 1), the solve runs from t1 to t0. Its error norm is over x and the integral of the divergence
-- together, and over the batch; control = "sample" keeps rows apart. info: that of ode.solve, x0
-- [B, ...] (where the points came from), log_p0 [B], divergence [B] (its integral from t0 to t1),
-- backward_passes. A solve that does not reach t0 raises.
--
-- While a tape records, log_prob is recorded: gradients reach x, the parameters of the model and
-- those of log_p0. The divergence is then made of tangents, as by fm.jvp, so the model must be made
-- of ops that have them; info.tangents counts them in place of backward_passes. gradient = false
-- records nothing; memory = "segments" keeps the states only, as in ode.solve.
local likelihood <const> = require "fm.flow.parts.likelihood"
local options <const> = require "fm.parts.options"

return function(model, x, given, ...)
  options.no_more("log_prob", 3, ...)
  return likelihood.of("log_prob", model, x, options.read("log_prob", given, likelihood.options))
end
