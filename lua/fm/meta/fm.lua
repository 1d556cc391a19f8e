---@meta fm
-- The types and the help of fm, in LuaCATS: editors complete from it; `fmrun help fm.x` and ? at
-- the prompt print it. No script loads it. Every op is a function of fm and a method of tensors;
-- options come last in one table, and the first option may be positional. Axes, rows and labels are
-- 1-based, negative numbers count from the end.

---Tensors, ops and rooms. A name that fm does not have is an error that names the nearest one;
---rawget(fm, name) asks without an error whether fm has an op of that name.
---@class fm
---@field version string
---@field real "float"|"double" the number type of this binary
local fm = {}

---What fm also holds, for its own files: a script hardly needs it, and it may change.
---@class fm.Core
---@field fail fun(message: string) raises the message at the script's line
---@field nearest fun(word: string, names: string[]): string|nil the name that was probably meant
---@field is_recording fun(): boolean, boolean whether a tape records, and whether for one leaf alone
---@field needs_grad fun(...): boolean whether one of these tensors depends on a parameter of the open tape, or carries a tangent
---@field level fun(beside?: userdata): userdata opens a derivative along a direction; fm.jvp is made of it
---@field free_levels fun(): integer how many more levels there can be at once
---@field flat fun(parameters: fm.Tensor[]): userdata parameters side by side, for the passes of optimizers
---@field path_sample function the point and the velocity on a path, in one pass
---@field measure table distances, kernels and components
---@field ode_engine table the engine of ode.solve
---@field picture table the canvas of plots
---@field system table the process, the terminal, threads, locks
---@field processes table the processes of one training under mpirun
---@field shares table the passes over the shares of a step's batch
---@field methods table what a tensor's methods are
---@field mallocs fun(): integer how often the pool asked the system for memory
---@field peak_bytes fun(): integer the most bytes that tensors held, since the last peak_begin if there was one
---@field peak_begin fun() begins the count of peak_bytes anew

---@class fm.Tensor
---@operator add(fm.Tensor|number): fm.Tensor
---@operator sub(fm.Tensor|number): fm.Tensor
---@operator mul(fm.Tensor|number): fm.Tensor
---@operator div(fm.Tensor|number): fm.Tensor
---@operator pow(number): fm.Tensor
---@operator unm: fm.Tensor
---@operator len: integer
local Tensor = {}

-- ---- making ----

---A tensor from a nested table, a flat table and a shape, or a number (rank 0).
---@param v number|table|fm.Tensor
---@param shape? integer[]
---@return fm.Tensor
function fm.tensor(v, shape) end
---Zeros.
---@return fm.Tensor of the shape given as sizes or one table
function fm.zeros(...) end
---Ones.
---@return fm.Tensor
function fm.ones(...) end
---One number everywhere.
---@param shape integer[]|integer
---@param v number
---@return fm.Tensor
function fm.full(shape, v) end
---first, first + step, ... up to last, included.
---@return fm.Tensor
function fm.range(first, last, step) end
---n numbers from first to last, both included.
---@return fm.Tensor
function fm.linspace(first, last, n) end
---The identity matrix.
---@return fm.Tensor [n, n] with ones on the diagonal
function fm.eye(n) end
---A leaf that collects a gradient: a copy of the tensor.
---@param tensor fm.Tensor
---@return fm.Tensor
function fm.parameter(tensor) end
---Whether a value is a tensor.
---@return boolean
function fm.is_tensor(v) end
---The names of all ops.
---@return string[] names of all ops
function fm.ops() end
---Bytes held by tensors now.
---@return integer
function fm.live_bytes() end
---Sets a limit in bytes (0: none); returns the one before. Tensors beyond it are errors.
---@param bytes? integer
---@return integer
function fm.memory_limit(bytes) end

-- ---- looking ----

---The sizes of all axes.
---@return integer[]
function Tensor:shape() end
---The size of one axis.
---@param axis integer
---@return integer
function Tensor:size(axis) end
---The number of axes.
---@return integer
function Tensor:rank() end
---The number of numbers.
---@return integer
function Tensor:count() end
---The number in a tensor that holds exactly one.
---@return number of a tensor with one number
function Tensor:item() end
---Nested lists, in the tensor's shape.
---@return table nested as the shape
function Tensor:totable() end
---A copy with its own numbers.
---@return fm.Tensor with its own numbers
function Tensor:clone() end
---The same numbers outside of every tape; they outlive the tape that made them.
---@return fm.Tensor
function Tensor:detach() end
---Sets every number; returns the tensor itself.
---@return fm.Tensor itself, every number v
function Tensor:fill(v) end
---Copies the numbers of src, which has the same shape; returns the tensor itself.
---@return fm.Tensor itself, with the numbers of src
function Tensor:copy(src) end

-- ---- gradients ----

---The gradient collected so far, or nil.
---@return fm.Tensor|nil
function Tensor:grad() end
---Forgets the gradient.
function Tensor:zero_grad() end
---Adds gradients of this loss to its parameters; grad_out is needed unless it is one number.
---@param grad_out? fm.Tensor
function Tensor:backward(grad_out) end
---Whether it was made by fm.parameter.
---@return boolean
function Tensor:is_parameter() end
---Records what depends on a parameter, until it closes: `local tape <close> = fm.record()`. With
---`only`, a parameter, all other parameters are constants on this tape: nothing that depends on
---them alone is recorded, and they get no gradient.
---@param only? fm.Tensor
---@return userdata tape
function fm.record(only) end
---Records nothing; what is made inside goes back to the pool at the end:
---`local scope <close> = fm.scope()`.
---@return userdata scope
function fm.scope() end
---An op from Lua: forward(...) -> y, saved; backward(saved, dy) -> dx, ...
---@param f {forward: function, backward: function}
---@return fun(...: fm.Tensor): fm.Tensor
function fm.custom(f) end
---Compares the tape's gradients with central differences: true, or nil and a message that names
---the worst entry.
---@param f fun(...: fm.Tensor): fm.Tensor
---@param inputs fm.Tensor[]
---@param options? {eps: number, tolerance: number} eps = 1e-2, tolerance = 2e-2; in fmrun64 eps = 1e-6, tolerance = 1e-6
function fm.gradcheck(f, inputs, options) end
---The derivative along a direction: f(x, ...), and how it changes along (dx, ...), in one forward
---pass. A tangent is a tensor shaped as its input, a number (that number everywhere), or 0. Where f
---returns several tensors, y and dy are lists. While a tape records, both are recorded. What f is
---made of needs a tangent rule: every op with a gradient has one, fm.custom and ode.solve do not.
---@param f fun(...): fm.Tensor, ...
---@param inputs (fm.Tensor|number)[]
---@param tangents (fm.Tensor|number)[]
---@return fm.Tensor|fm.Tensor[] y
---@return fm.Tensor|fm.Tensor[] dy
function fm.jvp(f, inputs, tangents) end
---All derivatives of f(x) [M] for x [N], as J [M, N], in forward mode.
---@param f fun(x: fm.Tensor): fm.Tensor
---@param x fm.Tensor
---@return fm.Tensor
function fm.jacobian(f, x) end

-- ---- ops: elementwise, with NumPy broadcasting ----

