-- Euler and Maruyama's method, for an equation in Ito's sense: x + f h + g dW. Strong order 1/2 (1
-- when g does not depend on x), weak order 1; one drift call per step. Kloeden, Platen, Numerical
-- Solution of Stochastic Differential Equations, 10.2.
return {
  step = function(p, t, x, h, dw)
    return x + p.drift(x, t) * h + dw * p.diffusion(x, t)
  end,
}
