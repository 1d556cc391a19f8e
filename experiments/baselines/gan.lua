-- A GAN with the non-saturating loss and nothing else; Adam's betas: Radford et al. 2016.
return require "baselines.parts.adversarial" ({ points = 2.1, pictures = 5 }, { 0.5, 0.999 })