---self + b
function Tensor:add(b) end
---self - b
function Tensor:sub(b) end
---self * b
function Tensor:mul(b) end
---self / b
function Tensor:div(b) end
---The larger of self and b.
function Tensor:maximum(b) end
---The smaller of self and b.
function Tensor:minimum(b) end
---The angle in [-pi, pi] of the point with the height self and the width b, as C's atan2. At (0, 0)
---it has no slope.
function Tensor:atan2(b) end
----x
function Tensor:neg() end
---e^x
function Tensor:exp() end
---Natural logarithm.
function Tensor:log() end
---Square root.
function Tensor:sqrt() end
---1 / sqrt(x)
function Tensor:rsqrt() end
---1 / x
function Tensor:reciprocal() end
---Sine, in radians.
function Tensor:sin() end
---Cosine, in radians.
function Tensor:cos() end
---Hyperbolic tangent.
function Tensor:tanh() end
---1 / (1 + e^-x)
function Tensor:sigmoid() end
---max(x, 0)
function Tensor:relu() end
---x sigmoid(x). Elfwing et al. 2018.
function Tensor:silu() end
---x Phi(x), Phi the normal distribution function. Hendrycks and Gimpel 2016.
function Tensor:gelu() end
---gelu by its tanh approximation: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
function Tensor:gelu_tanh() end
---Scaled elu that keeps mean 0 and variance 1. Klambauer et al. 2017.
function Tensor:selu() end
---x where x > 0, else e^x - 1.
function Tensor:elu() end
---log(1 + e^x)
function Tensor:softplus() end
---x where x > 0, else 0.01 x.
function Tensor:leaky_relu() end
---log sigmoid(x), without overflow.
function Tensor:log_sigmoid() end
---f'(self) v, the derivative of an activation f along v; v is shaped as self.
---@param v fm.Tensor
---@param options {act: string}|string
function Tensor:slope(v, options) end
---x^2
function Tensor:square() end
---|x|
function Tensor:abs() end
---x^exponent
---@param options {exponent: number}|number
function Tensor:pow(options) end
---x held within min..max; one of them alone is the only bound.
---@param options {min?: number, max?: number}
function Tensor:clamp(options) end
---1 where self < b, else 0. (Lua's own a < b cannot give a tensor: it raises.)
function Tensor:lt(b) end
---1 where self <= b, else 0.
function Tensor:le(b) end
---1 where self > b, else 0.
function Tensor:gt(b) end
---1 where self >= b, else 0.
function Tensor:ge(b) end
---1 where self and b are equal, else 0: a NaN equals nothing. (a == b asks whether both are the
---same handle.)
function Tensor:eq(b) end
---1 where self and b differ, else 0.
function Tensor:ne(b) end
---a where the condition is not 0, else b: condition:where(a, b)
function Tensor:where(a, b) end

-- ---- ops: reductions, over all numbers without an axis; keep = true keeps it with size 1 ----

---The sum.
---@param options? {axis: integer, keep: boolean}|integer keep = false
function Tensor:sum(options) end
---The mean.
---@param options? {axis: integer, keep: boolean}|integer keep = false
function Tensor:mean(options) end
---The largest number.
---@param options? {axis: integer, keep: boolean}|integer keep = false
function Tensor:max(options) end
---The smallest number.
---@param options? {axis: integer, keep: boolean}|integer keep = false
function Tensor:min(options) end
---The variance; it divides by n - 1, with unbiased = false by n.
---@param options? {axis: integer, keep: boolean, unbiased: boolean} keep = false, unbiased = true
function Tensor:var(options) end
---The standard deviation, the root of var. Where it is 0, its gradient is taken as 0, as in
---PyTorch.
---@param options? {axis: integer, keep: boolean, unbiased: boolean} keep = false, unbiased = true
function Tensor:std(options) end
---The position of the largest number, 1-based; without an axis among all numbers, counted row by
---row. Of equals the first; NaN counts as the largest.
---@param options? {axis: integer, keep: boolean}|integer keep = false
function Tensor:argmax(options) end
---The position of the smallest number, 1-based; without an axis among all numbers, counted row by
---row. Of equals the first; NaN counts as the smallest.
---@param options? {axis: integer, keep: boolean}|integer keep = false
function Tensor:argmin(options) end
---The numbers in order along the axis (the last), and their former places, 1-based: values, places
---= x:sort(). Equals keep their order; NaNs come last. The values have gradients.
---@param options? {axis: integer, descending: boolean}|integer descending = false
---@return fm.Tensor values
---@return fm.Tensor places
function Tensor:sort(options) end
---Only the places that sort gives.
---@param options? {axis: integer, descending: boolean}|integer descending = false
function Tensor:argsort(options) end
---The root of the sum of squares.
---@param options? {axis: integer, keep: boolean}|integer keep = false
function Tensor:norm(options) end
---log of the sum of e^x, without overflow.
---@param options? {axis: integer, keep: boolean}|integer keep = false
function Tensor:logsumexp(options) end
---Running sums along the axis (the last).
---@param options? {axis: integer}|integer
function Tensor:cumsum(options) end
---e^x over its sum along the axis (the last).
---@param options? {axis: integer}|integer
function Tensor:softmax(options) end
---log of softmax, without overflow.
---@param options? {axis: integer}|integer
function Tensor:log_softmax(options) end

-- ---- ops: shapes and rows ----

---A view; one size may be -1.
function Tensor:reshape(...) end
---Swaps two axes (the last two); a copy.
---@param options? {axes: integer[]}
function Tensor:transpose(options) end
---The axes in another order; a copy.
---@param options {axes: integer[]}
function Tensor:permute(options) end
---Joins tensors along an axis (the first); takes them as arguments or one list.
---@param ... fm.Tensor|{axis: integer}
function Tensor:cat(...) end
---Joins tensors of one shape along a new axis (the first); takes them as arguments or one list.
---@param ... fm.Tensor|{axis: integer}
function Tensor:stack(...) end
---first, first + step .. last along an axis. Easier to write: x[{ {first, last}, {first, last,
---step} }] with an entry per axis: a range, {} for all, or a number, which removes its axis.
---x[{ {}, 2 }] is column 2. A view where that is contiguous, else a copy that a tape records.
---x[{ {}, 2 }] = number or tensor writes there. Two plain numbers are rows: x[{i, j}].
---@param options {axis: integer, first?: integer, last?: integer, step?: integer} first = 1, last = -1, step = 1
function Tensor:slice(options) end
---Rows, or what lies along another axis, by their numbers.
---@param index fm.Tensor 1-based
---@param options? {axis: integer}|integer axis = 1
function Tensor:index_select(index, options) end
---One number per place of index, taken along the axis; index has the rank of self.
---@param index fm.Tensor
---@param options {axis: integer}
function Tensor:gather(index, options) end
---self is the table [N, D]: index of any shape -> [..., D]
function Tensor:embedding(index) end
---Labels 1..n of any shape -> [..., n]: 1 at the label, else 0.
---@param options {n: integer}|integer
function Tensor:one_hot(options) end

-- ---- ops: products, norms, images, losses ----

---[..., K] x [K, N]
function Tensor:matmul(b) end
---[S, M, K] x [S, K, N]
function Tensor:bmm(b) end
---act(x w^T + b), w [outputs, inputs]; b may be absent.
---@param options? {act: string} act = "none"
function Tensor:linear(w, b, options) end
---softmax(q k^T / sqrt d) v; causal: query i sees keys 1 to i only
---@param options? {causal: boolean} causal = false
function Tensor:attention(k, v, options) end
---Over the last axis: to mean 0 and variance 1, then weight, bias, which may be absent: [n], or
---rows for the first axes, as [B, 1, n] for self [B, L, n]. Ba et al. 2016.
---@param options? {eps: number} eps = 1e-5
function Tensor:layer_norm(weight, bias, options) end
---Over the last axis: divided by the root mean square, times weight, shaped as that of
---layer_norm. Zhang and Sennrich 2019.
---@param options? {eps: number} eps = 1e-6
function Tensor:rms_norm(weight, options) end
---x [N, C, ...]: act of what layer_norm does, over groups of channels. Wu and He 2018.
---@param options {groups: integer, eps?: number, act?: string} eps = 1e-5, act = "none"
function Tensor:group_norm(weight, bias, options) end
---x [N, C, H, W], w [O, C, h, w], b [O] or absent
---@param options? {stride: integer, padding: integer} stride = 1, padding = 0
function Tensor:conv2d(w, b, options) end
---x [N, C, H, W], w [C, O, h, w], b [O] or absent
---@param options? {stride: integer, padding: integer} stride = 1, padding = 0
function Tensor:conv_transpose2d(w, b, options) end
---x [N, C, H, W]: means of size x size squares.
---@param options {size: integer}
function Tensor:avg_pool2d(options) end
---x [N, C, H, W]: each pixel scale x scale times.
---@param options {scale: integer}
function Tensor:upsample_nearest2d(options) end
---(self - target)^2, its mean or sum.
---@param options? {reduce: "mean"|"sum"} reduce = "mean"
function Tensor:mse(target, options) end
---Squared up to delta, linear beyond. Huber 1964.
---@param options? {delta: number, reduce: "mean"|"sum"} delta = 1, reduce = "mean"
function Tensor:huber(target, options) end
----log softmax(logits [B, C]) at the labels [B] in 1..C, its mean or sum over rows.
---@param labels fm.Tensor
---@param options? {reduce: "mean"|"sum"} reduce = "mean"
function Tensor:cross_entropy(labels, options) end

-- ---- random numbers ----

---@class fm.Rng
local Rng = {}

---A stream of numbers keyed by seed, name, step and call.
---@param seed integer
---@param stream? string
---@return fm.Rng
function fm.rng(seed, stream) end
---Normal numbers, of the shape given. They end at 6.66 standard deviations (32 bits for each, Box
---and Muller 1958). `{ first_row = r }` may come last: the rows, along the first axis, are then
---those from number r on of a larger draw [.., ...] with rows of the same size, to the bit. So a
---large draw can be made in pieces, by streams at the same step and call. A draw has 2^34 numbers
---at most, including those of the rows before.
---@return fm.Tensor of mean 0 and variance 1
function Rng:normal(...) end
---Numbers in 0..1, of the shape given: multiples of 2^-24, in double of 2^-32 (rng:number() has 53
---bits). `{ low, high, first_row }` may come last; first_row as in normal.
---@return fm.Tensor in 0..1, or low..high; the upper end excluded
function Rng:uniform(...) end
---Whole numbers low..high, all equally likely; without low, 1..high: labels. first_row as in
---normal, of 2^33 numbers at most.
---@param n integer|integer[] how many, or a shape
---@param low integer
---@param high? integer
---@param options? {first_row: integer}
---@return fm.Tensor [n], or of the shape
function Rng:integers(n, low, high, options) end
---1..n in random order.
---@return fm.Tensor 1..n in random order
function Rng:permutation(n) end
---One number in 0..1.
---@return number
function Rng:number() end
---A named stream that follows the step of this one. The same name gives the same stream: if you
---ask for it twice at a step, it gives the same numbers twice.
---@return fm.Rng that follows the step of this one
function Rng:stream(name) end
---A stream for one consumer. The first consumer that asks for a name before any step has
---stream(name). Each other one has its own stream, which depends on the step at which it asks, and
---on how many asked this stream for that name at that step before.
---@return fm.Rng that follows the step of this one
function Rng:own(name) end
---Moves to a step: draws depend only on seed, name, step and call.
---@param k integer
---@param calls? integer how many draws it has made there (0)
---@return fm.Rng itself, at step k
function Rng:at(k, calls) end
---The step it is at.
---@return integer
function Rng:step() end
---How many draws it has made at this step.
---@return integer
function Rng:calls() end
---Whether it has a clock of its own (made by fm.rng, or moved by at), or follows the clock of the
---stream it came from.
---@return boolean
function Rng:own_clock() end

-- ---- layers ----

---Layers: each is a file of lua/fm/nn, or a file of that name beside the script. Your own layer is
---any table with __call and parameters.
fm.nn = {}

---A model: layers that hold parameters; called as model(x), or model(x, t [, cond]) -> velocity
---shaped as x. t is [B] in training and from solvers; those of nn take a number and [B, 1] too.
---print(model) lists its layers, their shapes and how many numbers are trained.
---@class fm.Module
local Module = {}
---Every parameter once, in order.
---@return fm.Tensor[]
function Module:parameters() end
---name -> tensor, by PyTorch's names ("net.0.weight").
---@return table<string, fm.Tensor>
function Module:state() end
---Copies the numbers of a state in; a missing or unknown name or another shape raises.
---@param state table<string, fm.Tensor>
function Module:load_state(state) end
---Switches to training: dropout drops.
function Module:train() end
---Switches to sampling: dropout does nothing.
function Module:eval() end
---How many numbers are trained.
---@return integer
function Module:count() end

---act(x w^T + b), weight [outputs, inputs]. The weights start uniform in -b..b with b =
---1/sqrt(inputs). He et al. 2015. Defaults: bias = true, act = "none", init = "uniform".
---@param inputs integer
---@param outputs integer
---@param options? {bias: boolean, act: string|table|function, init: "uniform"|"zero"|function} act: see fm.nn.activation
---@return fm.Module
function fm.nn.linear(inputs, outputs, options) end
---A table of n rows [n, dim]; called with 1-based indices of any shape -> [..., dim].
---@param n integer
---@param dim integer
---@return fm.Module
function fm.nn.embedding(n, dim) end
---Each row to mean 0 and variance 1, then scaled and shifted. Ba et al. 2016.
---@param dim integer
---@param options? {eps: number} eps = 1e-5
---@return fm.Module
function fm.nn.layer_norm(dim, options) end
---Each row divided by its root mean square, then scaled. Zhang and Sennrich 2019.
---@param dim integer
---@param options? {eps: number} eps = 1e-6
---@return fm.Module
function fm.nn.rms_norm(dim, options) end
---The channels of a group, in each row of [B, channels, ...], to mean 0 and variance 1, then scaled
---and shifted by channel. Wu and He 2018. act: an activation after it, see fm.nn.activation.
---@param groups integer
---@param channels integer
---@param options? {eps: number, act: string|table|function} eps = 1e-5, act = "none"
---@return fm.Module
function fm.nn.group_norm(groups, channels, options) end
---Pictures [B, c_in, H, W] -> [B, c_out, H', W'], H' = (H + 2 padding - kernel) // stride + 1;
---weight [c_out, c_in, kernel, kernel]. The weights start uniform in -b..b with b = 1/sqrt(c_in
---kernel^2). Defaults: stride = 1, padding = 0, bias = true, act = "none", init = "uniform".
---@param c_in integer
---@param c_out integer
---@param kernel integer
---@param options? {stride: integer, padding: integer, bias: boolean, act: string|table|function, init: "uniform"|"zero"|function} act: see fm.nn.activation
---@return fm.Module
function fm.nn.conv2d(c_in, c_out, kernel, options) end
---Pictures [B, C, H, W] -> [B, C, H // size, W // size]: the means of squares.
---@param size integer
---@return fm.Module
function fm.nn.avg_pool2d(size) end
---Pictures [B, C, H, W] -> [B, C, scale H, scale W]: each number becomes a square.
---@param scale integer
---@return fm.Module
function fm.nn.upsample(scale) end
---Self-attention, x [B, L, dim] -> [B, L, dim]. `qkv` [3 dim, dim] makes queries, keys and values
---of all heads (1), `out` [dim, dim] mixes them. causal: row i sees rows 1 to i only. Vaswani et
---al. 2017.
---@param options {dim: integer, heads: integer, causal: boolean} heads = 1, causal = false
---@return fm.Module
function fm.nn.attention(options) end
---While training, each number becomes 0 with probability p, the others grow by 1 / (1 - p).
---Srivastava et al. 2014.
---@param p number in 0..1
---@return fm.Module
function fm.nn.dropout(p) end
---One layer after the other. Two layers run as one when both say that they can: a linear,
---conv2d or group_norm layer and the activation after it. Your own layer that only does one op of
---fm says so by its field same_as_op = "silu". A layer that can do such an op in its own last pass
---has a method fuse(self, op), which returns a function of x that does both, or nil (op "none": the
---layer alone).
---@param layers fm.Module[]
---@return fm.Module
function fm.nn.sequential(layers) end
---Linear layers with an activation between them. Defaults: hidden = { 64, 64 }, act = "silu".
---@param options {inputs: integer, hidden: integer[], outputs: integer, act: string|table|function} act: see fm.nn.activation
---@return fm.Module
function fm.nn.mlp(options) end
---x + layer(x). He et al. 2016.
---@param layer fm.Module
---@return fm.Module
function fm.nn.residual(layer) end
---Times [B] or [B, 1] in 0..1 -> [B, dim], half sines and half cosines; a number -> [1, dim].
---Vaswani et al. 2017, Tancik et al. 2020.
---@param dim integer
---@param options? {kind: "sinusoidal"|"fourier", scale: number} kind = "sinusoidal", scale = 16
---@return fm.Module
function fm.nn.time_embedding(dim, options) end
---The network of the article that founded flow matching: model(x [B, dim], t) -> velocity [B,
---dim]; t is a number, [B] or [B, 1]. With a condition it is model(x, t, cond), added to the
---embedding of the time. classes = n: cond is labels [B] in 1..n (or one label for all rows), n + 1
---means "none", and so does no cond; the rows of `class_embed` are added. cond = k: cond is [B, k],
---through the linear layer `cond_embed`; no cond is the same as zeros. Without either, a condition
---is ignored. times = 2: model(x, s, t [, cond]), for flow maps.
---@param options {dim: integer, hidden: integer, time_embed: integer, classes: integer, cond: integer, times: 1|2} hidden = 256, time_embed = 64, times = 1
---@return fm.Module
function fm.nn.vector_field(options) end

---@class fm.UnetOptions
---@field channels integer
---@field width integer channels of the first level (32)
---@field multipliers integer[] channels of each level, in widths ({ 1, 2, 2 })
---@field blocks integer residual blocks of a level on the way down (1); one more on the way up
---@field attention integer[] the heights at which it attends ({ 8 }); {} for none
---@field size integer the height of the pictures that these heights are meant for; by default the last level has the smallest of them
---@field heads integer of the attention (1)
---@field classes integer labels 1..n: cond is [B] or a number, n + 1 means "none", and so does no cond
---@field dropout number in each block (0)
---@field times 1|2 2: model(x, s, t [, cond]), for flow maps

---A U-Net for pictures: model(x [B, channels, H, W], t [, cond]) -> the same shape. Ho et al. 2020.
---Each level halves the pictures of the one before it: H and W must halve as often as there are
---levels, less one. It starts as the velocity 0. With the defaults and one channel it has 1,112,801
---numbers.
---@param options fm.UnetOptions
---@return fm.Module
function fm.nn.unet(options) end

---@class fm.TransformerOptions
---@field inputs integer numbers of a row
---@field length integer the most rows of a sequence
---@field dim integer even (128)
---@field heads integer of the attention (4)
---@field layers integer blocks (4)
---@field classes integer labels 1..n: cond is [B] or a number, n + 1 means "none", and so does no cond
---@field causal boolean (false) row i sees rows 1 to i only
---@field times 1|2 2: model(x, s, t [, cond]), for flow maps

---Blocks of attention over sequences: model(x [B, L, inputs], t [, cond]) -> the same shape. Time
---and label scale, shift and gate each block (adaLN-zero): it starts as the velocity 0. Peebles and
---Xie 2023.
---@param options fm.TransformerOptions
---@return fm.Module
function fm.nn.transformer(options) end

---@class fm.DitOptions
---@field channels integer
---@field size integer height and width of the pictures
---@field patch integer height and width of a patch (4); size is a multiple
---@field dim integer a multiple of 4 (128)
---@field heads integer of the attention (4)
---@field layers integer blocks (4)
---@field classes integer labels 1..n: cond is [B] or a number, n + 1 means "none", and so does no cond
---@field times 1|2 2: model(x, s, t [, cond]), for flow maps

---fm.nn.transformer over the square patches of pictures [B, channels, size, size]. Peebles and Xie
---2023.
---@param options fm.DitOptions
---@return fm.Module
function fm.nn.dit(options) end

---@class fm.Standardise: fm.Module
---@field mean fm.Tensor [D]
---@field std fm.Tensor [D]
local Standardise = {}
---Back to the units of the table: z * std + mean.
---@param z fm.Tensor [..., D]
---@return fm.Tensor
function Standardise:inverse(z) end
---ln |det dz/dx|, the sum of -ln std. A density of x is ln p(x) = ln p(z) + log_det, in nats.
---@return number
function Standardise:log_det() end

---Columns in units of their mean and deviation, layer(x [..., D]) -> (x - mean) / std. Both are
---measured on the rows of x [N, D], of at least two; of a number D of columns mean is 0 and std 1,
---to be loaded; load_state refuses deviations that are not above 0, and what is not finite. They
---are tensors of the layer's state and no parameters, so a model that keeps the layer keeps its
---units.
---@param x fm.Tensor|integer [N, D] or D
---@return fm.Standardise
function fm.nn.standardise(x) end
---Your own layer: parts = {{name, tensor or layer}, ...} in order, forward(self, ...). state,
---parameters and modes follow. forward reaches its parts as locals around it, or as fields that
---you set on the layer.
---@param parts table[]
---@param forward function
---@return fm.Module
function fm.nn.module(parts, forward) end
---From now on initial weights are drawn from this seed (or rng); a run calls it with its own.
---@param from integer|fm.Rng
function fm.nn.seed(from) end
---An activation by name, each also a name of fm.nn; or your own layer, which is returned
---unchanged. An option `act` takes what this takes, and { "name", key = value }. A file beside the
---script returns a function of its options that makes the layer.
---@param name string|table|function
---@param options? table
---@return fm.Module
function fm.nn.activation(name, options) end
---x itself.
---@return fm.Module
function fm.nn.none() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.tanh() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.sigmoid() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.relu() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.silu() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.gelu() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.gelu_tanh() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.selu() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.elu() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.softplus() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.leaky_relu() end
---The activation of that name as a layer.
---@return fm.Module
function fm.nn.log_sigmoid() end

-- ---- manifolds: points [B, D] whose D numbers are not free ----

---Manifolds, each made for a number of coordinates D. A manifold of your own is a file beside the
---script: see lua/fm/manifold/init.lua.
fm.manifold = {}
---Unit vectors in D coordinates: sphere(3) is the surface of a ball. Tensors of points and of
---vectors are [B, D].
---@param D integer
---@return fm.Manifold
function fm.manifold.sphere(D) end
---D angles in [-pi, pi), each a circle. It is flat: geodesics are straight lines that wrap around.
---@param D integer
---@return fm.Manifold
function fm.manifold.torus(D) end

---A manifold. Its methods are recorded on tapes and have gradients. Points that are not on it, and
---in exp vectors that are not tangent, are errors.
---@class fm.Manifold
---@field name string
---@field dim integer the number D of coordinates
---@field log_volume number
local Manifold = {}
---The nearest points of the manifold: x / |x|; angles in [-pi, pi). A row of zeros has none on a
---sphere, and is an error, as are rows that are not finite.
---@return fm.Tensor
function Manifold:project(x) end
---The part of v that is tangent at x.
---@return fm.Tensor
function Manifold:tangent(x, v) end
---Where the geodesic that leaves x with the velocity v (tangent at x) is after a unit of time.
---@return fm.Tensor
function Manifold:exp(x, v) end
---The velocity at x of the shortest geodesic that is at y after a unit of time. Between opposite
---points of a sphere all ways are: one of them.
---@return fm.Tensor
function Manifold:log(x, y) end
---The length of the shortest geodesic, [B].
---@return fm.Tensor
function Manifold:distance(x, y) end
---n points [n, D], uniform in the manifold's volume.
---@param n integer
---@param rng fm.Rng
---@return fm.Tensor
function Manifold:uniform(n, rng) end
---The log-density [B] of the uniform distribution, -log_volume in each row.
---@return fm.Tensor
function Manifold:log_uniform(x) end

-- ---- flows: t = 0 is the source x0 (noise), t = 1 the data x1; shapes [B, D] ----

---Paths, couplings, the loss, and the velocity of a trained model. A model is any callable
---model(x, t [, cond]).
fm.flow = {}

---xt = a(t) x1 + s(t) x0, for some paths with noise around it, + gamma(t) z; and the velocity along
---it.
---@class fm.Path
local Path = {}
---Points on the path and the velocities there, da x1 + ds x0 (+ dgamma z); t in 0..1 is a number or
---one for each row, z the noise of a noisy path, a unit normal shaped as x0. All is finite at t = 0
---and 1, gradients for x0, x1, z and t included: where a slope has no bound, see coefficients.
---@return fm.Tensor xt, fm.Tensor u
function Path:sample(x0, x1, t, z) end
---a, s and their derivatives at t: numbers for a number, tensors shaped as t for a tensor, in the
---precision of t. A path with noise also gives gamma and its derivative. A slope that has no bound
---at an end (that of s at t = 1 for vp and linear_vp, of a and s at t = 0 for poly with n < 1) has
---the finite value of the number next to that end; the slope of gamma, when it has no bound there,
---is that at the path's guard (1e-5) from the end.
---@return fm.Tensor a, fm.Tensor s, fm.Tensor da, fm.Tensor ds, fm.Tensor? gamma, fm.Tensor? dgamma
function Path:coefficients(t) end
---Points of the path's source, where the path starts: [n, dim] ([n, ...] when dim is a list of
---sizes). They are s(0) times a normal, with the noise of the path: for most paths a unit normal,
---for ve sigma_max times it, for i_cfm sqrt(1 + sigma^2) times it. A solve of the flow begins with
---them.
---@return fm.Tensor x0
function Path:source(n, dim, rng) end
---The log-density of such points in nats, [n].
---@param x0 fm.Tensor [n, ...]
---@return fm.Tensor
function Path:source_log_prob(x0) end

---A probability path by name: linear, poly{n}, vp{beta_min, beta_max}, linear_vp, cosine,
---ve{sigma_min, sigma_max}, lipman{sigma_min}; geodesic{manifold} on a manifold; with noise
---gamma(t) z around it i_cfm{sigma}, schrodinger_bridge{sigma}, interpolant{line, gamma},
---trig{gamma}, encoding_decoding{gamma}, mirror{gamma}; one_sided{line}. Or your own { a =
---function(t), s = function(t) }, differentiated by the tape if it has no da and ds; with noise if
---it has gamma (what fm.flow.gamma takes; a function may come with dgamma). If it does not start as
---s(0) times a normal, it also has source = function(n, dim, rng) and source_log_prob =
---function(x0). `guard` says how far from an end a slope of gamma without a bound is read (1e-5).
---An option `path` takes what this takes, and { "name", key = value }.
---@param name string|table
---@param options? table
---@return fm.Path
function fm.flow.path(name, options) end
---How much noise a path has around its line, xt = a x1 + s x0 + gamma(t) z, by name, each with a
---factor scale (1): sqrt, that is sqrt(t (1 - t)); quadratic, t (1 - t); sin_squared, sin(pi t)^2;
---sigmoid{steepness = 10}; constant. Or your own function of t (a tensor or a number), whose slope
---comes from the tape, or { gamma = , dgamma = }. An option `gamma` takes what this takes, and {
---"name", key = value }. Albergo, Boffi and Vanden-Eijnden 2023.
---@param name string|function|table
---@param options? table
---@return function|{gamma: function, dgamma: function}
function fm.flow.gamma(name, options) end
---What makes pairs of a batch.
---@class fm.Coupling
---@field info table of sinkhorn: that of the last plan, as flow.transport_plan gives it
---@field weight number of conditional_ot with a ratio: the weight of the last batch
---@field potentials fm.Tensor of semidiscrete: [N]
---@overload fun(x0: fm.Tensor, x1?: fm.Tensor, cond?: any): fm.Tensor, fm.Tensor, any
local Coupling = {}
---The row of x0 that goes with each row of x1, [B]; nil: all stay as they are. So anything else
---that belongs to the rows of x0 can follow them, by index_select. Of all couplings but
---semidiscrete.
---@param x0 fm.Tensor [B, ...]
---@param x1 fm.Tensor [B, ...]
---@param cond? any
---@param rng? fm.Rng what sinkhorn draws from, when it has none of its own
---@return fm.Tensor? rows
function Coupling:partners(x0, x1, cond, rng) end
---Of semidiscrete: finds the potentials by `steps` stochastic gradient steps g_j -= lr (n_j / B -
---1 / N), whose lr falls to a thirtieth; the mean over the last half of them stays. Larger data
---begin with the potentials of every fourth row. info.chi2 is measured on other draws: 0 when all
---rows are chosen equally often, and what is below 0.05 no longer matters (SD-FM, 2509.25519). With
---labels info.classes[label] is that of each class.
---@return {chi2: number, seconds: number, steps: integer, classes: table} info
function Coupling:fit() end
---Of semidiscrete: how often each row was chosen for these x0, n_j / B - 1 / N, and the unbiased
---chi2 = N sum(n_j^2 - n_j) / (B (B - 1)) - 1 (nil for one row). With labels each class counts for
---itself.
---@param x0 fm.Tensor [B, ...]
---@param cond? fm.Tensor labels [B]
---@return fm.Tensor gradient, number? chi2
function Coupling:gradient(x0, cond) end

---Which x0 goes with which x1, by name: x0, x1, cond = couple(x0, x1 [, cond]). x1 and its cond
---keep their order.
---
---  - independent: as they come
---  - ot: the exact assignment of least |x0 - x1|^2, a permutation of the batch
---  - sinkhorn{reg = 0.05, iterations = 1000, tolerance = 1e-6, rng}: the partner of x1_j is drawn
---    by its share of column j of flow.transport_plan; couple.info tells whether that converged.
---    Without rng it draws from that of flow.loss or flow.pairs
---  - conditional_ot{weight | ratio, distance}: the assignment of least |x0_i - x1_j|^2 + weight
---    d(cond_i, cond_j), where row i of x0 brings the condition of row i. Class labels [B] need no
---    weight: only equal labels are paired. For conditions [B, k] d is |c_i - c_j|^2 or distance(c,
---    c) -> [B, B]; ratio gives the weight at which that share of all pairs (i, j) is no dearer
---    than |x0_j - x1_j|^2. Cheng and Schwing 2025
---  - semidiscrete{data, labels, rng, source, steps = 1500, batch = 1024, lr, potentials}: x0, x1,
---    index = couple(x0): x0 stays, and x1 = data[index] is the row with the largest potential -
---    |x0 - x1|^2. couple:fit() finds the potentials [N]; with labels [N] each class has its own:
---    couple(x0, nil, cond). source: what x0 will be drawn from, a tensor, a function(n, rng), or
---    nil (normal). Genevay et al. 2016
---
---Or your own function; one of two arguments returns no cond, and then cond stays with x1.
---flow.loss passes its cond, labels for example, to the coupling, and passes what comes back to the
---model.
---@param name string|table|function
---@param options? table
---@return fm.Coupling
function fm.flow.coupling(name, options) end
---The entropic transport plan P [n, m] between samples of equal weights, for the cost |x0_i -
---x1_j|^2 as it is: sum P c + reg sum P log P is least, rows sum to 1/n, columns to 1/m. Sinkhorn's
---iteration in the log domain, until no row's sum is further than tolerance from 1/n. A small reg
---makes no NaN, but needs many iterations; info says how far they came: iterations, error (the
---largest |row sum - 1/n|), cost (sum P c), converged. Cuturi 2013.
---@param x0 fm.Tensor [n, ...]
---@param x1 fm.Tensor [m, ...]
---@param options {reg: number, iterations: integer, tolerance: number} iterations = 1000, tolerance = 1e-9
---@return fm.Tensor P, {iterations: integer, error: number, cost: number, converged: boolean} info
function fm.flow.transport_plan(x0, x1, options) end
---@class fm.PairsOptions
---@field size integer pairs in a batch
---@field ot_size integer rows that the coupling pairs at once (size)
---@field coupling string|table|function "independent"
---@field cond any a tensor [N, ...] for the rows of target, or a table of such tensors
---@field with fm.Tensor[] more tensors for the rows of target
---@field source_with fm.Tensor[] tensors for the rows of source
---@field rng fm.Rng draws the order of rows, and the source
---@field shuffle boolean true with an rng
---@field drop_last boolean (false) leaves out what is smaller than size or ot_size; size may not be larger than N

---An iterator over batches of pairs, for run:steps: x0, x1, cond, then the rows of each tensor in
---`with`, then of each in source_with. source is a tensor, a function(n, rng) -> [n, ...], or nil:
---normal, shaped as the rows of target.
---
---A round visits each row of target once. ot_size rows at a time are paired and dealt out in parts
---of size; the last part of a pairing is smaller when size does not divide ot_size, the last
---pairing of a round when ot_size does not divide N. The pairs depend only on the rng's key and on
---the position, so a run that goes on from its checkpoint gets the same ones. It makes new pairs
---and so would tear apart those of flow.reflow: data.batches(x0, size, { rng, labels = x1 }) keeps
---them.
---@param source fm.Tensor|function|nil
---@param target fm.Tensor [N, ...]
---@param options fm.PairsOptions
---@return function iterator
function fm.flow.pairs(source, target, options) end
---How the times of a batch are drawn, by name: uniform; stratified (one time in each of n equal
---parts of 0..1); logit_normal{mean = 0, std = 1} (more often in the middle) and cosmap (the
---ratios of signal to noise of the cosine path), both Esser et al. 2024; u_shaped{a = 4}: the
---density (e^(a t) + e^(a (1 - t))) a / (2 (e^a - 1)), Lee, Lin and Fanti 2024; power{a = 1}: the
---density (a + 1) t^a, which for a > 0 prefers times near the data, Wildberger et al. 2023;
---grid{steps = 1} (0, 1/steps, .. (steps - 1)/steps: where equal Euler steps begin). Your
---own function (rng, n) -> t [n] is returned unchanged. An option `time` takes what this
---takes, and { "name", key = value }.
---@param name string|function
---@param options? table
---@return fun(rng: fm.Rng, n: integer): fm.Tensor
function fm.flow.time(name, options) end
---What a model may predict, by name: velocity, data, noise, score. Or your own table: target(x0,
---x1, u, s), what the prediction is compared with, and velocity(p, x, a, s, da, ds, guard), the
---velocity that follows from it; fails(a, unbounded, guard) says at which ends of the path this
---formula fails; centre, rate and per_rate of (a, s, da, ds, guard) are what flow.convert reads,
---and a loss that compares another form. An
---option `predict` takes what this takes.
---@param name string|table
---@param options? table
---@return table
function fm.flow.prediction(name, options) end
---What the difference of a prediction and its target counts, by name: mse, its square; huber{delta
---= 1}: d^2 / 2 up to |d| = delta, then delta (|d| - delta / 2); pseudo_huber{c = 0.00054 sqrt(D)}:
---sqrt(|d|^2 + c^2) - c of each row, Song and Dhariwal 2023. The loss is the mean over rows and
---dimensions (over rows for pseudo_huber). Or your own function of the difference [B, ...], which
---returns as many numbers, or [B]; or a table { each = that function, mean = function(p, target) }.
---The option `loss` of flow.loss takes what this takes.
---@param name string|function|table
---@param options? table
---@return function|table
function fm.flow.penalty(name, options) end
---How much a time counts in the loss, by name. velocity: as in the loss of the velocity;
---likelihood: w / (a s) times the squared error of the noise, Song et al. 2021, Ma et al. 2024;
---snr: (a / s)^2 times that of the data; min_snr{gamma = 5}: no more than gamma times, Hang et al.
---2023; edm{sigma_data = 0.5}: (sigma^2 + sigma_data^2) / (sigma sigma_data)^2 times that of the
---data, sigma = s / a, Karras et al. 2022. Each names whose error it is meant for, and the loss
---converts it: whatever is predicted, it is the same loss. What divides is at least the loss's
---guard. Or your own function of t [B]; or a table { of = "data", weight = function(a, s, w, guard)
---}, with w = s da - a ds. The option `weight` of flow.loss takes what this takes.
---@param name string|function|table
---@param options? table
---@return function|table
function fm.flow.weight(name, options) end
---@class fm.LossOptions
---@field rng fm.Rng draws x0 (from the path's own source, if it has one), t, and last which conditions drop
---@field x0 fm.Tensor [B, D] instead of drawn ones
---@field t fm.Tensor|number [B] or [B, 1] in 0..1, instead of drawn ones; the loss is finite at 0 and 1 too
---@field path string|table "linear"
---@field coupling string|function "independent"
---@field cond any goes to the model, after the coupling: a tensor with rows, say
---@field drop number the probability with which the condition of a row, a tensor or a table of tensors, becomes null
---@field null any replaces a dropped condition: a number or a tensor; by default n + 1 for labels [B] of a model with n classes, 0 for cond [B, k]
---@field time string|table|function how times are drawn ("uniform"): see fm.flow.time. Not beside t
---@field predict string|table what the model gives ("velocity"): see fm.flow.prediction; on a path with noise gamma z, noise is z and score -z / gamma
---@field compare "velocity"|"data"|"noise" what prediction and target are both converted to before they are compared; by default what is predicted
---@field loss string|table|function what a difference counts ("mse"): see fm.flow.penalty
---@field weight string|table|function times each row's mean: f(t [B]), or see fm.flow.weight; for a score s^2 if not given: unweighted it has no finite mean
---@field guard number 0.05: what divides in a conversion (compare, and weight by name) is at least this

---The flow matching loss: the mean over batch and dimensions of |v(xt, t) - u|^2. Lipman et al.
---2023, equation 14. With `compare` the difference of prediction and target is scaled: for
---"velocity", with w = s da - a ds, by w / max(s, guard) when the data are predicted, by w / max(a,
---guard) when the noise is, and by w s / max(a, guard) when the score is. So predict = "data",
---compare = "velocity" on the straight line is the mean of |p - x1|^2 / max(1 - t, guard)^2 (JiT,
---Li and He 2025).
---@param model function|table model(x [B, D], t [B] [, cond]) -> [B, D]
---@param x1 fm.Tensor [B, D]
---@param options fm.LossOptions
---@return fm.Tensor one number
function fm.flow.loss(model, x1, options) end
---@class fm.LossFloorOptions
---@field path string|table "linear"; it starts as a normal and has no noise around its line
---@field predict string|table "velocity"
---@field compare string|table as for flow.loss
---@field weight string|table|function as for flow.loss
---@field guard number as for flow.loss
---@field time string|table|function the times of the loss ("uniform")
---@field t number[]|fm.Tensor the floor at these times alone, and its mean over them
---@field draws integer pairs of a point and noise (1000), each seen once in every part of time
---@field subset integer compare with so many of the points at a time instead of all. Biased: from 1,000 of 10,000 points 784 wide it came 6 % too low
---@field rng fm.Rng the same draws in every call when absent

---What flow.loss_floor measured.
---@class fm.LossFloorInfo
---@field t fm.Tensor [T] the given times, or the middles of 20 equal parts of the times of the loss
---@field floor fm.Tensor [T] the floor at each, or the mean over each part
---@field standard_error number of the floor, over the draws; nan for one draw
---@field standard_errors fm.Tensor [T]
---@field draws integer

---The smallest loss that any model can have on these points, as flow.loss measures it with
---independent noise and no condition: the flow of the points (flow.exact.empirical) has it. For the
---straight line and the velocity it is E tr Cov[x1 | x_t] / (D (1 - t)^2) in the mean over t. Few
---points have a lower floor than the law that they were drawn from, because near t = 1 it falls to
---0: from N(0, I) to N(0, I) that of the law is pi / 2, that of 10,000 points in the plane was
---1.563. The mean over t is one over 320 middles, which errs by 2e-5 on moons. A coupling or a
---condition lowers it. 10,000 points of 784 numbers take 4 s of one core and 270 MB. Xu et al.
---2025.
---@param x1 fm.Tensor [N, ...]
---@param options? fm.LossFloorOptions
---@return number floor, fm.LossFloorInfo info
function fm.flow.loss_floor(x1, options) end
---field(x, t) for a solver, from a model that predicts the velocity, the data, the noise or the
---score. t is a number, [B] or [B, 1], and the model gets it in the form that it takes, as from
---ode.solve. cond goes to the model; when rows leave a solve, the rows of cond leave too: cond is
---a tensor with as many rows as x0, or a table of such tensors. Noise and score do not determine
---the velocity at t = 0, where a = 0; only a score determines it at an end where a slope has no
---bound (t = 1 of vp and linear_vp). There model and path are read guard (1e-3) away from the end.
---For data the divisor s is at least guard, and nearer than guard to t = 1 an error of the
---prediction becomes at most 20 times as large in the velocity: every solver may take a stage at
---the end, and the last Euler step ends at the prediction. guard = 0.05 is the clamp of JiT (Li and
---He 2025): adaptive solvers need half the calls or less, and about a third of the noise of t =
---0.95 stays. On vp and linear_vp only a larger guard makes the factor small. On a path with noise
---gamma z, whose source is to be a unit normal, the noise that is predicted is z, and the score -z
---/ gamma.
---@param model function|table
---@param options? {predict: string, path: string|table, cond: any, guard: number} predict = "velocity", path = "linear", guard = 1e-3
---@return fun(x: fm.Tensor, t: number|fm.Tensor): fm.Tensor
function fm.flow.velocity(model, options) end
---@class fm.GuidanceOptions
---@field cond any goes to the model: labels [B], or [B, k]; its rows leave a solve with those of x
---@field null any the condition that stands for none: by default n + 1 for labels [B] of a model with n classes, 0 for [B, k], else none is given
---@field scale number|function w, or a function of t: 0 is the model under null, 1 the conditional model
---@field interval number[] { a, b }: for t < a and t > b, w is 1. Kynkaanniemi and others 2024
---@field kind string|table|function "cfg" | "cfg_zero_star" | combine(v, other, w, x, t) -> velocity
---@field zero_steps integer of cfg_zero_star: the velocity is 0 for t < zero_steps / steps (0)
---@field steps integer of cfg_zero_star: how many steps the solve takes
---@field weak function|table a weaker model, called (x, t, cond), in place of the model under null: autoguidance
---@field predict string|table what model and weak give ("velocity"), with path and guard as for flow.velocity
---@field path string|table "linear"
---@field guard number 1e-3

---field(x, t) for a solver: a conditional model that follows its condition more or less closely.
---With v = model(x, t, cond): v_null + w (v - v_null) (cfg; Ho and Salimans 2022);
---s v_null + w (v - s v_null), s = <v, v_null> / |v_null|^2 for each row (cfg_zero_star; Fan and
---others 2025); v_weak + w (v - v_weak) with a weak model (autoguidance; Karras and others 2024).
---t is a number or [B]: each row has the w of its time. A call of the field is two calls of the
---model; one where w = 1 or outside of the interval, none before zero_steps / steps. A kind is a
---file of lua/fm/flow/guidance, or one beside the script: it returns { combine = [, zero_until =
---t] }, or a function of its options that makes one; { "name", key = value } gives it options.
---@param model function|table model(x, t, cond)
---@param options fm.GuidanceOptions
---@return fun(x: fm.Tensor, t: number|fm.Tensor): fm.Tensor
function fm.flow.guidance(model, options) end
---@class fm.InpaintOptions
---@field x0 fm.Tensor [B, ...] the start of the flow, instead of a drawn one
---@field rng fm.Rng draws the start, and the noise of resample
---@field path string|table "linear"
---@field cond any goes to the model; for guidance give flow.guidance(model, ...) as the model
---@field resample integer how often each step is taken (1), with noise put back in between: a fixed method ("euler") with `steps` (50)

---Samples whose numbers are those of known where mask is 1: x1, info. During the solve these
---numbers follow their path, a known + s x0 with the x0 of the start; the model moves the others.
---At t = 1 they are known exactly, in info.states too. The other options are those of ode.solve but
---t0, t1, events, rows; info is that of ode.solve and x0; a solve that does not reach t = 1 raises.
---With resample = 1 the others come out between p(x) and p(x | known); with more the error falls
---about as 1 / resample (Lugmayr and others 2022, for diffusion). For two normal numbers with
---correlation 0.9, one known to be 1.5, the other has mean 1.35 and variance 0.19; 50 steps of
---Euler give 0.66 and 0.50 with resample = 1, 1.28 and 0.18 with 10, 1.32 and 0.17 with 20.
---Between modes that lie apart the shares of samples keep an error.
---@param model function|table a velocity of a flow from independent noise
---@param known fm.Tensor [B, ...], or what broadcasts to x0; where mask is 0 it may be anything
---@param mask fm.Tensor 1 where known holds, else 0; broadcasts to the shape of x0
---@param options fm.InpaintOptions|fm.SolveOptions
---@return fm.Tensor x1, fm.SolveInfo info
function fm.flow.inpaint(model, known, mask, options) end
---@class fm.SlicedScoreOptions
---@field rng fm.Rng draws the directions, random signs
---@field probes integer directions for each row (1)
---@field v fm.Tensor|fm.Tensor[] the directions instead, each shaped as x
---@field kind "reduced"|"plain" "reduced" (the default) has less variance

---Sliced score matching: the mean over rows and directions v of |s|^2 / 2 + v . (ds/dx) v
---("reduced"), or of (v . s)^2 / 2 + v . (ds/dx) v ("plain"), with s = score(x). Its minimum is the
---score of the density that x was drawn from; noise in the data is not needed. Song and others
---2019, equations 7 and 8. While a tape records it is recorded. For a model of x and t pass
---function(x) return model(x, t) end.
---@param score fun(x: fm.Tensor): fm.Tensor rows do not depend on each other
---@param x fm.Tensor [B, ...]
---@param options fm.SlicedScoreOptions
---@return fm.Tensor one number
function fm.flow.sliced_score_matching(score, x, options) end
---f(x, t) -> score [B, D], velocity: the gradient in x of the log-density at time t, (t v - x) / (1
---- t) for the straight line. The source is N(0, I), independent of the data; at an end where this
---divides by 0, it is read guard (1e-3) away from it. A path with noise gamma z is read as one
---without, whose s is sqrt(s^2 + gamma^2): from another source, or with pairs that a coupling made,
---learn the score (predict = "score": -z / gamma, right for all of them). Albergo and others 2023.
---@param model function|table a velocity
---@param options? {path: string|table, guard: number, cond: any} path = "linear", guard = 1e-3
---@return fun(x: fm.Tensor, t: number|fm.Tensor): fm.Tensor, fm.Tensor
function fm.flow.score(model, options) end
---f(x, t) -> E[x1 | x], E[x0 | x]: the means of the data and of the source that lead through x; x +
---(1 - t) v and x - t v for the straight line. The first is Tweedie's formula. Source, path and
---guard as for score; with noise gamma z the second is that of (s x0 + gamma z) / sqrt(s^2 +
---gamma^2).
---@param model function|table a velocity
---@param options? {path: string|table, guard: number, cond: any} path = "linear", guard = 1e-3
---@return fun(x: fm.Tensor, t: number|fm.Tensor): fm.Tensor, fm.Tensor
function fm.flow.posterior(model, options) end
---What a model predicts at x and t in one form, in another: any two of velocity, data, noise and
---score (x0 ~ N(0, I), x = a x1 + s x0, v = da x1 + ds x0, score = -x0 / s). For the straight line:
---x1 = x + (1 - t) v, x0 = x - t v, score = (t v - x) / (1 - t). A divisor (s, a or s da - a ds) is
---at least guard (1e-3), so that all is finite at the ends; there the result stays near what data
---that are a unit normal have. A slope that has no bound at an end is read guard away from it. A
---path with noise around its line, or with a source of its own, raises.
---@param value fm.Tensor [B, ...]
---@param from "velocity"|"data"|"noise"|"score"|table
---@param to "velocity"|"data"|"noise"|"score"|table
---@param x fm.Tensor [B, ...]
---@param t number|fm.Tensor in 0..1: a number, [B] or [B, 1]
---@param path? string|table "linear"
---@param options? {guard: number} guard = 1e-3
---@return fm.Tensor shaped as x
function fm.flow.convert(value, from, to, x, t, path, options) end
---The flow of a velocity field(x, t) on from_path, followed on to_path, without training again:
---u'_r(x) = (k' / k) x + k t' u_t(x / k), where t has the same ratio a / s on from_path as r on
---to_path, and k = s_to(r) / s_from(t). It leads to the same points. Start it from the source of
---to_path. a / s must grow on from_path. Where to_path has more noise than from_path ever has (that
---does not start from pure noise: vp a little, ve), or less, the flow stands still but for its
---scale. At an end where t' or a slope of to_path has no bound, all is read guard (1e-3) away from
---it. Noisy paths: for a unit normal source. Shaul et al. 2023.
---@param field function|table a velocity
---@param from_path string|table
---@param to_path string|table
---@param options? {guard: number, cond: any} guard = 1e-3; cond goes to the field
---@return fun(x: fm.Tensor, t: number|fm.Tensor): fm.Tensor
function fm.flow.reschedule(field, from_path, to_path, options) end
---The point of the source that flows to x1: x0, info by a solve from t1 to t0. Options and info of
---ode.solve; t0 and t1 are the ends of the flow, times run from t1 to t0, and a grid by name has
---the points of decode's. A solve that does not reach t0 raises, unless a terminal event ends it.
---@param model function|table a velocity
---@param x1 fm.Tensor [B, ...]
---@param options? fm.SolveOptions
---@return fm.Tensor x0, table info
function fm.flow.encode(model, x1, options) end
---Where the flow takes x0: the inverse of encode. A solve that does not reach t1 raises, unless a
---terminal event ends it.
---@param model function|table a velocity
---@param x0 fm.Tensor [B, ...] of the path's source
---@param options? fm.SolveOptions
---@return fm.Tensor x1, table info
function fm.flow.decode(model, x0, options) end
---@class fm.LogProbOptions
---@field divergence "exact"|"hutchinson" "exact": a derivative pass per dimension; "hutchinson": one per probe
---@field probes integer random sign vectors, fixed for the solve (1)
---@field rng fm.Rng draws the probes
---@field first_row integer number of the first row (1), for a batch that is a part of another: rows have their probes by number
---@field path string|table the flow's: x0 has the density path:source_log_prob ("linear": standard normal; an exact flow knows its own)
---@field log_p0 function x0 [B, ...] -> log-density of the source [B], in place of the path's

---The log-density of x under the flow in nats, [B]: log p0(x0) minus the integral of div v from 0
---to 1, both by one solve from data to source whose error norm covers them together. info is that
---of ode.solve and x0, log_p0 [B], divergence [B] (the integral), backward_passes, and
---standard_error [B] with two probes or more. While a tape records, it is recorded, with gradients
---for x, the model's parameters and log_p0's, unless gradient = false; the divergence is then made
---of tangents (info.tangents in place of backward_passes; fm.custom and solves inside the model
---have none). memory is that of ode.solve. A solve that does not reach t0 raises, and so do times,
---save, events. Chen and others 2018, equation 8; Grathwohl and others 2019.
---@param model function|table a velocity whose rows do not depend on each other
---@param x fm.Tensor [B, ...]
---@param options? fm.LogProbOptions|fm.SolveOptions
---@return fm.Tensor log_prob, table info
function fm.flow.log_prob(model, x, options) end
---Bits per number of x, [B]: -log2 p(y) / D + log2(bins / (high - low)), where y is the dequantised
---x (or x itself with dequantise = false). The other options and info are those of log_prob;
---info.log_prob [B] is in nats, info.standard_error in bits. Defaults: bins = 256, low = 0, high =
---1, dequantise = true.
---@param model function|table a velocity
---@param x fm.Tensor [B, ...] on `bins` levels (256) from low (0) to high (1)
---@param options {rng: fm.Rng, bins: integer, low: number, high: number, dequantise: boolean}|fm.LogProbOptions|fm.SolveOptions
---@return fm.Tensor bits, table info
function fm.flow.bits_per_dimension(model, x, options) end
---Levels 0 .. bins - 1, given as numbers from low to high, spread evenly over their bins: low +
---(level + u) (high - low) / bins. Defaults: first_row = 1, bins = 256, low = 0, high = 1.
---@param x fm.Tensor
---@param options {rng: fm.Rng, first_row: integer, bins: integer, low: number, high: number} first_row: number of the first row, for a part of a batch
---@return fm.Tensor y
function fm.flow.dequantise(x, options) end
---@class fm.ReflowOptions: fm.SolveOptions
---@field x0 fm.Tensor|integer [B, ...] of the path's source, or how many rows to draw there
---@field rng fm.Rng draws x0; each call draws fresh rows
---@field dim integer|integer[] the numbers of a drawn row, when the model does not have a `dim`
---@field path string|table where drawn rows start, path:source ("linear": a unit normal; an exact flow knows its own)
---@field cond any goes to the model; the rows of a tensor with as many rows as x0 stay with their rows
---@field block integer rows that are solved together (1024): beside the pairs, memory is for one block

---Pairs for the next flow, x0 and where the paths of this one take them, rows in order: a flow
---trained on them, flow.loss(next, x1, { x0 = x0 }), has the same ends and straighter paths; Liu et
---al. 2023, rectified flow. Batches of stored pairs: data.batches(x0, size, { rng, labels = x1 });
---fresh pairs: a call in each step. For one step, or `steps` of them, train on the pairs with the
---times { "grid", steps = n }. Options are those of ode.solve without t0, t1, times, save, events,
---rows, gradient, memory; nothing is recorded. With the batch's error control each block has its
---own steps. info: nfe (evaluations of a row, the mean), evaluations, blocks. For a model that does
---not predict the velocity, pass flow.velocity(model, ...). A solve that does not reach t = 1
---raises.
---@param model function|table a velocity
---@param options fm.ReflowOptions
---@return fm.Tensor x0, fm.Tensor x1, table info
function fm.flow.reflow(model, options) end
---What a kind of flow.map_loss gets for the rows with s < t.
---@class fm.MapRows
---@field s fm.Tensor [B]
---@field t fm.Tensor [B]
---@field m fm.Tensor [B] a time between, for kinds that ask for it
---@field length fm.Tensor t - s, as a column over x
---@field x0 fm.Tensor
---@field x1 fm.Tensor
---@field cond any
local MapRows = {}
---The pair's point and velocity on the path at times [B].
---@param t fm.Tensor [B]
---@return fm.Tensor x, fm.Tensor v
function MapRows:at(t) end
---The same, with the guidance of the loss in v.
---@param t fm.Tensor [B]
---@return fm.Tensor x, fm.Tensor v
function MapRows:with_velocity(t) end
---The model, with the condition of the rows; of a kind with times = 1 it is called (x, t).
---@param x fm.Tensor
---@param s fm.Tensor [B]
---@param t fm.Tensor [B]
---@return fm.Tensor
function MapRows:u(x, s, t) end
---The teacher, or the model where there is none: what to use where the model gets no gradient.
---@param x fm.Tensor
---@param s fm.Tensor [B]
---@param t fm.Tensor [B]
---@return fm.Tensor
function MapRows:guide(x, s, t) end
---Times [B] as a column that broadcasts over x.
---@param t fm.Tensor [B]
---@return fm.Tensor
function MapRows:over(t) end
---@class fm.MapLossOptions
---@field rng fm.Rng draws x0, times, which rows have s = t, m, and last which conditions drop
---@field x0 fm.Tensor [B, D] instead of drawn ones
---@field s fm.Tensor|number [B] in 0..1, with t: instead of drawn times; each row is as its s and t say
---@field t fm.Tensor|number [B]; of consistency alone, without s
---@field m "uniform"|"midpoint"|number|fm.Tensor of psd and shortcut: the time between
---@field share number of the rows with s = t, which learn the velocity (0.5)
---@field time string|table|function how a time is drawn ("uniform"): see fm.flow.time. A row draws two, and the smaller is s
---@field path string|table "linear"
---@field coupling string|function "independent"
---@field cond any goes to the model, by row
---@field drop number the probability with which a row's condition becomes null
---@field null any as for flow.loss
---@field guidance number|table { scale = w, kappa = 0, interval = { a, b } }, or w: how strongly cond guides what the map learns
---@field teacher function|table takes the place of the model without a gradient: two times, or a velocity (x, t)
---@field teacher_times 1|2 how the teacher is called; by default what a network says, else 1 if its function names two arguments
---@field alpha number of the kind alpha
---@field power number 0: the mean square; more: each row's sum of squares is divided by (that sum + c)^power, without a gradient
---@field c number 1e-3

---The loss of a two-time model u(x, s, t), s <= t, whose map x + (t - s) u(x, s, t) takes x from
---time s of a flow to time t, so that flow.map_sample needs one evaluation, or a few. A share of
---the rows has s = t and learns the velocity, u(x_t, t, t) - v. The others learn by kind; sg is
---without a gradient, x_s and v are on the path of the pair:
---
---  - lsd: u + (t - s) d/dt u - sg u(X, t, t), X the end of the map. Boffi and others 2025
---  - psd{m}: u - sg (the mean of u from s to m, and from where that leads from m to t)
---  - shortcut{levels = 7}: psd in the middle of steps of 1, 1/2, ..., 2^-levels. Frans and others
---    2024
---  - meanflow: u - sg [v + (t - s) D u], D u = jvp of u along (v, 1, 0). Geng and others 2025
---  - improved_meanflow: the same with D u along (u(x_s, s, s), 1, 0)
---  - alpha{alpha = 0.02}: (u - [alpha v + (1 - alpha) sg u(x_m, m, t)]) / sqrt(alpha), m = s +
---    alpha (t - s). A large alpha is biased: take it from 1 down. Zhang and others 2025
---  - consistency{segments = 2, delta = 1e-3, boundary = 0.9, alpha = 1e-5}: of a one-time model
---    v(x, t), which Euler's method then samples in `segments` steps. Yang and others 2024
---
---Or your own function(rows) -> prediction, target, or { residual = that function, m = "uniform",
---pair = function(rng, n) -> s, t }, or a file beside the script. The loss is the mean square of
---the differences. The rows with s = t go through the model apart from the others, so what belongs
---to rows has to be in cond.
---
---guidance: the velocity of a row with a condition becomes w' v + kappa u_cond + (1 - w' - kappa)
---u_null, w' = scale (1 - kappa), so that one evaluation gives what two give with flow.guidance.
---Rows whose condition was dropped, and times outside of the interval, keep v. Geng and others 2025
---
---A teacher that follows the model is a second network whose numbers are its average: after each
---ema:update(), ema:swap(function() teacher:load_state(model:state()) end). A trained velocity as
---the teacher of lsd turns its flow into a map.
---@param kind string|table|function
---@param model function|table model(x [B, D], s [B], t [B] [, cond]) -> [B, D]
---@param x1 fm.Tensor [B, D]
---@param options fm.MapLossOptions
---@return fm.Tensor one number
function fm.flow.map_loss(kind, model, x1, options) end
---X(x, s, t [, cond]) = x + (t - s) u(x, s, t): where a two-time model says that the flow takes x
---from time s to time t. Times are numbers or [B].
---@param model function|table
---@return fun(x: fm.Tensor, s: number|fm.Tensor, t: number|fm.Tensor, cond?: any): fm.Tensor
function fm.flow.map(model) end
---Samples of a two-time model: its maps one after the other, over `steps` equal parts of 0..1 (1),
---or from each of `times` to the next. While a tape records, it is recorded.
---@param model function|table
---@param x0 fm.Tensor [B, D]
---@param options? {steps: integer, times: number[]|fm.Tensor, cond: any}
---@return fm.Tensor x1, {nfe: integer} info
function fm.flow.map_sample(model, x0, options) end
---The loss of a generator f(x0) that makes samples in one evaluation without a flow: the mean of
---|f - sg(f + V)|^2. With k(x, y) = exp(-|x - y| / tau) between the samples and, as one set, the
---other samples and the data, each divided by the root of its row's sum times its column's, V is
---the data weighted by k times the sum of k over the samples, less the same of the samples: they
---drift to the data and apart. The time grows with (samples)^2. The generator of a two-time model:
---function(x0) return map(x0, 0, 1) end, map = flow.map(model). Deng and others 2026 (drifting).
---@param generator function|table x0 [n, ...] [, cond] -> [n, D]
---@param x1 fm.Tensor [m, D]
---@param options {rng: fm.Rng, x0: fm.Tensor, tau: number, cond: any} tau = 0.05, about the size of details; a drawn x0 is normal, shaped as x1
---@return fm.Tensor one number
function fm.flow.drift_loss(generator, x1, options) end
---@class fm.CheckPairsOptions: fm.SolveOptions
---@field model function|table a velocity
---@field cond any goes to the model, by rows as for reflow
---@field source fm.Tensor|function without a model: a tensor, function(n, rng) -> x0, or nil for a unit normal
---@field rng fm.Rng draws the source
---@field rows integer how many are looked at (256), spaced evenly

