-- MeanFlow: the mean velocity between two times. Geng et al. 2025.
return require "baselines.parts.map" ("meanflow", { points = 1.75, pictures = 1.75 })
