#!/usr/bin/env fmrun
-- A flow over the rows of a table, a CSV file, beside a Gaussian and a kernel density: what do they
-- cost a held-out row, in nats, and can a classifier tell their samples from held-out rows? By
-- default the table has four measures of 342 penguins (Gorman, Williams, Fraser 2014). With
-- by=species there is a flow to each species; of a table of your own:
--   fmrun experiments/tabular.lua table=FILE columns="NAME NAME" by=NAME
-- A third of the rows is held out. A sixth says when to stop, and which weights are the best: these
-- are few rows, which a network comes to know by heart. model.safetensors in the run's folder has
-- them, with the units of the columns; tabular_parts/table_flow.lua loads it.
local fm <const> = require "fm"
local optim, data = fm.optim, fm.data
local compared <const>, table_flow <const> = require "tabular_parts.compared", require "tabular_parts.table_flow"
local rivals_of <const>, tables <const> = require "tabular_parts.rivals", require "tabular_parts.tables"

return fm.experiment {
  name = "tabular",
  params = {
    table = { "datasets/penguins.csv", "a CSV file; lines in which a chosen column has no value are left out" },
    columns = { "bill_length_mm bill_depth_mm flipper_length_mm body_mass_g",
      "columns of numbers, by name or number, with spaces between; a name like \"2020\" or \"body mass\" in quotes; empty: all" },
    by = { "", "a column of texts, by name or number: its classes are the condition" },
    header = { "auto", "whether the first line has the names; auto: if none of them is a number", choices = { "auto", "yes", "no" } },
    steps = { 4000, "optimizer steps at most", min = 1 }, batch = { 64, "rows in a step", min = 1 },
    lr = { 1e-3, "learning rate" }, hidden = { 128, "width of the network", min = 1 }, decay = { 0.99, "of the averaged weights" },
    jitter = { 0.1, "noise added to the rows of a step, in deviations of the columns", min = 0 },
    every = { 100, "steps from one look at the rows for stopping to the next", min = 1 },
    patience = { 8, "ends after so many looks without a better one", min = 1 },
    samples = { 1000, "rows to draw for the classifier, about", min = 10 }, classifier = { 1000, "steps of the classifier of C2ST", min = 1 },
  },
  run = function(run, p)
    local rows <const> = tables(p, run.rng:stream "split")
    local about <const> = { names = rows.names, classes = rows.classes, hidden = p.hidden }
    local flow, best = table_flow.new(about, rows.known.x), table_flow.new(about, rows.known.x)
    local rivals <const> = rivals_of(rows, flow.units)
    local opt, average = optim.adamw(flow, { lr = p.lr }), optim.ema(flow, { decay = p.decay, warmup = true })
    local reached <const> = {} -- nll and step of the best
    run:keeps { flow = flow, best = best, opt = opt, average = average, reached = reached }
    run:stop_when { metric = "valid_nll", patience = p.patience }
    run:print(("%d rows to learn from, %d for stopping, %d held out; %d lines left out"):format(#rows.train.x, #rows.valid.x, #rows.test.x, #rows.skipped))

    local function look(step)
      local nll = -flow:log_prob(rows.valid.x, rows.valid.labels):mean():item()
      if nll < (reached.nll or math.huge) then
        best:load_state(flow:state())
        reached.nll, reached.step = nll, step
      end
      return nll
    end
    local noise, jitter = run.rng:stream "jitter", flow.units.std * p.jitter
    for step, x, labels in run:steps(p.steps, data.batches(rows.train.x, p.batch, { rng = run.rng:stream "batches", labels = rows.train.labels })) do
      local moved, valid = x + noise:normal(x:shape()) * jitter, nil
      local loss = opt:step(function() return flow:loss(moved, { rng = run.rng, cond = labels }) end)
      average:update()
      if step % p.every == 0 or step == p.steps then average:swap(function() valid = look(step) end) end
      run:log { loss = loss, valid_nll = valid }
    end

    table_flow.save(best:eval(), run:path "model.safetensors")
    run:summary { best_step = reached.step, valid_nll = reached.nll }
    local held_out <const>, cond <const> = best.units(rows.test.x), rows.classes and rows.test.labels or nil
    run:pareto { field = function(x, t) return best.field(x, t, cond) end, x0 = run.rng:stream "pareto":normal(held_out:shape()),
      name = "energy distance to held-out rows", metric = function(x) return fm.metrics.energy_distance(x, held_out) end,
      floor = function() return fm.metrics.energy_distance(best.units(rows.known.x), held_out) end }
    compared(run, p, rows, best, rivals)
  end,
}
