-- Bogacki and Shampine's pair under the name of their initials: see rk23.lua.
return require "fm.ode.rk23"
