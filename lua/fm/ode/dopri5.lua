-- Dormand and Prince's pair under the name of its article: see rk45.lua.
return require "fm.ode.rk45"
