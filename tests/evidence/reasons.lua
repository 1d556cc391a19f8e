-- reasons: why a thing, or a whole room, has no evidence of a kind, as the end of "No golden value,
-- because ...". A reason that is not needed fails the spec.
local draws <const> = "what it draws follows the generator of fm: its law is checked, not its numbers"
local of_tokens <const> = "tokens are whole numbers: no gradient goes through them"
local measures <const> = "it is a measure of a trained flow, and is not recorded"
local pairs_rows <const> = "it deals out rows as they are: `tests/lua/pairs_spec.lua` follows every row"
local in_order <const> = "it changes nothing"
local weights <const> = "it makes or keeps weights and computes nothing"

return {
  golden = {
    ["fm.flow.time"] = draws,
    ["fm.sde"] = draws,
    ["fm.discrete.bits"] = draws,
    ["fm.discrete.draw"] = draws,
    ["fm.discrete.inpaint"] = draws,
    ["fm.discrete.sample"] = draws,
    ["fm.flow.check_pairs"] = "it answers yes or no",
    ["fm.flow.coupling.independent"] = in_order,
    ["fm.flow.coupling.sinkhorn"] = "it draws from the plan of `flow.transport_plan`, which has golden values",
    ["fm.flow.dequantise"] = draws,
    ["fm.flow.loss_floor"] = draws,
    ["fm.flow.pairs"] = pairs_rows,
    ["fm.nn.dropout"] = draws,
    ["fm.nn.module"] = weights,
    ["fm.nn.seed"] = weights,
  },
  gradient = {
    ["fm.diffusion.schedule"] = "its numbers are constants",
    ["fm.discrete.bits"] = measures,
    ["fm.discrete.draw"] = of_tokens,
    ["fm.discrete.inpaint"] = of_tokens,
    ["fm.discrete.sample"] = of_tokens,
    ["fm.discrete.source.mask"] = of_tokens,
    ["fm.flow.check_pairs"] = "it answers yes or no",
    ["fm.flow.coupling"] = "pairs are chosen, and nothing flows back through a choice",
    ["fm.flow.dequantise"] = "data are not trained",
    ["fm.flow.loss_floor"] = "it is a number of the data",
    ["fm.flow.normalized_path_energy"] = measures,
    ["fm.flow.pairs"] = pairs_rows,
    ["fm.flow.path_energy"] = measures,
    ["fm.flow.reflow"] = "its pairs are data of the next flow, and are not recorded",
    ["fm.flow.straightness"] = measures,
    ["fm.flow.time"] = "times are drawn, and nothing flows back through them",
    ["fm.flow.transport_plan"] = "a plan is a constant of the loss",
    ["fm.nn.dropout"] = "what it drops changes from call to call",
    ["fm.nn.module"] = weights,
    ["fm.nn.seed"] = weights,
    ["fm.optim"] = "it uses gradients",
    ["fm.optim.schedule"] = "its numbers are constants",
  },
  closed = {
    ["fm.discrete.draw"] = "`tests/lua/discrete_spec.lua` counts what it draws, and samples are drawn by the same function",
    ["fm.flow.check_pairs"] = "`tests/lua/reflow_spec.lua` asks it about pairs of known flows",
    ["fm.flow.coupling.independent"] = in_order,
    ["fm.flow.coupling.sinkhorn"] = "`tests/lua/pairs_spec.lua` counts its partners against the columns of the plan",
    ["fm.flow.dequantise"] = "`tests/lua/dequantise_spec.lua` looks for each level in its bin",
    ["fm.flow.pairs"] = pairs_rows,
    ["fm.nn.dropout"] = "`tests/lua/nn_spec.lua` counts what it drops, and looks at the size of the rest",
    ["fm.nn.module"] = weights,
  },
}
