---@meta fm
-- The types and the help of fm, in LuaCATS: editors complete from it. Nothing loads this file. Every op is a function of fm and a
-- method of tensors; options come last in one table, the first may be positional. Axes, rows and labels are 1-based, negative from the end.

---@class fm
---@field version string
---@field real "float"|"double" the number type of this binary
local fm = {}

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
---@return fm.Tensor of the shape given as sizes or one table
function fm.zeros(...) end
---@return fm.Tensor
function fm.ones(...) end
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
---@return fm.Tensor [n, n] with ones on the diagonal
function fm.eye(n) end
---A leaf that collects a gradient: a copy of the tensor.
---@param tensor fm.Tensor
---@return fm.Tensor
function fm.parameter(tensor) end
---@return boolean
function fm.is_tensor(v) end
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

---@return integer[]
function Tensor:shape() end
---@param axis integer
---@return integer
function Tensor:size(axis) end
---@return integer
function Tensor:rank() end
---@return integer
function Tensor:count() end
---@return number of a tensor with one number
function Tensor:item() end
---@return table nested as the shape
function Tensor:totable() end
---@return fm.Tensor with its own numbers
function Tensor:clone() end
---The same numbers outside of every tape; they outlive the tape that made them.
---@return fm.Tensor
function Tensor:detach() end
---@return fm.Tensor itself, every number v
function Tensor:fill(v) end
---@return fm.Tensor itself, with the numbers of src
function Tensor:copy(src) end

-- ---- gradients ----

---@return fm.Tensor|nil
function Tensor:grad() end
function Tensor:zero_grad() end
---Adds gradients of this loss to its parameters; grad_out is needed unless it is one number.
---@param grad_out? fm.Tensor
function Tensor:backward(grad_out) end
---@return boolean
function Tensor:is_parameter() end
---What depends on a parameter is recorded until it closes: `local tape <close> = fm.record()`.
function fm.record() end
---Nothing is recorded, and what is made inside goes back to the pool at the end: `local scope <close> = fm.scope()`.
function fm.scope() end
---An op from Lua: forward(...) -> y, saved; backward(saved, dy) -> dx, ...
---@param f {forward: function, backward: function}
---@return fun(...: fm.Tensor): fm.Tensor
function fm.custom(f) end
---Gradients by the tape against central differences: true, or nil and a message naming the worst entry.
---@param f fun(...: fm.Tensor): fm.Tensor
---@param inputs fm.Tensor[]
---@param options? {eps: number, tolerance: number}
function fm.gradcheck(f, inputs, options) end

-- ---- ops: elementwise, with NumPy broadcasting ----

function Tensor:add(b) end
function Tensor:sub(b) end
function Tensor:mul(b) end
function Tensor:div(b) end
function Tensor:maximum(b) end
function Tensor:minimum(b) end
function Tensor:neg() end
function Tensor:exp() end
function Tensor:log() end
function Tensor:sqrt() end
function Tensor:rsqrt() end
function Tensor:reciprocal() end
function Tensor:sin() end
function Tensor:cos() end
function Tensor:tanh() end
function Tensor:sigmoid() end
function Tensor:relu() end
function Tensor:silu() end
function Tensor:gelu() end
function Tensor:gelu_tanh() end
function Tensor:selu() end
function Tensor:elu() end
function Tensor:softplus() end
function Tensor:leaky_relu() end
function Tensor:log_sigmoid() end
function Tensor:square() end
function Tensor:abs() end
---@param options {exponent: number}|number
function Tensor:pow(options) end
---@param options {min: number, max: number}
function Tensor:clamp(options) end
---a where the condition is not 0, else b: condition:where(a, b)
function Tensor:where(a, b) end

-- ---- ops: reductions. Without an axis over all numbers; keep = true leaves the axis with size 1 ----

---@param options? {axis: integer, keep: boolean}|integer
function Tensor:sum(options) end
---@param options? {axis: integer, keep: boolean}|integer
function Tensor:mean(options) end
---@param options? {axis: integer, keep: boolean}|integer
function Tensor:max(options) end
---@param options? {axis: integer, keep: boolean}|integer
function Tensor:min(options) end
---@param options? {axis: integer, keep: boolean, unbiased: boolean}
function Tensor:var(options) end
---@param options? {axis: integer, keep: boolean}|integer
function Tensor:norm(options) end
---@param options? {axis: integer, keep: boolean}|integer
function Tensor:logsumexp(options) end
---@param options {axis: integer}|integer
function Tensor:cumsum(options) end
---@param options? {axis: integer}|integer
function Tensor:softmax(options) end
---@param options? {axis: integer}|integer
function Tensor:log_softmax(options) end

-- ---- ops: shapes and rows ----

---A view; one size may be -1.
function Tensor:reshape(...) end
---@param options? {axes: integer[]}
function Tensor:transpose(options) end
---@param options {axes: integer[]}
function Tensor:permute(options) end
---Joins tensors along an axis; takes them as arguments or one list.
---@param ... fm.Tensor|{axis: integer}
function Tensor:cat(...) end
---@param options {axis: integer, first: integer, last: integer}
function Tensor:slice(options) end
---@param index fm.Tensor 1-based
---@param options {axis: integer}
function Tensor:index_select(index, options) end
---@param index fm.Tensor
---@param options {axis: integer}
function Tensor:gather(index, options) end
---self is the table [N, D]: index of any shape -> [..., D]
function Tensor:embedding(index) end

