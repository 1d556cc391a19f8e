-- velocity: u, the slope of the path.
return {
  target = function(_, _, u) return u end,
  velocity = function(p) return p end,
}
