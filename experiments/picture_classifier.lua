#!/usr/bin/env fmrun
-- A small classifier of pictures, after LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998): 61,862
-- weights for gray pictures and 10 classes. What it sees before its last layer are features that
-- tell good pictures from bad: metrics.features reads the file that it leaves,
-- classifier.safetensors. Two such files belong to fm: lua/fm/metrics/features/README.md.
local fm <const> = require "fm"
local nn, optim, data, metrics = fm.nn, fm.optim, fm.data, fm.metrics

local function classifier(channels, classes, drop)
  local conv1, conv2 = nn.conv2d(channels, 12, 5, { act = "silu" }), nn.conv2d(12, 32, 5, { act = "silu" })
  local fc1, fc2 = nn.linear(32 * 5 * 5, 64, { act = "silu" }), nn.linear(64, classes)
  local half, dropout = nn.avg_pool2d(2), nn.dropout(drop)
  return nn.module({ { "conv1", conv1 }, { "conv2", conv2 }, { "fc1", fc1 }, { "fc2", fc2 }, { "dropout", dropout } }, function(_, x)
    x = half(conv2(half(conv1(x))))
    return fc2(dropout(fc1(dropout(x:reshape(#x, -1)))))
  end)
end

return fm.experiment {
  name = "picture_classifier",
  params = {
    data = { "fashion_mnist", "the pictures", choices = { "fashion_mnist", "mnist", "shapes32" } },
    folder = { "", "where their files lie, if not in the usual place" },
    split = { "train", "what to train with; of the test pictures the last 1,000 are held out", choices = { "train", "test" } },
    steps = { 6000, "optimizer steps", min = 1 }, batch = { 128, "pictures in a step", min = 1 },
    lr = { 3e-3, "learning rate" }, drop = { 0.15, "dropout" }, shift = { 1, "moves pictures by as many pixels", min = 0 },
  },
  run = function(run, p)
    local x, labels, held_out, truth, names = assert(data.labelled_pictures { name = p.data, folder = p.folder, split = p.split, rng = run.rng:stream "data" })
    local model = classifier(x:size(2), #names, p.drop):train()
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    local average, moves = optim.ema(model, { decay = 0.999, warmup = true }), run.rng:stream "moves"
    run:keeps { model = model, opt = opt, average = average }
    for _, x1, y1 in run:steps(p.steps, data.batches(x, p.batch, { rng = run.rng:stream "batches", labels = labels })) do
      local moved = data.augment(x1, { shift = p.shift, rng = moves })
      run:log { loss = opt:step(function() return model(moved):cross_entropy(y1) end) }
      average:update()
    end

    local about = { classes = fm.json.encode(names), size = "32", held_out = tostring(#held_out), accuracy = "0",
      trained = ("%d pictures of %s, %s, seed %d"):format(#x, p.data, p.split, run.seed) }
    local path = run:path "classifier.safetensors"
    average:swap(function()
      assert(fm.save(path, model:state(), about))
      about.accuracy = tostring(metrics.class_accuracy(held_out, truth, path))
      assert(fm.save(path, model:state(), about))
    end)
    run:summary { accuracy = tonumber(about.accuracy), held_out = #held_out }
  end,
}
