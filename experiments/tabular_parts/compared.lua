-- compared(run, p, rows, flow, rivals): how well a flow knows held-out rows, beside a Gaussian and
-- a kernel density (rivals.lua). Results of the run, and the table "quality":
--   nll, nll_gaussian, nll_kernel    mean of -ln p of held-out rows, in nats and the units of
--                                    the table; given their classes, when there are some
--   behind_gaussian, behind_kernel   how much larger theirs are than the flow's, and
--   behind_gaussian_error, ...       the standard error of that mean over rows
--   c2st, c2st_gaussian, c2st_kernel how well a classifier tells samples from held-out rows
--   c2st_rows                        the same of rows to learn from: no model is below it but by
--                                    chance
-- and the table "samples", and the picture "pairs".
local fm <const> = require "fm"

local shown <const>, most_columns <const> = 10, 4

--- x with its classes as further columns, for the classifier.
local function joined(x, labels, classes)
  return classes and fm.cat(x, fm.one_hot(labels, { n = #classes }), 2) or x
end

--- Labels of about p.samples rows, with the classes in the shares of held-out rows.
local function labels_for(p, held_out)
  local n = #held_out.labels
  return (fm.zeros(math.max(1, p.samples // n), n) + held_out.labels):reshape(-1)
end

local function draw_pairs(run, rows, x, flow)
  local titles, panels, below, held_out = {}, {}, {}, rows.test
  local z, real = flow.units(x), flow.units(held_out.x)
  for i = 1, math.min(#rows.names, most_columns) do
    for k = i + 1, math.min(#rows.names, most_columns) do
      local two = fm.tensor { i, k }
      panels[#panels + 1], below[#below + 1] = z:index_select(two, 2), real:index_select(two, 2)
      titles[#titles + 1] = ("sampled, %d and %d"):format(i, k)
    end
  end
  local count, list = #panels, {}
  for i, name in ipairs(rows.names) do list[i] = ("%d %s"):format(i, name) end
  for i = 1, count do panels[count + i], titles[count + i] = below[i], titles[i]:gsub("sampled", "held out") end
  if count == 0 then return end
  run:picture("pairs", fm.plot.filmstrip(panels, { titles = titles, columns = count, classes = rows.classes and held_out.labels,
    title = table.concat(list, ", ", 1, math.min(#list, most_columns)), xlabel = "in deviations", ylabel = "" }))
end

local function show_samples(run, rows, x, labels)
  local list, columns = {}, { table.unpack(rows.names) }
  for i, row in ipairs(x[{ 1, math.min(shown, #x) }]:totable()) do
    for k, value in ipairs(row) do row[k] = tonumber(("%.4g"):format(value)) end
    if rows.classes then row[#row + 1] = rows.classes[labels[i] // 1 | 0] end
    list[i] = row
  end
  if rows.classes then columns[#columns + 1] = rows.by end
  run:table("samples", { title = "Rows that the flow draws", columns = columns, rows = list })
end

--- Mean and standard error of a mean.
local function mean_of(values)
  return values:mean():item(), (values:var { unbiased = true }:item() / #values) ^ 0.5
end

return function(run, p, rows, flow, rivals)
  local held_out, known <const> = rows.test, rows.known
  local labels, rng, results, lines = labels_for(p, held_out), run.rng:stream "compare", {}, {}
  local function c2st(x, its_labels)
    return fm.metrics.c2st(joined(x, its_labels, rows.classes), joined(held_out.x, held_out.labels, rows.classes),
      { rng = run.rng:stream "c2st", steps = p.classifier })
  end
  local own = flow:log_prob(held_out.x, held_out.labels)
  local function compare(key, title, model)
    local log_p = model == flow and own or model:log_prob(held_out.x, held_out.labels)
    local nll, more, err = -log_p:mean():item(), mean_of(own - log_p)
    results["nll" .. key], results["c2st" .. key] = nll, c2st(model:sample(labels, rng), labels)
    if model ~= flow then results["behind" .. key], results["behind" .. key .. "_error"] = more, err end
    lines[#lines + 1] = { title, nll, model ~= flow and more or nil, model ~= flow and err or nil, results["c2st" .. key] }
  end
  compare("", "flow", flow)
  compare("_gaussian", "Gaussian", rivals.gaussian)
  local kernel = rivals.kernel
  compare("_kernel", "kernel density", kernel)
  results.c2st_rows, results.kernel_width = c2st(known.x, known.labels), not rows.classes and kernel.densities[1].width or nil
  lines[#lines + 1] = { "rows to learn from", nil, nil, nil, results.c2st_rows }
  run:summary(results)
  run:table("quality", { title = ("%d held-out rows"):format(#held_out.x), columns = { "", "nats per row", "more than the flow", "its error", "C2ST" },
    rows = lines, notes = "C2ST: 1/2 when samples and held-out rows cannot be told apart, 1 when they always can" })
  local x = flow:sample(held_out.labels, run.rng:stream "shown")
  show_samples(run, rows, x, held_out.labels)
  draw_pairs(run, rows, x, flow)
end
