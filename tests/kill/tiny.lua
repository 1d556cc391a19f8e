-- A run of few calls that writes every kind of file: lines, checkpoints of each sort, outputs in
-- folders of their own, a table, a curve, pictures. With FM_STOP_AT it sends itself SIGTERM at that
-- step, or another signal, FM_STOP_BY.
local fm <const> = require "fm"
local nn <const>, optim <const> = fm.nn, fm.optim

local function stop()
  os.execute(("kill -%s %d"):format(os.getenv "FM_STOP_BY" or "TERM", (fm.system.process())))
end

return fm.experiment {
  params = { steps = 10, lr = 0.1 },
  run = function(run, p)
    local model = nn.linear(2, 2)
    local opt, seen = optim.adam(model, { lr = p.lr }), { count = 0, luck = 0.0 }
    run:keeps { model = model, opt = opt, seen = seen }
    run:checkpoints { best = "valid" }
    run:save("begin.txt", "one\n")
    local stop_at = math.tointeger(os.getenv "FM_STOP_AT")
    for step in run:steps(p.steps) do
      local x = run.rng:normal(4, 2)
      local loss = opt:step(function() return (model(x) - x):square():mean() end)
      seen.count, seen.luck = seen.count + 1, seen.luck + math.random()
      run:log { loss = loss, valid = math.abs(step - 6), luck = seen.luck }
      print("step", step, seen.count)
      if step % 3 == 1 then run:flush() end
      if step % 4 == 0 then run:save(("frames/of/%d.npy"):format(step), x) end
      if step == stop_at then stop() end
    end
    run:save("weights", model)
    run:save("picture.png", fm.tensor { { 0, 1 }, { 1, 0 } })
    run:table("sums", { columns = { "count", "luck" }, rows = { { seen.count, seen.luck } } })
    run:curve("line", { x = { 1, 2 }, y = { seen.count, seen.luck } })
    run:summary { luck = seen.luck }
  end,
}
