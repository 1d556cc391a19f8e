-- How much of a schedule's steps after the warmup is done, 0..1.
return function(o, n)
  return math.min(1, n / math.max(1, o.steps - o.warmup))
end
