-- The same GAN with a penalty on the critic's gradient at the data, R1; Adam's betas are those of
-- Karras et al. 2020.
return require "baselines.parts.adversarial" ({ points = 4.2, pictures = 4.2 }, 0.2, { 0, 0.99 })
