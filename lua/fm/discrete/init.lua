-- Flows of tokens, which are whole numbers 1 .. V in tensors [B, L]. Each token of x_t is that of
-- the data x1 with the probability t^power, else one of the source: all masked, or drawn at random.
-- A model(xt, t [B] [, cond]) gives logits [B, L, V] of the tokens of x1. Gat et al. 2024 (Discrete
-- flow matching).
return require("fm.parts.by_name").room "fm.discrete"