---Whether pairs lie the right way round: true and info, or nil and a message. A flow that was
---trained on swapped pairs leads from data to noise, and its loss looks as good. With a model, one
---that made the pairs or was trained on them, some rows are solved: from x0 it must come nearer to
---x1 than from x1 to x0 (info.forward, info.backward: mean squares), and nearer to its own x1 than
---to that of another row (info.other), so rows that were shuffled apart are found too; cond and the
---options of reflow's solve go with it. Without a model, x1 must not be nearer to the source than
---x0 is, in energy distance (info.x0, info.x1, info.floor); ends that are alike pass.
---@param x0 fm.Tensor [B, ...]
---@param x1 fm.Tensor [B, ...]
---@param options fm.CheckPairsOptions
---@return true|nil ok, table|string info
function fm.flow.check_pairs(x0, x1, options) end
---@class fm.AlongOptions: fm.SolveOptions
---@field method string|table|function "rk4": "euler" gives the mean over the times at which its steps begin
---@field cond any goes to the model; the rows of a tensor with as many rows as x0 stay with their rows

---How far the paths of a flow are from straight lines at constant speed, 0 when one Euler step is
---exact: the mean over rows of the integral over time of |(x1 - x0) - v(x_t, t)|^2, summed over
---dimensions, along paths solved from x0. Liu et al. 2023. Options are those of ode.solve without
---t0, t1, times, save, events, rows, gradient, memory; nothing is recorded. info is that of the
---solve (nfe counts both of its passes) with each [B], the value of each row, standard_error over
---the rows, and x1, where the paths end. For a model that does not predict the velocity, pass
---flow.velocity(model, ...).
---@param model function|table a velocity
---@param x0 fm.Tensor [B, ...] of the path's source
---@param options? fm.AlongOptions
---@return number straightness, table info
function fm.flow.straightness(model, x0, options) end
---The mean over rows of the integral over time of |v(x_t, t)|^2, summed over dimensions, along
---paths solved from x0: at least the squared 2-Wasserstein distance between the ends. Options and
---info as for straightness. Benamou and Brenier 2000; Tong et al. 2023.
---@param model function|table a velocity
---@param x0 fm.Tensor [B, ...] of the path's source
---@param options? fm.AlongOptions
---@return number energy, table info
function fm.flow.path_energy(model, x0, options) end
---|energy - w2^2| / w2^2 for the path energy and w2, the 2-Wasserstein distance between source and
---data (metrics.wasserstein2, not its square): 0 for a flow that moves its points by optimal
---transport. info has energy too. Tong et al. 2023.
---@param model function|table a velocity
---@param x0 fm.Tensor [B, ...] of the path's source
---@param w2 number above 0
---@param options? fm.AlongOptions
---@return number, table info
function fm.flow.normalized_path_energy(model, x0, w2, options) end
---Flows known in closed form, found by name in lua/fm/flow/exact: models with velocity, score,
---density and samples, at times in 0..1.
fm.flow.exact = {}
---The flow from the path's start to N(mean, std^2): flow(x, t), flow:score(x, t), flow:log_prob(x
---[, t = 1]), flow:sample(n, rng [, t = 1]), flow:source_log_prob(x0) at t = 0, flow:map(x0),
---flow:inverse(x1).
---@param options? {mean: number|number[], std: number|number[], dim: integer, path: string|table} mean = 0, std = 1, path = "linear"
---@return table flow
function fm.flow.exact.gaussian(options) end
---The flow from the path's start to a mixture of Gaussians: flow(x, t), flow:score(x, t),
---flow:log_prob(x [, t = 1]), flow:sample(n, rng [, t = 1]), flow:source_log_prob(x0) at t = 0. A
---path with a(0) = 0 starts as its source; ve starts as the data with noise of sigma_max around
---them.
---@param options {means: number[][]|fm.Tensor, std: number|number[]|number[][], weights: number[], path: string|table} std = 1, path = "linear"
---@return table flow
function fm.flow.exact.mixture(options) end
---The flow whose data are exactly these points: the best model on them, which only repeats them
---(memorisation). flow(x, t), flow:score(x, t), flow:mean(x, t) = E[x1 | x] -> [B, ...],
---flow:posterior(x, t) -> weights [B, N] of the points. t is a number or [B]. The path starts as a
---normal and has no noise around its line. Where s(t) is below guard (1e-3), guard is the divisor.
---Bertrand et al. 2025.
---@param options {points: fm.Tensor|number[][], path: string|table, guard: number} points [N, ...], path = "linear", guard = 1e-3
---@return table flow
function fm.flow.exact.empirical(options) end

