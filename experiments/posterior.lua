#!/usr/bin/env fmrun
-- Simulation-based inference: what parameters may have caused an observation? A flow learns
-- p(parameters | observation) from simulations alone, for all observations at once.
--   fmrun posterior.lua task=two_moons
-- `fmrun help posterior` says how to add a simulator of your own. The experiment is that of the
-- card cards/posterior.lua, and its tasks lie in cards/posterior/.
return require "cards.posterior"
