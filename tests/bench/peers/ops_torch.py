"""The PyTorch side of tests/bench/compare_ops: times one op at a time.

Reads requests, a line each, and answers each with a line:
  case NAME INPUT... KEY=VALUE...   makes the inputs; "ok", or why this op is skipped
  forward                           microseconds of a call of the op
  gradients                         microseconds of a call and of the gradients of its inputs
THREADS sets how many threads it uses.
"""
import os, sys, time
import torch, torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(int(os.environ.get("THREADS", "1")))


def dim(o):  # our axes begin with 1, and may be absent
    axis = o.get("axis")
    return None if axis is None else axis - 1 if axis > 0 else axis


def reduction(function):
    def call(x, o):
        return function(x[0]) if dim(o) is None else function(x[0], dim=dim(o), keepdim=o.get("keep", False))
    return call


def spread(function):
    def call(x, o):
        return function(x[0], dim=dim(o), correction=1 if o.get("unbiased") else 0, keepdim=o.get("keep", False))
    return call


def one(function):
    return lambda x, o: function(x[0])


def two(function):
    return lambda x, o: function(x[0], x[1])



def slice_of(x, o):
    index = [slice(None)] * x[0].dim()
    index[dim(o)] = slice(o["first"] - 1, o["last"], o["step"])
    return x[0][tuple(index)].contiguous()


def linear(x, o):
    y = F.linear(x[0], x[1], x[2])
    return F.silu(y) if o.get("act") == "silu" else y


def reduced(function, **names):
    return lambda x, o: function(x[0], x[1], reduction=o.get("reduce", "mean"), **{ours: o[theirs] for ours, theirs in names.items()})


OPS = {
    "add": two(torch.add), "sub": two(torch.sub), "mul": two(torch.mul), "div": two(torch.div),
    "maximum": two(torch.maximum), "minimum": two(torch.minimum),
    "lt": two(torch.lt), "le": two(torch.le), "gt": two(torch.gt), "ge": two(torch.ge), "eq": two(torch.eq), "ne": two(torch.ne),
    "where": lambda x, o: torch.where(x[0], x[1], x[2]),
    "neg": one(torch.neg), "exp": one(torch.exp), "log": one(torch.log), "sqrt": one(torch.sqrt), "rsqrt": one(torch.rsqrt),
    "reciprocal": one(torch.reciprocal), "sin": one(torch.sin), "cos": one(torch.cos), "square": one(torch.square), "abs": one(torch.abs),
    "pow": lambda x, o: torch.pow(x[0], o["exponent"]), "clamp": lambda x, o: torch.clamp(x[0], o["min"], o["max"]),
    "tanh": one(torch.tanh), "sigmoid": one(torch.sigmoid), "relu": one(F.relu), "silu": one(F.silu), "gelu": one(F.gelu),
    "gelu_tanh": lambda x, o: F.gelu(x[0], approximate="tanh"), "selu": one(F.selu), "elu": one(F.elu), "softplus": one(F.softplus),
    "leaky_relu": one(F.leaky_relu), "log_sigmoid": one(F.logsigmoid),
    "sum": reduction(torch.sum), "mean": reduction(torch.mean), "max": reduction(torch.amax), "min": reduction(torch.amin),
    "argmax": reduction(torch.argmax), "argmin": reduction(torch.argmin), "norm": reduction(torch.linalg.vector_norm),
    "logsumexp": reduction(torch.logsumexp), "var": spread(torch.var), "std": spread(torch.std),
    "argsort": lambda x, o: torch.argsort(x[0], dim=dim(o), descending=o.get("descending", False), stable=True),
    "cumsum": lambda x, o: torch.cumsum(x[0], dim(o)), "softmax": lambda x, o: F.softmax(x[0], dim(o)),
    "log_softmax": lambda x, o: F.log_softmax(x[0], dim(o)),
    "reshape": lambda x, o: x[0].reshape(o["shape"]), "transpose": lambda x, o: x[0].transpose(*[i - 1 for i in o["axes"]]).contiguous(),
    "permute": lambda x, o: x[0].permute([i - 1 for i in o["axes"]]).contiguous(), "cat": lambda x, o: torch.cat(x, dim(o)),
    "stack": lambda x, o: torch.stack(x, dim(o)), "slice": slice_of,
    "index_select": lambda x, o: torch.index_select(x[0], dim(o), x[1]), "gather": lambda x, o: torch.gather(x[0], dim(o), x[1]),
    "embedding": lambda x, o: F.embedding(x[1], x[0]), "one_hot": lambda x, o: F.one_hot(x[0], o["n"]),
    "matmul": two(torch.matmul), "bmm": two(torch.bmm), "linear": linear,
    "attention": lambda x, o: F.scaled_dot_product_attention(x[0], x[1], x[2]),
    "layer_norm": lambda x, o: F.layer_norm(x[0], x[1].shape, x[1], x[2], o["eps"]),
    "rms_norm": lambda x, o: F.rms_norm(x[0], x[1].shape, x[1], o["eps"]),
    "group_norm": lambda x, o: F.group_norm(x[0], o["groups"], x[1], x[2]),
    "conv2d": lambda x, o: F.conv2d(x[0], x[1], x[2], o["stride"], o["padding"]),
    "conv_transpose2d": lambda x, o: F.conv_transpose2d(x[0], x[1], x[2], o["stride"], o["padding"]),
    "avg_pool2d": lambda x, o: F.avg_pool2d(x[0], o["size"]),
    "upsample_nearest2d": lambda x, o: F.interpolate(x[0], scale_factor=o["scale"], mode="nearest"),
    "mse": reduced(F.mse_loss), "huber": reduced(F.huber_loss, delta="delta"), "cross_entropy": two(F.cross_entropy),
}


def tensor(text):
    kind, rest = text[0], text[1:]
    limit, _, sizes = rest.rpartition(":")
    shape = [int(size) for size in sizes.split(",") if size]
    if kind == "i":
        return torch.randint(0, int(limit), shape)
    if kind == "c":
        return torch.rand(shape) < 0.5
    x = torch.rand(shape) + 0.3 if kind == "p" else torch.randn(shape)
    return x.requires_grad_()


def value(text):
    if "," in text:
        return [int(part) for part in text.split(",")]
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def microseconds(f):
    n, start = 0, time.perf_counter()
    while n < 2 or time.perf_counter() - start < 0.004:
        f()
        n += 1
    return (time.perf_counter() - start) / n * 1e6


class Case:
    def __init__(self, name, words):
        self.op = OPS[name]
        self.options = {word.partition("=")[0]: value(word.partition("=")[2]) for word in words if "=" in word}
        self.inputs = [tensor(word) for word in words if "=" not in word]
        self.leaves = [x for x in self.inputs if x.requires_grad]
        with torch.no_grad():
            y = self.op(self.inputs, self.options)
        self.upstream = torch.ones_like(y)
        self.forward()

    def forward(self):
        with torch.no_grad():
            self.op(self.inputs, self.options)

    def gradients(self):
        self.op(self.inputs, self.options).backward(self.upstream)
        for x in self.leaves:
            x.grad = None


case = None
for line in sys.stdin:
    words = line.split()
    if words[0] == "case":
        try:
            case, answer = Case(words[1], words[2:]), "ok"
        except KeyError:
            answer = "not known to peers/ops_torch.py"
    else:
        f = case.forward if words[0] == "forward" else case.gradients
        f()
        answer = microseconds(f)
    print(answer, flush=True)
