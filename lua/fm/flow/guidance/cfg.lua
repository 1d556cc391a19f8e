-- cfg: v_null + w (v - v_null), classifier-free guidance. Ho and Salimans 2022, with w = 1 + their
-- w.
return { combine = function(v, null, w) return null + (v - null) * w end }
