-- The parameters that the experiments on texts share, each with those of one experiment, `own`,
-- which come first where both have a name.
local params <const> = {}

local function with(all, own)
  for name, value in pairs(own) do all[name] = value end
  return all
end

--- Those of any training on a text.
function params.training(own)
  return with({
    text = { "datasets/corpus.txt", "a text file; its last tenth is held out" },
    dim = { 128, "width of the network", min = 2 }, heads = { 4, "of its attention", min = 1 }, layers = { 3, "of it", min = 1 },
    steps = { 8000, "optimizer steps", min = 1 },
    lr = { 2e-3, "learning rate: it rises to this, and falls along half a cosine" }, decay = { 0.999, "of the averaged weights" },
  }, own)
end

--- Those of flows.
function params.flow(own)
  return with(params.training {
    dim = { 112, "width of the network's transformer", min = 2 }, lr = { 4e-3, "learning rate: it rises to this, and falls along half a cosine" },
    length = { 64, "characters in a window", min = 1 }, batch = { 32, "windows in a step", min = 1 },
    samples = { 200, "windows to sample", min = 1 }, euler = { 64, "steps of the sampler", min = 1 },
    judge = { "", "a run of text_baseline.lua on the same text, or its judge.safetensors; empty: samples have no bits" },
  }, own)
end

--- Those of flows along a way, see way.lua.
function params.way(own)
  return with({ warp = { true, "steps are small where they decide; else c is t" },
    self_conditioning = { true, "the network sees what it said in the step before" } }, own or {})
end

return params
