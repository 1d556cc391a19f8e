-- drawn(logits [B, L, V], rng) -> ids [B, L], each with the probability that its logits give: the
-- largest of logits plus Gumbel noise.
return function(logits, rng)
  local uniform = rng:uniform(logits:shape()):clamp { min = 2.0 ^ -33 }
  return (logits - (-uniform:log()):clamp { min = 2.0 ^ -33 }:log()):argmax(3)
end
