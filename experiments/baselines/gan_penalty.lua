-- The same GAN with a penalty on the critic's gradient at the data, R1; Adam's betas are those of
-- Karras et al. 2020.
return require "baselines.parts.adversarial" ({ points = 2.7, pictures = 6 }, { 0, 0.99 }, true)
