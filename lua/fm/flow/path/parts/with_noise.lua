-- with_noise(line, gamma, guard): what a path file returns, for the path of another file with noise
-- around it.
return function(line, gamma, guard)
  return { a = line.a, s = line.s, da = line.da, ds = line.ds, gamma = gamma, guard = guard }
end
