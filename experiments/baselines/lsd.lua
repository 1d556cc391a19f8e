-- Lagrangian self-distillation: a flow map in one training. Boffi et al. 2025.
return require "baselines.parts.map" ("lsd", { points = 2.2, pictures = 2.2 })