-- ---- ODE solvers ----

---Solvers of dx/dt = field(x, t): fixed steps, adaptive steps, dense output, events. A method is a
---file of lua/fm/ode, or a file beside the script.
fm.ode = {}
---@class fm.SolveOptions
---@field method string|table|function "dopri5"
---@field t0 number 0
---@field t1 number 1
---@field steps integer fixed steps, equal ones or along the grid (100)
---@field grid string|table "uniform", "cosine", "quadratic", {"edm", rho = 7, sigma_min = 0.002}, {"shift", s = 3}, mirrored backward; or a list of points
---@field times number[] where states are kept, within t0..t1. Without steps or grid, a fixed method steps from one to the next
---@field save integer|"steps" keep this many states, evenly (1,000,000 at most); or every step's
---@field rtol number 1e-5, at least 100 units in the last place of a double
---@field atol number 1e-5
---@field first_step number the first try; chosen when absent
---@field max_step number no try is longer
---@field min_step number no try but the last is shorter, and a try of this length is accepted whatever its error: info.forced counts them
---@field max_nfe integer calls of the field, never one more; what is reached by then is the result
---@field controller "scipy"|"pi"|"torchdiffeq" the step that an error asks for: SciPy's; with a memory (Gustafsson 1991); or torchdiffeq's
---@field control "batch"|"sample" one step size for all rows, or one for each: the field then gets t as a tensor [A], one time for each row that is not done
---@field cond any the field is called field(x, t, cond), for a model that takes a condition; rows of cond that belong to the rows of x leave with them
---@field rows boolean the field is called field(x, t, rows): rows [A] has the numbers, in x0, of the rows of x (false)
---@field events function[] f(x, t) -> number, or { f, direction = "both"|"up"|"down", terminal = false|true|integer }
---@field manifold fm.Manifold points stay on it, with any method: the field sees points on it, and its tangent part counts
---@field gradient boolean true: recorded while a tape records
---@field memory "full"|"segments" of a recorded solve: keep every call of the field, or take the steps again on the way back

