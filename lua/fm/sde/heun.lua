-- The stochastic Heun method, for an equation in Stratonovich's sense: both slopes at both ends of
-- an Euler step, averaged. Strong order 1 for diagonal noise (where g of an entry depends on that
-- entry alone); where g does not depend on x the two senses agree, and the weak order is 2. Two
-- drift calls per step. Ruemelin 1982, SIAM J. Numer. Anal. 19; Kloeden, Platen, 15.1.
return {
  step = function(p, t, x, h, dw)
    local f, g = p.drift(x, t), p.diffusion(x, t)
    local y = x + f * h + dw * g
    return x + (f + p.drift(y, t + h)) * (h / 2) + dw * ((g + p.diffusion(y, t + h)) * 0.5)
  end,
}