-- ---- ops: products, norms, images, losses ----

---[..., K] x [K, N]
function Tensor:matmul(b) end
---[S, M, K] x [S, K, N]
function Tensor:bmm(b) end
---act(x w^T + b), w [outputs, inputs]
---@param options? {act: string}
function Tensor:linear(w, b, options) end
---softmax(q k^T / sqrt d) v
function Tensor:attention(k, v) end
---@param options? {eps: number}
function Tensor:layer_norm(weight, bias, options) end
---@param options? {eps: number}
function Tensor:rms_norm(weight, options) end
---@param options {groups: integer, eps: number}
function Tensor:group_norm(weight, bias, options) end
---x [N, C, H, W], w [O, C, h, w]
---@param options? {stride: integer, padding: integer}
function Tensor:conv2d(w, b, options) end
---x [N, C, H, W], w [C, O, h, w]
---@param options? {stride: integer, padding: integer}
function Tensor:conv_transpose2d(w, b, options) end
---@param options {size: integer}
function Tensor:avg_pool2d(options) end
---@param options {scale: integer}
function Tensor:upsample_nearest2d(options) end
---@param options? {reduce: "mean"|"sum"}
function Tensor:mse(target, options) end
---@param options? {delta: number, reduce: "mean"|"sum"}
function Tensor:huber(target, options) end
---logits [B, C], labels [B] in 1..C
function Tensor:cross_entropy(labels) end

-- ---- random numbers ----

---@class fm.Rng
local Rng = {}

---A stream of numbers keyed by seed, name, step and call.
---@param seed integer
---@param stream? string
---@return fm.Rng
function fm.rng(seed, stream) end
---@return fm.Tensor of mean 0 and variance 1
function Rng:normal(...) end
---@return fm.Tensor in 0..1, 1 excluded; {low, high} may come last
function Rng:uniform(...) end
---@return fm.Tensor [n] of whole numbers low..high
function Rng:integers(n, low, high) end
---@return fm.Tensor 1..n in random order
function Rng:permutation(n) end
---@return number
function Rng:number() end
---@return fm.Rng that follows the step of this one
function Rng:stream(name) end
---@return fm.Rng itself, at step k
function Rng:at(k) end

-- ---- modules ----

---Layers; see lua/fm/nn, one file each. A model is callable; m:parameters(), m:state(), m:load_state(t), m:train(), m:eval(), m:count().
fm.nn = {}
---flow.path(name), flow.coupling(name), flow.loss(model, x1, options), flow.velocity(model, options).
fm.flow = {}
---ode.solve(field, x0, options) -> x, info.
fm.ode = {}
---adam, adamw, sgd, ema; cosine, linear, step.
fm.optim = {}
---Datasets, loaders, batches.
fm.data = {}
---Distances between two samples, each with a floor.
fm.metrics = {}
---Pictures: scatter(x, o), density(x | f | grid, o), trajectories(states, o), filmstrip(states, o), quiver(field, o), image_grid(x, o),
---curve(series, o); each in its file of lua/fm/plot. picture:save("NAME.png" | "NAME.svg") -> true, or nil and a message.
fm.plot = {}
---An experiment as data: name, params (key = default, or { default, "help", min, max, choices }), presets (name = { key = value }, chosen
---by preset=name), run(run, p).
---@param description {name: string, params: table, presets: table<string, table>, help: string, run: fun(run: table, p: table)}
function fm.experiment(description) end
---name -> tensor into a safetensors file. True, or nil and a message.
function fm.save(path, tensors, metadata) end
---@return table|nil tensors, table|string metadata or the message
function fm.load(path) end
---Files of one kind each. Every load and save gives nil and a message ("PATH: FORMAT: byte N: problem") when the file is at fault.
---npy.load(path) -> tensor; npy.save(path, tensor).
fm.npy = {}
---png.load(path) -> [H, W, C] in 0..1, C 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha; png.save(path, [H, W] or [H, W, C]).
fm.png = {}
---idx.load(path) -> the numbers as they are, plain or .gz.
fm.idx = {}
---cifar10.load(path) -> images [N, 3072] in 0..1 (planes red, green, blue), labels [N] 1..10.
fm.cifar10 = {}
---vectors.load(path) -> vectors [N, D], list of N words; GloVe or word2vec text.
fm.vectors = {}
---encode(value [, {indent = n}]) -> text, keys sorted, nan and inf as strings; decode(text) -> value, or nil and "line n col m: problem".
---json.null stands for null; json.array(t) marks an empty table as a list.
fm.json = {}
---write(path, text) replaces a file in one step, append(path, text), sync(path), mkdir_new(path) -> true | nil, message, "exists" or nil;
---hash(text), hash_file(path) -> 16 hexadecimal digits (XXH3).
fm.file = {}

return fm