---What a solve reports.
---@class fm.SolveInfo
---@field status "finished"|"max_nfe"|"step_too_small"|"event"
---@field reason string|nil why no step was small enough
---@field t number the time reached, that of the state x; with control = "sample" that of the row that got least far
---@field nfe integer calls of the field, the two that choose the first step and those of rejected tries included
---@field steps integer accepted steps; with control = "sample" those of the row that took most
---@field accepted integer the same; with control = "sample" of all rows together, as rejected and forced
---@field rejected integer tries
---@field forced integer steps accepted for min_step's sake
---@field error number|nil under error control: the estimate of the last accepted step, in units of the tolerance (of the worst row)
---@field error_sum number|nil those of all accepted steps added up, RMS over the components, in units of the state (of the worst row)
---@field times number[]|nil with times or save: those that were reached, up to info.t
---@field states fm.Tensor|nil [times, B, D], the states there: no others, when the solve ended on the way
---@field events table[]|nil for each event a list t of times and a list x of states
---@field evaluations integer control = "sample": rows that were evaluated, in all
---@field rows table control = "sample": nfe, accepted, rejected, t, error, error_sum, a tensor [B] each
---@field histogram table[] control = "sample": { nfe =, rows = }, how many rows needed nfe evaluations, from few to many

---Solves dx/dt = field(x, t) from t0 to t1. Fixed steps: euler, midpoint, heun, heun3, ralston,
---rk4, rk4_38, ab2, ab3, ab4 with `steps` or `grid`; error control: dopri5, rk45, rk23, bosh3,
---tsit5, dop853, adaptive_heun with `rtol`, `atol`. `times` or `save = n` keep states; events are
---functions f(x, t) whose zeros are found. Hairer, Norsett, Wanner 1993. x is the state at t1,
---whatever the times. After the last of the times, or of a list of points, a fixed method takes
---steps of a hundredth of the way to t1. A solve that ends before t1 says so in info.status and
---info.t, and keeps the states that were reached. Under error control the field is never called
---outside of t0 .. t1, with any controller: the last step is cut at t1, where torchdiffeq runs over
---it and interpolates. "pi" rejects fewer steps where a field is stiff. info.error_sum is the sum
---of the errors of the steps: the error at the end, if the field itself neither amplifies nor damps
---it. An event that is zero at the start does not count there; one that is zero at the end of a
---step counts once. While a tape records, gradients flow from x and info.states to x0 and to what
---the field depends on. The accepted steps count as constants, and times have no gradient. memory =
---"segments" calls the field twice and holds the calls of one step at a time (with many steps,
---those of sqrt(steps / 32)); the field must not draw random numbers, as dropout does. control =
---"sample" and terminal events need gradient = false there. A function gets t as a number; a layer
---(of nn, or your own table with `parameters`) gets it as [B]; with control = "sample" both get
---[A]. When the first call fails with one form, the other form is tried, so a function written for
---[B] works too. With control = "sample" rows leave when they are done, and the rows of cond (here,
---in flow.velocity, in flow.guidance) leave with them: those of a tensor with as many rows as x0,
---or of such tensors in a table; any other value stays. Your own function may take rows = true and
---look up cond:index_select(rows, 1).
---@param field function|table field(x [B, D], t [, cond | rows]) -> dx/dt, shaped as x
---@param x0 fm.Tensor [B, D]
---@param options? fm.SolveOptions
---@return fm.Tensor x, fm.SolveInfo info
function fm.ode.solve(field, x0, options) end

-- ---- stochastic solvers ----

---Solvers of dx = drift dt + diffusion dW, and flows with noise. A method is a file of lua/fm/sde,
---or a file beside the script.
fm.sde = {}
---@class fm.SdeOptions
---@field method string|table "euler_maruyama", "heun", or { step = function(p, t, x, h, dw) } with p.drift(x, t), p.diffusion(x, t)
---@field rng fm.Rng the noise: step k reads its k-th call from here on, row r entry i the number (first_row + r - 2) n + i of it
---@field first_row integer number of the first row (1), for a batch that is a part of another
---@field w number|function of a flow: the strength of the noise, or a function of t
---@field path string|table of a flow ("linear"): x0 is of its source, path:source(n, dim, rng)
---@field last "tweedie"|"mean"|"plain" of a flow, its last step: E[x1 | x], the drift alone, or as the others
---@field guard number how far from a singular end the score is read (1e-3)
---@field t0 number 0
---@field t1 number 1; a flow stays within 0..1
---@field steps integer 100
---@field grid string|table as in ode.solve
---@field times number[] as in ode.solve: x is the state at t1
---@field save integer as in ode.solve
---@field cond any as in ode.solve, for the drift and the diffusion

---Solves from t0 to t1 in fixed steps; x [B, ...], info as in ode.solve. what: { drift, diffusion
---}, functions of (x, t) shaped as x (the diffusion may be a number): diagonal noise, in Ito's
---sense for euler_maruyama (strong order 1/2, weak 1), in Stratonovich's for heun (strong order 1;
---weak 2 when the diffusion does not depend on x, where the senses agree). Or a velocity: a flow
---with noise that keeps its marginals, dx = (v + w score) dt + sqrt(2 w) dW. Kloeden and Platen
---1992; Ma and others 2024.
---@param what table|function
---@param x0 fm.Tensor [B, ...]
---@param options fm.SdeOptions
---@return fm.Tensor x, table info
function fm.sde.solve(what, x0, options) end

-- ---- discrete flows: tokens 1 .. V, whole numbers [B, L] ----

---Flows of tokens. A model(xt [B, L], t [B] [, cond]) gives logits [B, L, V] of the tokens of the
---data. Gat et al. 2024.
fm.discrete = {}
---Where a flow of tokens starts, by name: mask, all tokens V + 1; uniform, all of 1 .. V equally
---likely. Or your own { start = function(shape, V, rng) -> tokens [, probability = function(V) ->
---how likely each is, [V]] }, also as a file beside the script. Without probability the bound on
---bits is loose, and the sampler has no corrector.
---@param what string|table
---@return table
function fm.discrete.source(what) end
---@class fm.DiscretePathOptions
---@field vocabulary integer V, how many tokens the data have
---@field source "mask"|"uniform"|table "mask"
---@field power number a token is that of the data with the probability t^power; 0.05 to 1000 (1)

---@class fm.DiscretePath
---@field vocabulary integer
---@field states integer how many tokens x_t has: V, and one more for the mask
local DiscretePath = {}
---The probability that a token at time t is that of the data.
---@param t number|fm.Tensor
function DiscretePath:kept(t) end
---n rows of the source.
---@param n integer
---@param length integer
---@param rng fm.Rng
---@return fm.Tensor [n, length]
function DiscretePath:start(n, length, rng) end
---x_t for data x1 at t, a number or [B].
---@param x1 fm.Tensor
---@param t number|fm.Tensor
---@param rng fm.Rng
---@return fm.Tensor [B, L]
function DiscretePath:sample(x1, t, rng) end
---A path between a source and data, token by token.
---@param options fm.DiscretePathOptions
---@return fm.DiscretePath
function fm.discrete.path(options) end
---@class fm.DiscreteLossOptions
---@field path fm.DiscretePath|fm.DiscretePathOptions
---@field rng fm.Rng draws t, then x_t
---@field loss "cross_entropy"|"bound" "cross_entropy"
---@field time string|table|function of cross_entropy: how t is drawn, a sampler of fm.flow.time ("uniform")
---@field t number|fm.Tensor of cross_entropy: [B], instead of drawn ones
---@field xt fm.Tensor of cross_entropy: [B, L] at the given t, instead of drawn ones
---@field cond any goes to the model
---@field drop number the probability with which a row's condition becomes null
---@field null any the condition that stands for none: by default n + 1 for labels of a model with n classes, 0 for [B, k]

---cross_entropy: the mean of -log p(token of x1), over the tokens of x_t that are not those of x1
---yet, or over all when the source does not mask. Gat et al. 2024, equation 26. bound: what
---discrete.bits estimates, a bound on -log p(x1) / L; it draws x_t itself. Both have the same best
---model.
---@param model function|table model(xt [B, L], t [B] [, cond]) -> logits [B, L, V]
---@param x1 fm.Tensor [B, L]
---@param options fm.DiscreteLossOptions
---@return fm.Tensor one number, in nats a token
function fm.discrete.loss(model, x1, options) end
---@class fm.DiscreteInpaintOptions
---@field path fm.DiscretePath|fm.DiscretePathOptions
---@field steps integer equal steps in time, a call of the model each (64)
---@field rng fm.Rng
---@field cond any goes to the model
---@field corrector number|fun(t: number): number beta >= 0: in each step the rates forward 1 + beta times and backward beta times (0)
---@field corrections integer calls of the model after each step, in which both rates act corrector (0.5) times; the steps have no corrector then (0)

---@class fm.DiscreteSampleOptions: fm.DiscreteInpaintOptions
---@field n integer rows
---@field length integer tokens in a row

---Samples, by a Markov chain in continuous time: in each step an open token is drawn from the model
---with the probability that the path gives it, and one of a source that draws may be drawn anew.
---All tokens of a step are drawn apart: its error, which falls as 1 / steps. A corrector lets
---settled tokens open again (Gat et al. 2024); corrections mend the errors of few steps, a
---corrector within the steps mends what the model gets wrong. info: nfe, steps.
---@param model function|table
---@param options fm.DiscreteSampleOptions
---@return fm.Tensor tokens [n, length], table info
function fm.discrete.sample(model, options) end
---Samples whose tokens are those of `known` where mask is 1; the chain of discrete.sample moves the
---others. With masks it draws, for the best model, from their distribution given the known ones.
---With a source that draws, the model heeds known tokens too little early on, which corrections
---mend.
---@param model function|table
---@param known fm.Tensor tokens [B, L]; those where mask is 0 do not matter
---@param mask fm.Tensor 1 where known holds, 0 elsewhere: [B, L], or [L] for all rows
---@param options fm.DiscreteInpaintOptions
---@return fm.Tensor tokens [B, L], table info
function fm.discrete.inpaint(model, known, mask, options) end
---model(xt, t [, cond]) of a model that says what stands at a place by the other tokens: its logits
---and, on the token of x_t, log(1 + k / ((1 - k) q)) with k = t^power and q its probability in the
---source, which is what that token says itself. For sources that draw: else logits must grow
---without bound as t goes to 1, which the bound on bits asks for. With masks nothing is added.
---@param model function|table model(xt, t [, cond]) -> logits [B, L, V]
---@param options {path: fm.DiscretePath|fm.DiscretePathOptions}
---@return fun(xt: fm.Tensor, t: number|fm.Tensor, cond: any): fm.Tensor
function fm.discrete.posterior(model, options) end
---@class fm.DiscreteGuidanceOptions
---@field cond any goes to the model: labels [B], or [B, k]
---@field null any the condition that stands for none: by default n + 1 for labels [B] of a model with n classes, 0 for [B, k], else none is given
---@field scale number|function w, or a function of t: 0 is the model under null, 1 the conditional model
---@field interval number[] { a, b }: for t < a and t > b, w is 1
---@field weak function|table a weaker model, called (xt, t, cond), in place of the model under null

