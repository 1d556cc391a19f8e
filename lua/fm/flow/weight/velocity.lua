-- velocity: all times count alike in the velocity, whatever is predicted. For noise this is (w /
-- a)^2, for a score (w s / a)^2. Ma et al. 2024 (SiT), section 2.
return { of = "velocity", weight = function() return 1 end }