---model(xt, t) for discrete.sample and discrete.inpaint: a conditional model that follows its
---condition more or less closely. It gives log p_null + w (log p - log p_null), with p =
---softmax(model(xt, t, cond)), as logits. Schiff and others 2024. A token whose logit is -inf keeps
---it, except where w = 0; one that is -inf only under null is so for w < 1, and for w > 1 has the
---log p of the conditional model. A call is two calls of the model; one where w = 1 or outside of
---the interval.
---@param model function|table model(xt, t, cond) -> logits [B, L, V]
---@param options fm.DiscreteGuidanceOptions
---@return fun(xt: fm.Tensor, t: number|fm.Tensor): fm.Tensor
function fm.discrete.guidance(model, options) end
---Tokens 1 .. V, each drawn with the probability softmax(logits) gives it. No gradient goes through
---it.
---@param logits fm.Tensor [..., V]; -inf is never drawn; a row with NaN or inf, or with -inf only, is an error
---@param options {rng: fm.Rng}
---@return fm.Tensor tokens [...]
function fm.discrete.draw(logits, options) end
---@class fm.DiscreteBitsOptions
---@field path fm.DiscretePath|fm.DiscretePathOptions
---@field rng fm.Rng
---@field draws integer of x_t for each row (1)
---@field cond any goes to the model

---An upper bound, in bits, on -log2 p(tokens) / L, estimated without bias, and its standard error
---over rows (nil for one row). p is that of discrete.sample without a corrector, in the limit of
---many steps. The bound of the best model is the entropy: with masks (Shaul et al. 2024, equation
---24), and with a source whose probabilities are known, as uniform (Campbell et al. 2022,
---proposition 2). With another source it is never tight: for one token of V equally likely ones it
---is (1 - 1 / V) (ln V + 1) / ln 2.
---@param model function|table
---@param tokens fm.Tensor [B, L]
---@param options fm.DiscreteBitsOptions
---@return number bits per token, number? standard_error
function fm.discrete.bits(model, tokens, options) end

-- ---- diffusion ----

---Diffusion models, to compare a flow with: schedules, the loss of a model that predicts the noise,
---samplers. t = 1 - k/T for the index k = 1 .. T of a schedule: t = 0 is noise, t = 1 the data.
fm.diffusion = {}
---@class fm.Schedule
---@field steps integer T
---@field betas fm.Tensor [T], beta_1 first
---@field alpha_bars fm.Tensor [T], the products of 1 - beta; the noisiest last

---A schedule of noise: x_k = sqrt(abar_k) x1 + sqrt(1 - abar_k) noise. By name:
---
---  - linear{steps = 1000, beta_min = 1e-4, beta_max = 0.02, scale}: betas evenly spaced. With few
---    steps much of the data is left at the noisy end (abar_T is 0.9 for 10); scale = true
---    multiplies the betas by 1000 / steps. Ho et al. 2020
---  - cosine{steps = 1000, offset = 0.008, beta_max = 0.999}: Nichol and Dhariwal 2021
---
---Or your own betas, a list or a tensor [T]; or a file beside the script that returns them, or a
---function of its options that does. An option `schedule` takes what this takes, but makes it anew
---in each call: make one before a loop.
---@param name string|table|fm.Tensor
---@param options? table
---@return fm.Schedule
function fm.diffusion.schedule(name, options) end
---@class fm.DiffusionLossOptions
---@field schedule fm.Schedule|string|table
---@field rng fm.Rng draws the noise, then k, then which conditions drop
---@field k integer|fm.Tensor [B] in 1..T, instead of drawn indices
---@field noise fm.Tensor shaped as x1, instead of a drawn one
---@field cond any goes to the model, by row
---@field drop number the probability with which a row's condition becomes null
---@field null any as for flow.loss

---The mean square of model(x_k, 1 - k/T [, cond]) - noise, k an index for each row, all equally
---likely: the model learns the noise. Ho et al. 2020, equation 14.
---@param model function|table model(x [B, ...], t [B] [, cond]) -> the noise
---@param x1 fm.Tensor [B, ...]
---@param options fm.DiffusionLossOptions
---@return fm.Tensor one number
function fm.diffusion.loss(model, x1, options) end
---@class fm.DiffusionSampleOptions
---@field method string|table "ancestral"
---@field schedule fm.Schedule|string|table
---@field rng fm.Rng the noise of the steps; a chain that adds none does not use it
---@field draws fm.Tensor [steps, B, ...], the noise of each step instead, for a chain that adds some; the last is not used
---@field cond any goes to the model
---@field save integer|"steps" keep this many states, evenly; or every step's
---@field clip number bounds the data that the model implies to -clip .. clip, entry by entry: ddim on the cosine schedule needs it (no bound)
---@field steps integer of ddim (T) and edm_heun (18)
---@field eta number of ddim: 0 adds no noise, 1 as much as ancestral (0)
---@field path string|table of edm_heun: the path of a model that flow.loss trained, instead of a schedule
---@field predict string of edm_heun, with path: what the model predicts ("velocity")
---@field rho number of edm_heun: sigma^(1/rho) is evenly spaced (7)
---@field sigma_min number of edm_heun: the last level before 0 (0.002, or the least that the model knows)
---@field sigma_max number of edm_heun: the first (80, or the most that the model knows)
---@field churn number of edm_heun: with steps, how much noise is added on the way (0)
---@field churn_min number with churn: from this sigma on (0)
---@field churn_max number with churn: up to this sigma (no limit)
---@field churn_noise number with churn: the factor of that noise (1)

---Samples from noise, a unit normal for every method. ancestral: each index of the schedule, with
---the noise of the posterior; Ho et al. 2020, algorithm 2. ddim: `steps` of the indices, evenly
---spaced; Song, Meng and Ermon 2021. edm_heun: Heun's method in the noise level sigma, 2 steps - 1
---evaluations; Karras et al. 2022, algorithm 1 (2 with churn). It reads a model of diffusion.loss
---on its schedule (sigma = sqrt((1 - abar) / abar), and between two indices at the real k in
---between, by the logarithm of sigma), and a model of flow.loss on its path. Or a file beside the
---script: { options = defaults, chain = function(o, where) -> { times, scale, draws, step =
---function(model, x, i, draw) } }. info is that of ode.solve with fixed steps: nfe, steps, status,
---t, and with save times and states (edm_heun's are x1 + sigma noise).
---@param model function|table model(x, t [, cond]) -> the noise, or what predict says
---@param noise fm.Tensor [B, ...]
---@param options fm.DiffusionSampleOptions
---@return fm.Tensor x, fm.SolveInfo info
function fm.diffusion.sample(model, noise, options) end

-- ---- optimizers ----

---Optimizers, learning rate schedules, and the moving average of weights.
fm.optim = {}

---@class fm.Optimizer
---@field lr number|function the learning rate, or a schedule, and the only field that may be set: in a run's loop to a number, since a schedule would be lost
---@field grad_norm number|nil of all gradients together, at the last step that clipped
---@field steps_taken integer
local Optimizer = {}
---step(closure): records the closure, runs backward from the loss it returns, updates. The closure
---gets share, a function: share(x) gives the rows of x that this pass is for, which is x itself
---unless the batch is cut into shares, under mpirun or by --shares. flow.loss cuts its batch by
---itself; in a loss of your own, write share(x) for x. Then the closure runs once for each share.
---Its loss must be a mean over rows. Its other results are put together for the whole batch:
---numbers as their mean, tensors with a row for each row of the batch as all rows. step() uses the
---gradients that are there. A step changes all or nothing. A loss that is not finite is
---returned, and nothing is changed; in a run its step is the last. A finite loss with a gradient
---or an update that is not finite is an error that names step and parameter, and ends a run as
---diverged at that step; nothing is changed, and the gradients stay for you to look at (zero_grad
---forgets them). before_update(gradient) is called between the backward pass and the update,
---before the norm is measured and clipped: the gradient [count] is that of all parameters side by
---side, zeros for a parameter that has none. The step uses what before_update writes there, with
---copy, fill or gradient[i] = v: a sum over processes, noise, a mask. It runs in a scope, so
---detach what must outlive it. When it raises, nothing is changed except what it wrote into the
---gradient.
---@param closure? fun(share: fun(...): any): fm.Tensor, any
---@param options? {clip: number, before_update: fun(gradient: fm.Tensor)} clip: the largest norm of all gradients together
---@return number loss, any what else the closure returned, tensors detached
function Optimizer:step(closure, options) end
---The present gradients as one vector [count], in the order of the parameters, zeros for a
---parameter that has none. It shares their numbers: opt:step() uses what is written into it, until
---that step or until zero_grad. A parameter that had no gradient and whose part is all zeros still
---counts as one without a gradient.
---@return fm.Tensor
function Optimizer:gradient() end
---The learning rate of the next update.
---@return number
function Optimizer:rate() end
---Forgets all gradients.
function Optimizer:zero_grad() end
---name -> tensor, a copy that fm.save takes: the moments, the steps taken, and lr when it is a
---number. A number that one real cannot hold exactly is stored as several that add up to it.
---@return table<string, fm.Tensor>
function Optimizer:state() end
---Continues from a state. Its lr is used then, also in place of a schedule; a state without lr
---keeps the present one.
function Optimizer:load_state(state) end

---Kingma and Ba 2015.
---@param model fm.Module|fm.Tensor[]
---@param options? {lr: number|function, betas: number[], eps: number, weight_decay: number} lr = 1e-3, betas = { 0.9, 0.999 }, eps = 1e-8, weight_decay = 0
---@return fm.Optimizer
function fm.optim.adam(model, options) end
---Adam with the weight decay apart from the gradient. Loshchilov and Hutter 2019.
---@param model fm.Module|fm.Tensor[]
---@param options? {lr: number|function, betas: number[], eps: number, weight_decay: number} lr = 1e-3, betas = { 0.9, 0.999 }, eps = 1e-8, weight_decay = 0.01
---@return fm.Optimizer
function fm.optim.adamw(model, options) end
---Stochastic gradient descent. Sutskever et al. 2013.
---@param model fm.Module|fm.Tensor[]
---@param options? {lr: number|function, momentum: number, nesterov: boolean, weight_decay: number} lr = 1e-2, momentum = 0, nesterov = false, weight_decay = 0
---@return fm.Optimizer
function fm.optim.sgd(model, options) end
---A moving average of a model's numbers: average:update() after each step, average:swap(f) runs f
---with the averaged numbers in the model.
---@param model fm.Module|fm.Tensor[]
---@param options? {decay: number, warmup: boolean} decay = 0.999, warmup = false
---@return fm.Average
function fm.optim.ema(model, options) end
---@class fm.Average
---@field average fm.Tensor all numbers in one vector
---@field updates integer
local Average = {}
---average = decay average + (1 - decay) p; with warmup the decay grows as (1 + n) / (10 + n).
function Average:update() end
---Runs f with the averaged numbers in the model, puts the model's own numbers back, also after an
---error, and returns what f returned. Inside of it the model must not be trained, averaged, loaded
---or kept: that raises.
---@param f fun(): any
function Average:swap(f) end
---name -> tensor, a copy: the average, and the number of its updates.
---@return table<string, fm.Tensor>
function Average:state() end
---Continues from a state.
function Average:load_state(state) end
---A learning rate schedule by name, each also a name of fm.optim; or your own function of the
---steps taken, which is returned unchanged. An option `lr` takes { "name", key = value }.
---@param name string|function
---@param options? table
---@return fun(steps: integer): number
function fm.optim.schedule(name, options) end
---From lr down to floor * lr along half a cosine over `steps`, after a linear warmup. Loshchilov
---and Hutter 2017.
---@param options {steps: integer, lr: number, warmup: integer, floor: number} lr = 1e-3, warmup = 0, floor = 0
---@return function
function fm.optim.cosine(options) end
---From lr down to floor * lr along a line over `steps`, after a linear warmup.
---@param options {steps: integer, lr: number, warmup: integer, floor: number} lr = 1e-3, warmup = 0, floor = 0
---@return function
function fm.optim.linear(options) end
---Multiplies the rate by factor after every `every` steps.
---@param options? {every: integer, factor: number, lr: number, warmup: integer} every = 1000, factor = 0.1, lr = 1e-3, warmup = 0
---@return function
function fm.optim.step(options) end

-- ---- data ----

---Datasets, loaders and batches: each is a file of lua/fm/data, or a file beside the script.
---Datasets take {n, rng, noise} and return [n, 2]. Without rng each call draws different numbers:
---in a run they depend on its seed, outside of a run on the calls before.
fm.data = {}
---Batches of rows: `for x in batches` is one round; called again, it does the next round, in
---another order. With labels: x, l; with a list of tensors { a, b, ... }: x, a, b, ... Two loaders
---on one stream shuffle independently of each other. size is at most the number of rows; with
---drop_last a larger size is an error. A run that goes on finds each loader where it was, if it was
---made outside of the loops.
---@param x fm.Tensor [N, ...]
---@param size integer
---@param options? {rng: fm.Rng, shuffle: boolean, drop_last: boolean, labels: fm.Tensor|fm.Tensor[]} drop_last = false; shuffle is true with an rng
---@return function
function fm.data.batches(x, size, options) end
---Two half circles that reach into each other, like scikit-learn's make_moons.
---@param options? {n: integer, noise: number, rng: fm.Rng} n = 1000, noise = 0.05
---@return fm.Tensor [n, 2]
function fm.data.moons(options) end
---Eight Gaussians of variance 0.1 on a circle of radius 5. Tong et al. 2023.
---@param options? {n: integer, radius: number, noise: number, rng: fm.Rng} n = 1000, radius = 5, noise = 0.316, the root of 0.1
---@return fm.Tensor [n, 2]
function fm.data.eight_gaussians(options) end
---The dark squares of a 4 x 4 board on -4..4.
---@param options? {n: integer, noise: number, rng: fm.Rng} n = 1000, noise = 0
---@return fm.Tensor [n, 2]
function fm.data.checkerboard(options) end
---Two spirals of one and a half turns within -4..4. Grathwohl et al. 2019.
---@param options? {n: integer, noise: number, rng: fm.Rng} n = 1000, noise = 0.1
---@return fm.Tensor [n, 2]
function fm.data.two_spirals(options) end
---Bent arms. Johnson et al. 2016. Defaults: n = 1000, arms = 5, radial = 0.3, tangential = 0.1,
---rate = 0.25, noise = 0.
---@param options? {n: integer, arms: integer, radial: number, tangential: number, rate: number, noise: number, rng: fm.Rng}
---@return fm.Tensor [n, 2]
function fm.data.pinwheel(options) end
---A rolled sheet seen from its end, like scikit-learn's make_swiss_roll, divided by 5.
---@param options? {n: integer, noise: number, rng: fm.Rng} n = 1000, noise = 0.05
---@return fm.Tensor [n, 2]
function fm.data.swiss_roll(options) end
---A circle of radius 1 and one of `factor`, like scikit-learn's make_circles.
---@param options? {n: integer, factor: number, noise: number, rng: fm.Rng} n = 1000, factor = 0.5, noise = 0.05
---@return fm.Tensor [n, 2]
function fm.data.circles(options) end
---Four rings of radius 0.75, 1.5, 2.25 and 3. Grathwohl et al. 2019.
---@param options? {n: integer, noise: number, rng: fm.Rng} n = 1000, noise = 0.08
---@return fm.Tensor [n, 2]
function fm.data.rings(options) end
---A letter S, like scikit-learn's make_s_curve without the second axis.
---@param options? {n: integer, noise: number, rng: fm.Rng} n = 1000, noise = 0.05
---@return fm.Tensor [n, 2]
function fm.data.s_curve(options) end
---Gaussians of deviation `noise` on a circle.
---@param options? {n: integer, modes: integer, radius: number, noise: number, rng: fm.Rng} n = 1000, modes = 5, radius = 4, noise = 0.3
---@return fm.Tensor [n, 2]
function fm.data.gaussians(options) end
---32 x 32 colour pictures of one disc, square or triangle each, in -1..1, channel by channel like
---CIFAR-10.
---@param options? {n: integer, rng: fm.Rng, flat: boolean} n = 1000, flat = true
---@return fm.Tensor x [n, 3072], or [n, 3, 32, 32] with flat = false, fm.Tensor labels 1 disc, 2 square, 3 triangle
function fm.data.shapes32(options) end
---The unchanged numbers of an IDX file (MNIST: 0..255), plain or .gz; or nil and a message.
---@param path string
---@return fm.Tensor|nil, string? message
function fm.data.idx(path) end
---Pictures [N, 3072] in 0..1, or [N, 3, 32, 32] with flat = false, and labels [N] in 1..10; or nil
---and a message. Krizhevsky 2009.
---@param path string
---@param options? {flat: boolean} flat = true
---@return fm.Tensor|nil, fm.Tensor|string
function fm.data.cifar10(path, options) end
---The pictures of a folder in -1..1, [N, C * H * W], or [N, C, H, W] with flat = false, sorted by
---file name, and {channels, height, width}; or nil and a message.
---@param path string
---@param options? {flat: boolean} flat = true
---@return fm.Tensor|nil, table|string
function fm.data.png_folder(path, options) end
---MNIST: digits [N, 1, 28, 28] in -1..1, labels [N] in 1..10 and their names; or nil and a message
---that says which files are missing. They lie in datasets/mnist, or in `folder`, which may also be
---given alone: four IDX files, plain or .gz. size = 32 puts black around the pictures.
---@param options? string|{folder: string, split: "train"|"test", size: integer} split = "train"
---@return fm.Tensor|nil pictures, fm.Tensor|string labels, string[] names
function fm.data.mnist(options) end
---Fashion-MNIST: pictures of clothes, otherwise as data.mnist. The files are those that Debian's
---package dataset-fashion-mnist installs, or lie in datasets/fashion-mnist or in `folder`. Xiao,
---Rasul, Vollgraf 2017.
---@param options? string|{folder: string, split: "train"|"test", size: integer} split = "train"
---@return fm.Tensor|nil pictures, fm.Tensor|string labels, string[] names
function fm.data.fashion_mnist(options) end
---Pictures of 32 x 32 with labels in 1..K, those to train with first, then those held out, and the
---names of the K classes; or nil and a message that says what is missing. The name is that of a
---dataset, also of your own, that takes {folder, split, size} and returns pictures, labels and
---names, as "mnist" and "fashion_mnist" do, or "shapes32": 5,000 pictures to train with that rng
---draws, and those held out. The files lie in `folder` or, when it is "" or absent, in their usual
---place. With split = "train" the test pictures are held out, at least `held_out` (1,000) of them;
---with "test", for which one needs no others, the last `held_out` of them.
---@param options {name: string, folder: string, split: "train"|"test", held_out: integer, rng: fm.Rng} folder = "", split = "train", held_out = 1000
---@return fm.Tensor|nil pictures [N, C, 32, 32] in -1..1, fm.Tensor|string labels, fm.Tensor held_out, fm.Tensor held_out_labels, string[] names
function fm.data.labelled_pictures(options) end
---The same pictures, each changed by chance: flip mirrors it, left and right, with probability 1/2;
---shift = k moves it by -k..k whole pixels down and across, and repeats the pixels of the edge
---where nothing moves in. The draws depend on the stream and its step: with a stream of run.rng a
---run that goes on from a checkpoint draws the same.
---@param x fm.Tensor [N, C, H, W]
---@param options? {flip: boolean, shift: integer, rng: fm.Rng} flip = false, shift = 0
---@return fm.Tensor
function fm.data.augment(x, options) end
---@class fm.CsvOptions
---@field columns (string|integer)[]|string|integer the columns of numbers, by name or number; else all that are no categories
---@field categories table|string|integer columns of texts, by name or number: { "species", sex = { "female", "male" } } says the classes of sex
---@field header boolean whether the first line gives the names; by default it does when none of its fields is a number
---@field missing "refuse"|"skip" what happens to lines in which a chosen column has no value ("refuse")

---@class fm.CsvClasses
---@field labels fm.Tensor [N] whole numbers from 1
---@field names string[] of the classes, in the order of their bytes or as given

---Numbers [N, D] of a file of comma separated values, the names of the D columns, the classes of
---each category by its name, and the numbers of the lines that were left out; or nil and a message.
---The names of columns are those in the first line, or "1", "2", ... when that line holds a number.
---A missing value (an empty field, NA, N/A, NaN, null, ?), infinity and a text in a column of
---numbers are refused with the line, the column, what was expected and what was found. Two columns
---of one name are refused unless columns chooses them by number. Empty lines at the end are
---skipped.
---@param path string
---@param options? fm.CsvOptions
---@return fm.Tensor|nil, string[]|string, table<string, fm.CsvClasses>?, integer[]?
function fm.data.csv(path, options) end
---The tensor of an .npy file, or nil and a message.
---@param path string
---@return fm.Tensor|nil, string? message
function fm.data.npy(path) end
---Vectors [N, D] and a list of N words from GloVe or word2vec text; or nil and a message.
---@param path string
---@return fm.Tensor|nil, string[]|string
function fm.data.vectors(path) end
---A list of words in lower case, and a list of sentences (one a line); or nil and a message.
---@param path string
---@return string[]|nil, string[][]|string
function fm.data.text(path) end
---The characters of a text as whole numbers [n] in 1..V, and the list of V names: a character is a
---code point of UTF-8, and names are in their order. With `vocabulary`, such a list, numbers are
---those of the list, and a character that it does not have is refused with its line and column. A
---string with a line break is the text itself; else it names a file when there is one, has a / or
---ends as files do (.txt), and is a text otherwise. Or nil and a message. The text of numbers is
---that of their names.
---@param text string a path or a text
---@param options? {vocabulary: string[]}
---@return fm.Tensor|nil, string[]|string
function fm.data.characters(text, options) end
---The bytes of a file, or of a text as in data.characters, as whole numbers [n] in 1..256: each is
---one more than its byte. Or nil and a message.
---@param text string a path or a text
---@return fm.Tensor|nil, string? message
function fm.data.bytes(text) end
---Batches [size, length] of stretches of ids [n], size 32: `for x in windows` is one round; called
---again, it does the next. With rng the windows of a round lie side by side from a random start, in
---random order; without, in order from the first id. A round leaves out what remains at the ends:
---fewer than 2 * length ids, without rng fewer than length. Its last batch may be smaller, unless
---drop_last. A run that goes on finds its place, as with data.batches.
---@param ids fm.Tensor [n]
---@param length integer
---@param options? {size: integer, rng: fm.Rng, drop_last: boolean} size = 32, drop_last = false
---@return function
function fm.data.windows(ids, length, options) end
---Positive pointwise mutual information [V, V] of words near each other, and the V words. Levy and
---Goldberg 2014.
---@param sentences string[][]
---@param options? {window: integer, least: integer} window = 3, least = 2
---@return fm.Tensor, string[]
function fm.data.cooccurrence(sentences, options) end

-- ---- a network of metrics.features ----

---What metrics.features returns: called with pictures it gives features [N, F].
---@class fm.PictureFeatures
---@field features integer F
---@field classes string[] the names of the classes
---@field accuracy number the share of held-out real pictures that it reads right
---@field held_out integer how many there were
local PictureFeatures = {}
---The class that it reads in each picture, 1-based: [N].
---@param x fm.Tensor
---@return fm.Tensor
function PictureFeatures:labels(x) end

-- ---- metrics of two samples a [n, ...] and b [m, ...] ----

---Measures of samples, rows first: a [n, ...] and b [m, ...] with rows of one shape, which count as
---vectors of D numbers. Each returns a number or several, and has a floor(a, b, options): the same
---between two true samples, which is what a perfect model would measure. With draws = n in the
---options, floor gives the mean of each number over n draws and then the deviation of each: a draw
---deals the rows of both samples anew. metrics.interval says how far a value can be trusted.
fm.metrics = {}
---The mean distance |a - b| over the best one-to-one matching; n = m. Raises when a row is not
---finite.
---@return number
function fm.metrics.wasserstein1(a, b) end
---The root of the mean squared distance over the best one-to-one matching; n = m. Raises when a row
---is not finite.
---@return number
function fm.metrics.wasserstein2(a, b) end
---W2 of the samples seen along directions, root of the mean of squares; n = m. Bonneel et al. 2015.
---@param options? {projections: integer, rng: fm.Rng, directions: fm.Tensor} projections = 100; or directions [D, k], unit columns
---@return number
function fm.metrics.sliced_wasserstein2(a, b, options) end
---Squared maximum mean discrepancy with a sum of kernels exp(-|a - b|^2 / 2 s^2), one for each s
---of bandwidths = { 0.5, 1, 2 }. Gretton et al. 2012. unbiased leaves out the pairs of a row with
---itself.
---@param options? {bandwidths: number[], unbiased: boolean} unbiased = false
---@return number
function fm.metrics.mmd(a, b, options) end
---2 E|a - b| - E|a - a'| - E|b - b'| over all pairs. Szekely and Rizzo 2013.
---@return number
function fm.metrics.energy_distance(a, b) end
---|m - m'|^2 + tr(A + B - 2 (A B)^1/2) of means and covariances (n - 1). Heusel et al. 2017.
---@return number
function fm.metrics.frechet_distance(a, b) end
---The unbiased squared MMD with the kernel (a . b / D + 1)^3. Binkowski et al. 2018.
---@return number
function fm.metrics.kid(a, b) end
---Precision: the share of fake rows that lie in a ball around a real row. Recall: the share of real
---rows that lie in a ball around a fake row. A ball reaches to the k-th nearest other row of its
---sample (k = 3), rim included; a row that repeats is its own neighbour at distance 0. Kynkaanniemi
---et al. 2019. Raises when a row is not finite.
---@param fake fm.Tensor
---@param real fm.Tensor
---@param options? {k: integer}
---@return number precision, number recall
function fm.metrics.precision_recall(fake, real, options) end
---Density: the mean number of balls around real rows that hold a fake row, divided by k (near 1 for
---equal distributions, and it may be larger). Coverage: the share of these balls that hold a fake
---row. A ball reaches to the k-th nearest other real row (k = 5), rim included. Naeem et al. 2020.
---Raises when a row is not finite.
---@param fake fm.Tensor
---@param real fm.Tensor
---@param options? {k: integer}
---@return number density, number coverage
function fm.metrics.density_coverage(fake, real, options) end
---The share of centres [K, ...] that are hit, the entropy of the hits in nats (at most log K), and
---the hits of each centre. A row of x hits its nearest centre when that is no further than the
---radius; without a hit the numbers are 0, 0. The radius may also be given as { radius = r }. The
---floor measures a true sample: floor(truth, centres, radius), or with { radius = r, draws = n }
---over draws of its rows with replacement. Raises when a row is not finite.
---@param x fm.Tensor
---@param centres fm.Tensor
---@param radius number|{radius: number}
---@return number share, number entropy, fm.Tensor hits [K]
function fm.metrics.mode_coverage(x, centres, radius) end
---The classifier two-sample test: the accuracy with which a network tells rows of a from rows of b
---that it was not trained on. 0.5 for equal distributions, 1 for samples that do not overlap.
---Lopez-Paz and Oquab 2017. Each of 5 folds is held out once. The network: rows scaled by the mean
---and deviation of the training rows, hidden layers of 64 and 64 SiLU units, 1000 steps of Adam at
---a rate that falls from 0.02 to 0 along a cosine, batches of 128 rows of each sample. The result
---is the mean of the accuracies on a and on b, so n and m may differ. It depends on the stream
---alone, fm.rng(0, "c2st") by default. Rows that lie in both samples, or twice in one, distort it.
---Defaults: folds = 5, hidden = { 64, 64 }, steps = 1000, batch = 256, lr = 0.02.
---@param options? {rng: fm.Rng, folds: integer, hidden: integer[], steps: integer, batch: integer, lr: number}
---@return number accuracy
function fm.metrics.c2st(a, b, options) end
---How many of the L draws of each row lie below the truth, in each number: 0..L. When every truth
---and its draws are from the same distribution, all L + 1 ranks are equally likely:
---simulation-based calibration, Talts et al. 2018. plot.rank_histogram shows it. A draw that equals
---the truth is not below it. Raises when a row is not finite.
---@param draws fm.Tensor [n, L, D]
---@param truth fm.Tensor [n, D]
---@return fm.Tensor [n, D]
function fm.metrics.ranks(draws, truth) end
---How often the truth lies in the central interval of its draws that should hold it with
---probability level (0.9): over all of the ranks [n, D] of metrics.ranks among so many draws, and
---for each number [D]. A rank at the edge of the interval counts in part, so the mean of a
---calibrated posterior is the level for any number of draws.
---@param ranks fm.Tensor
---@param draws integer
---@param options? {level: number} level = 0.9
---@return number share, fm.Tensor shares
function fm.metrics.coverage(ranks, draws, options) end
---Where a metric lies between samples of these sizes: its bootstrap over rows (Efron 1979). Each
---of 200 draws takes n rows of a and m rows of b with replacement; low and high are quantiles of
---the metric over the draws, (1 - level) / 2 and (1 + level) / 2. Rows that repeat move many
---metrics (a Wasserstein distance grows), so the draws are moved as a whole until their mean is
---the metric of a and b, and cut to values that the metric can have. A metric of several numbers
---gives low, high for each in order. The metric: a name, { "name", option = value }, one of
---fm.metrics, or a function of (a, b) that returns numbers; without b, of a alone. The default
---stream is fm.rng(0, "interval").
---@param metric string|table|function
---@param b? fm.Tensor
---@param options? {draws: integer, level: number, rng: fm.Rng} draws = 200, level = 0.95
---@return number low, number high, number ...
function fm.metrics.interval(metric, a, b, options) end
---For each row of x [n, ...] the nearest row of data [m, ...] by Euclidean distance: its index [n],
---1-based, and the distance [n]. Of equally near rows the first counts. Estimates by blocks of
---matrix products only decide which pairs are measured, so the result is exact; the memory for it
---is a few MB. Raises when a row is not finite.
---@param x fm.Tensor
---@param data fm.Tensor
---@return fm.Tensor index, fm.Tensor distance
function fm.metrics.nearest(x, data) end
---Whether a model repeats the points of its training: are its samples nearer to them than true
---points that it never saw? share: how often the nearest training point of a sample is nearer than
---that of a held-out point, over all pairs, equal ones counting half. ratio: the median of the
---samples' distances over that of the held-out points'. A perfect model has 1/2 and 1, one that
---copies 1 and 0; noise has a share near 0. floor(other true points, train, held_out) is the same
---of a perfect model; an interval draws rows of the samples alone. Meehan, Chaudhuri, Dasgupta
---2020.
---@param samples fm.Tensor [n, ...]
---@param train fm.Tensor [m, ...]
---@param held_out fm.Tensor|{held_out: fm.Tensor} [k, ...]
---@return number share, number ratio
function fm.metrics.memorisation(samples, train, held_out) end
---A small network that reads pictures, with its weights, as a function of pictures that gives the
---features [N, F] that its last layer sees: for frechet_distance, kid, precision_recall and others.
---The name: "mnist" or "fashion_mnist", which belong to fm, or the path of the
---classifier.safetensors that experiments/picture_classifier.lua left in a run's folder. Pictures
---[N, C, H, W], or rows of as many numbers, in the range -1..1 if no other is given; numbers beyond
---it count as its ends. Pictures up to 4 pixels smaller than those of the training get a black
---frame. Nothing is recorded on a tape. The same bytes for any number of threads.
---@param name string
---@param options? {range: number[]} range = { -1, 1 }: { low, high } of the pictures
---@return fm.PictureFeatures
function fm.metrics.features(name, options) end
---The share of pictures that a network of metrics.features (or its name) reads as their label
---1..K, and that share of each class [K], nan for a class that has none. Real pictures, and samples
---of a perfect model, reach network.accuracy.
---@param x fm.Tensor pictures, as metrics.features takes them
---@param labels fm.Tensor [N]
---@param network fm.PictureFeatures|string
---@return number share, fm.Tensor shares [K]
function fm.metrics.class_accuracy(x, labels, network) end
---How far fake pictures are from real ones in the features of a network, as a table of numbers for
---run:summary. n: the rows of each sample, all of fake, or half of real when that is fewer, drawn
---by a fixed stream. frechet_distance, kid, precision, recall, each with _floor and
---_floor_deviation: the same between n and n other real pictures, mean and deviation over 10 draws.
---With labels of the fake pictures also class_accuracy of all of them, and class_accuracy_floor,
---which the network reaches on real pictures that it was not trained on. name = "%s_guided" or
---"guided_%s" tells samples apart: it renames what is measured of the fake pictures.
---@param fake fm.Tensor pictures, as metrics.features takes them
---@param real fm.Tensor
---@param options {features: fm.PictureFeatures|string, labels: fm.Tensor, draws: integer, name: string} draws = 10, name = "%s"
---@return table<string, number>
function fm.metrics.picture_quality(fake, real, options) end
---The cheapest assignment of a cost matrix [n, n]: the 1-based column of each row. Exact to
---rounding, by shortest augmenting paths (Jonker and Volgenant 1987) from the prices of a sample.
---Fastest when many rows are alike, such as distances between points. Raises when a cost is not
---finite.
---@return fm.Tensor
function fm.metrics.assignment(cost) end
---Rows of x [n, ...] in the first k principal components [n, k], the components [D, k], the mean
---[D].
---@return fm.Tensor, fm.Tensor, fm.Tensor
function fm.metrics.pca(x, k) end

-- ---- plots ----

---Pictures: each is a file of lua/fm/plot, or a file beside the script.
fm.plot = {}

---@class fm.Picture
local Picture = {}
---Draws it into a .png or .svg file. True, or nil and a message.
---@param path string
---@return true|nil, string? message
function Picture:save(path) end

---What every plot takes; an empty text shows nothing.
---@class fm.PictureOptions
---@field title string above it; of a quiver "velocity at t = ..." by default
---@field xlabel string below it; "x1" by default where points are shown, "step" over values at 1, 2, 3 ...
---@field ylabel string at its left; "x2" by default where points are shown, the name of a single curve

---Samples [n, 2] over the truth, both axes on the same scale. labels: words at the first points of
---x, or at the points `at`; each stands where it meets no other word, and words without room are
---counted. names: { samples, reference } in the legend.
---@param options? fm.PictureOptions|{reference: fm.Tensor, labels: (string|number)[]|fm.Tensor, names: string[], limits: number[], size: integer} size = 480
---@return fm.Picture
function fm.plot.scatter(x, options) end
---A heat map of points [n, 2], of a function of points, or of a grid [rows, columns]. label: what
---its scale shows.
---@param options? fm.PictureOptions|{limits: number[], label: string, cells: integer, size: integer} size = 440
---@return fm.Picture
function fm.plot.density(what, options) end
---Heat maps side by side on one scale: a list of what density takes, and limits for all.
---difference: after them, how each differs from the first (red more, blue less), with its own
---scale; a text instead of true is the title of the last. Defaults: difference = false, size = 320.
---@param options fm.PictureOptions|{limits: number[], titles: string[], difference: boolean|string, label: string, cells: integer, size: integer}
---@return fm.Picture
function fm.plot.densities(list, options) end
---One line per sample from its start to its end: states [T, B, 2].
---@param options? fm.PictureOptions|{limits: number[], size: integer} size = 480
---@return fm.Picture
function fm.plot.trajectories(states, options) end
---@class fm.SurfaceOptions
---@field reference fm.Tensor points for comparison: gray below the points, orange over a heat map
---@field names string[] { samples, reference } in the legend
---@field label string what the scale of a heat map shows
---@field range number[] { low, high }: the ends of that scale
---@field cells integer of a heat map, along the picture
---@field size integer the panel's width

---Points [n, 3] of the sphere, or a heat map of a function of them, on a map with equal areas
---(Mollweide's) and lines every 30 degrees. Directions count: (1, 0, 0) has longitude and latitude
---0, (0, 1, 0) has longitude 90, (0, 0, 1) is the north pole. middle: the longitude in the middle
---of the map, in degrees (0). The legend counts points without a direction, as without a place,
---and cells of a heat map whose value is not finite.
---@param what fm.Tensor|function
---@param options? fm.PictureOptions|fm.SurfaceOptions|{middle: number} middle = 0, cells = 160, size = 560
---@return fm.Picture
function fm.plot.globe(what, options) end
---Pairs of angles [n, 2] in radians, or a heat map of a function of them, on the square from -pi to
---pi, whose opposite sides are the same. Other angles are shown within.
---@param what fm.Tensor|function
---@param options? fm.PictureOptions|fm.SurfaceOptions cells = 120, size = 480
---@return fm.Picture
function fm.plot.torus(what, options) end
---@class fm.FilmstripOptions
---@field titles string[] of the panels; "t = 0.00" .. "t = 1.00" when not given
---@field reference fm.Tensor [n, 2] below each panel's points
---@field names string[] { samples, reference } in the legend
---@field limits number[] { x0, x1, y0, y1 }
---@field columns integer 6
---@field size integer a panel's longer side (170)
---@field classes fm.Tensor [B] labels from 1: each point has the color of its label

---One small scatter per time, all on the same scale: states [T, B, 2]. With a reference below
---them, a legend shows names. With classes, the points have the colors of their labels.
---@param options? fm.PictureOptions|fm.FilmstripOptions
---@return fm.Picture
function fm.plot.filmstrip(states, options) end
---@class fm.RankHistogramOptions
---@field bins integer a divisor of draws + 1, by default the one nearest to 20
---@field level number 0.95
---@field names string[] of the D numbers
---@field columns integer panels side by side (5)
---@field size integer a panel's width (150)

---A histogram of the ranks [n, D] of metrics.ranks among so many draws, for each number: bars over
---their expected height 1, and behind them the band in which a bar lies with probability level when
---all ranks are equally likely. Bars beyond it have another color. A slope is a bias, a hill in the
---middle a posterior that is too wide, a valley one that is too narrow. Talts et al. 2018.
---@param ranks fm.Tensor
---@param draws integer
---@param options? fm.PictureOptions|fm.RankHistogramOptions xlabel = "rank of the truth among the draws", ylabel = "share / expected"
---@return fm.Picture
function fm.plot.rank_histogram(ranks, draws, options) end
---A velocity field as arrows: quiver(field, options), or quiver(x [n, 2], u [n, 2], options). For
---a field the title shows its time.
---@param options? fm.PictureOptions|{limits: number[], t: number, arrows: integer, points: fm.Tensor, size: integer} t = 0, arrows = 20, size = 480
---@return fm.Picture
function fm.plot.quiver(field, options) end
---@class fm.ImageGridOptions
---@field labels (string|number)[]|fm.Tensor below each image, such as its class, in up to two lines as wide as the image
---@field channels integer 1 by default
---@field height integer that of a square by default
---@field width integer that of a square by default
---@field columns integer near the square root of the number of images by default
---@field range number[] what is black and what is white; {0, 1} by default
---@field scale integer pixels of the picture for a pixel of an image

---Images side by side: x [N, C * H * W] or [N, C, H, W].
---@param options? fm.PictureOptions|fm.ImageGridOptions
---@return fm.Picture
function fm.plot.image_grid(x, options) end
---Lines or points over axes: { loss = {..} }, or a list of { name, x, y, points, joined, faint,
---labels }. points: only points; joined: points and a line; faint: paler; labels: a text beside
---each point where there is room. xlabel is "step" by default when values stand at 1, 2, 3 ...,
---ylabel the name of a single series. Defaults: width = 560, height = 340, of a series points =
---false, joined = false, faint = false.
---@param options? fm.PictureOptions|{log: "x"|"y"|"xy", limits: number[], width: integer, height: integer}
---@return fm.Picture
function fm.plot.curve(series, options) end

-- ---- experiments ----

---Iterators that a run passes over when it goes on from a checkpoint.
fm.skip = {}
---Says that pass(n) has the same effect on the iterator as n calls of it, so that a run that goes
---on can pass over n values at once. place, with get() -> a list of whole numbers and set(list),
---tells where the iterator is. Returns the iterator.
---@param iterator function
---@param pass fun(n: integer)
---@param place? {get: function, set: function}
---@return function
function fm.skip.declare(iterator, pass, place) end
---A published protocol and its numbers, the field `card` of an experiment: `fmrun card` runs every
---row with every seed and prints published beside measured.
---@class fm.Card
---@field title string
---@field source string where the numbers were published
---@field seeds integer seeds 1 .. seeds are run of each row
---@field data fun(rng: fm.Rng): fm.Tensor, ... a fixed draw of the data: its digest is printed
---@field protocol string[][] { name, text }: metric, solver, evaluations, batch, reference set, what the published error bar is of
---@field results table[] { name in the run's summary, what it is, floor = name of its floor, better = "lower" (default) or "higher" }
---@field rows table[] { name, { parameters }, result = { value, error } or { value }, because = why it is not reproduced, when that is known }

---An experiment as data, returned by its script: name, params (key = default, or { default, "help",
---min, max, choices }), presets (name = { key = value }, chosen by preset=name), run(run, p), and a
---card (fm.Card) when it follows a published protocol.
---@param description {name: string, params: table, presets: table<string, table>, help: string, run: fun(run: fm.Run, p: table), card: fm.Card}
function fm.experiment(description) end

---What run.json says of a run that fm.runs found: see `fmrun help records`.
---@class fm.RunRecord
---@field name string
---@field path string its folder
---@field experiment string
---@field status string "done", "running", "failed", "diverged", "killed", "lost" or "damaged"
---@field seed integer
---@field config table the parameters
---@field summary table the results
---@field seconds number on the clock
---@field steps integer
---@field versions table

---The runs in a folder of runs, sweeps included, the oldest first; or nil and a message. With the
---name of an experiment, its runs alone. For tables over runs that `fmrun compare` does not make.
---@param folder string
---@param experiment? string
---@return fm.RunRecord[]|nil, string|nil
function fm.runs(folder, experiment) end
---The mean of a result over seeds: mean, deviation (standard, n - 1), half (of the mean's 95 %
---interval, by Student's t), n (numbers that are finite; others are left out), text (the mean and
---half, as in "0.139 ± 0.012"). deviation and half are nil for one number, mean and text for none.
---@param values number[]
---@return {mean: number|nil, deviation: number|nil, half: number|nil, n: integer, text: string|nil}
function fm.mean_over_seeds(values) end

---A run, as its experiment sees it. Other names are errors, and no field can be set, because a run
---that goes on would not have it. p, the second argument of an experiment, has no undeclared
---parameters either; p and run.config are read-only (pairs walks them, next does not).
---@class fm.Run
---@field seed integer
---@field rng fm.Rng follows the steps
---@field step integer
---@field name string of the experiment
---@field config table the parameters, as recorded
---@field rank integer of this process under mpirun: 0 for the one that writes, and without mpirun
---@field processes integer how many train this run together: 1 without mpirun
local Run = {}
---`for step, x1 in run:steps(n, batches) do`: each step moves the clock of run.rng. A second loop
---continues the count. A run that goes on passes over the steps before its checkpoint. A loop that
---a `break` ended ends there again, so leave a loop by `break` or stop_when, not by a return
---inside it.
---@param n integer
---@param batches? function an iterator that begins anew after its end; called once a step
---@return function iterator
function Run:steps(n, batches) end
---One line of metrics.jsonl, with the step; so no value can be called "step". A loss (a name with
---"loss" in it) that is not finite ends the run as diverged. A loss above ten times its running
---median is a spike: run.json counts them, and `fmrun show` tells them (see stop_when).
---@param values table<string, number|string|boolean|fm.Tensor>
function Run:log(values) end
---What rank 0 has for the value, in all processes of a run under mpirun; elsewhere the value
---itself. For decisions that depend on the clock, on chance or on the machine, which must be the
---same for all: `if run:agreed(os.time() > limit) then ...`. All processes must call it.
---@param value number|string|boolean|nil
---@return number|string|boolean|nil
function Run:agreed(value) end
---Results of the whole run, by name; several calls add up.
---@param values table<string, number|string|boolean|fm.Tensor>
function Run:summary(values) end
---What a checkpoint holds, by name: objects with state() (models, optimizers, averages), tensors,
---random streams with their own clock, and tables of numbers, strings, booleans, tensors and such
---tables. When the run goes on, all of it is put back into the same objects, as it was at the step
---of the checkpoint. Anything else that the script counts is lost then. For a model, fields of its
---layers are kept too when they are numbers, strings, booleans or tables of them, for example its
---mode. Call it before the loop.
---@param parts table<string, table|fm.Tensor|fm.Rng>
function Run:keeps(parts) end
---When checkpoints are written: every `every` steps (0: never by steps), and every `seconds`
---seconds (0: never by time). keep_last keeps that many of those by step as checkpoint-step-N;
---`best` keeps the one with the lowest value of a logged metric, or with mode = "max" the highest,
---as checkpoint-best. The command line overrides these.
---@param options {every: integer, seconds: number, keep_last: integer, best: string, mode: "min"|"max"} every = 0, seconds = 60, keep_last = 0, mode = "min"
function Run:checkpoints(options) end
---Early stopping: the loop ends after `patience` logs in a row of the metric that were not better
---than its best by more than min_delta; lower is better, or with mode = "max" higher. With `spike`,
---the loop ends at a logged loss (or at `metric`) above this many times its running median: that of
---its last 101 values, none before there are 20, and none while one of them is 0 or below.
---Defaults: patience = 10, mode = "min", min_delta = 0.
---@param options {metric: string, patience: integer, mode: "min"|"max", min_delta: number}|{spike: number, metric?: string}
function Run:stop_when(options) end
---What metrics cannot fall below, by name; a number alone is the floor of the loss: see
---flow.loss_floor. The progress line shows how far the mean of the last values is above it, `fmrun
---show` and the report draw it, and run.json has it as "floors". `run:floor(flow.loss_floor(x))`
---tells the standard error too ("floor_errors"). Call it before the loop.
---@param values number|fm.Tensor|table<string, number|fm.Tensor>
---@param info? fm.LossFloorInfo of one floor
function Run:floor(values, info) end
---@class fm.CurveOptions
---@field x number[]|fm.Tensor
---@field y number[]|fm.Tensor as many; nan and inf are gaps in pictures
---@field xlabel? string what x is ("x")
---@field ylabel? string what y is (the curve's name)
---@field floor? number|fm.Tensor what y cannot fall below
---@field log? "x"|"y"|"xy" the axes that pictures draw as logarithms

---A curve of results: a result against what it costs, for example the quality of samples against
---the evaluations of the model. Saved as NAME.csv, with the names of the axes in its first line.
---`fmrun show` tells it, a run's page draws it, and the page of a sweep draws those of all arms in
---one picture: means over seeds, with their deviation, above the floor. Returns its path.
---@param name string
---@param curve fm.CurveOptions
---@return string
function Run:curve(name, curve) end
---@class fm.TableOptions
---@field columns string[] their names
---@field rows (string|number|fm.Tensor)[][] cells by row; a missing one is empty
---@field title? string
---@field notes? string|string[] what stands below it

---A table of results. Saved as NAME.csv, with the names of the columns in its first line; `fmrun
---show` prints it, and the run's page has it. A run that goes on says its tables again. Returns its
---path.
---@param name string
---@param what fm.TableOptions
---@return string
function Run:table(name, what) end
---@class fm.ParetoOptions
---@field field? function|fm.Module the velocity: solves of it by every method of ode.solve are tried
---@field x0? fm.Tensor|fun(): fm.Tensor where they begin: the same for all settings
---@field manifold? fm.Manifold the solves stay on it
---@field sample? fun(n: integer, method: string): fm.Tensor, integer|table instead of field and x0: samples in n steps, and their evaluations or an info
---@field methods? string[] the methods of sample ({ "steps" })
---@field metric fun(x: fm.Tensor): number|fm.Tensor of samples: less is better; the same number for the same x
---@field floor? number|fm.Tensor|fun(): number, number? what two samples of the data measure, and the deviation of it
---@field name? string what the metric is ("quality")

---What `fmrun pareto RUN` measures of this run: a metric of samples against the evaluations of the
---model that they cost, for every solver, number of steps and tolerance. Say it once, after the
---training. In the run itself it is a note in run.json. The command calls the script again from the
---run's last checkpoint: its loops have nothing left to do, and this call tries the settings and
---ends the script. Functions (x0, floor) are called only then.
---@param what fm.ParetoOptions
function Run:pareto(what) end
---A validation: what f(rng) returns, with tensors of one number as numbers. The stream gives the
---same draws in every call, so two values differ only because of the model. No other stream is
---disturbed, nothing is recorded, and the model, if given, is in eval mode meanwhile.
---@param f fun(rng: fm.Rng): any
---@param model? fm.Module
---@return any
function Run:validation(f, model) end
---Saves a picture as NAME.png, or in the format of the name's ending. Returns its path. The names
---of the run's own files cannot be used (config.json, checkpoint*, log.txt, ...); inside a
---subfolder any name is free: "frames/config.json".
---@param name string
---@param picture fm.Picture
---@return string
function Run:picture(name, picture) end
---Saves a value in the format of the name's ending: a tensor as .npy or .png, a model or tensors by
---name as .safetensors, a text as .txt or .csv; .json takes numbers, texts and tables of them. A
---name without an ending gets .safetensors. Returns its path.
---@param name string
---@param value any
---@return string
function Run:save(name, value) end
---The path of a file in the run's folder. What the script itself writes there before a later loop,
---without save or picture, is written again when the run goes on. It is synced to disk before the
---run is called done. `fmrun rm` removes it with the run.
---@param name string
---@return string
function Run:path(name) end
---Text for a person: stdout and log.txt. print does this while the run lasts.
function Run:print(...) end
---Writes the lines so far into their files; this also happens every second.
function Run:flush() end

-- ---- files ----

---name -> tensor into a safetensors file. True, or nil and a message.
---@param path string
---@param tensors table<string, fm.Tensor>
---@param metadata? table<string, string>
---@return true|nil, string? message
function fm.save(path, tensors, metadata) end
---The tensors of a safetensors file by name, and its metadata; or nil and a message.
---@return table|nil tensors, table|string metadata or the message
function fm.load(path) end
---Files of one kind each. Every load and save gives nil and a message ("PATH: FORMAT: byte N:
---problem") when the file is at fault. All numbers become float (in fmrun64 double): fractions are
---rounded, a whole number that a float cannot hold (most of those beyond 2^24) is an error.
---npy.load(path) -> tensor; npy.save(path, tensor).
fm.npy = {}
---png.load(path) -> [H, W, C] in 0..1, C 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha;
---png.save(path, [H, W] or [H, W, C]).
fm.png = {}
---idx.load(path) -> the numbers, unchanged, from a plain or .gz file.
fm.idx = {}
---cifar10.load(path) -> images [N, 3072] in 0..1 (planes red, green, blue), labels [N] 1..10.
fm.cifar10 = {}
---vectors.load(path) -> vectors [N, D], list of N words; GloVe or word2vec text.
fm.vectors = {}
---encode(value [, {indent = n}]) -> text, keys sorted, nan and inf as strings; decode(text) ->
---value, or nil and "line n col m: problem". json.null stands for null; json.array(t) marks an
---empty table as a list.
fm.json = {}
---read(path [, most bytes]) -> text of a regular file; write(path, text) replaces a file in one
---step, append(path, text), sync(path), cut(path, bytes) shortens a file, has_room(folder, bytes)
---tells whether the disk has room for so many bytes, on_read(f) calls f(path) before a loader
---reads, mkdir_new(path) -> true | nil, message, "exists" or nil; hash(text), hash_file(path [,
---most bytes]) -> 16 hexadecimal digits (XXH3).
fm.file = {}

return fm
