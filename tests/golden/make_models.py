"""The networks of fm.nn in PyTorch: weights, inputs, outputs and all gradients in double, for tests/golden/models_spec.lua.

    python3 make_models.py                      writes models.safetensors beside this file    (PyTorch 2.13.0)
    python3 make_models.py --load NAME FILE     reads the weights of that case as fmrun saved them, every name and shape, and says how far
                                                the output is off

Each module has the state dict that the layer of fm.nn of that name has. All weights are random, also those that training starts from
zero. __metadata__["cases"] is a list; each case has
    name, layer     of fm.nn ("sequential": the network that models_spec.lua makes by hand)
    options         what makes it in fmrun; `model` tells the size of what is made here
    inputs          arguments in order: names of tensors, numbers, or null. Labels are 1-based here
    state, grads    name of a weight -> name of a tensor; grads are those of sum(out * grad_out)
    out, grad_out   names of tensors
    grad_inputs     like inputs: null where there is none
"""
import json
import math
import struct
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
file = Path(__file__).parent / "models.safetensors"


def waves(t, dim):  # [B] -> [B, dim]
    half = dim // 2
    angles = t[:, None] * 1000 * torch.exp(-math.log(10000) * torch.arange(half) / half)
    return torch.cat([angles.sin(), angles.cos()], 1)


class Told(nn.Module):
    """Time and label of each row as one vector."""

    def __init__(self, o, dim_waves, dim):
        super().__init__()
        self.waves, self.classes = dim_waves, o.get("classes")
        self.time_embed = nn.Sequential(nn.Linear(o.get("times", 1) * dim_waves, dim), nn.SiLU(), nn.Linear(dim, dim))
        if self.classes:
            self.class_embed = nn.Embedding(self.classes + 1, dim)

    def told(self, x, times, cond):
        c = self.time_embed(torch.cat([waves(t.expand(len(x)), self.waves) for t in times], 1))
        if self.classes:
            c = c + self.class_embed((torch.full((1,), self.classes + 1) if cond is None else cond).long() - 1)
        return c


class Attention(nn.Module):
    def __init__(self, dim, heads, causal=False):
        super().__init__()
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.heads, self.causal = heads, causal

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if self.causal:
            scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -math.inf)
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


def channel_norm(channels):
    groups = max(1, min(32, channels // 4))
    while channels % groups:
        groups -= 1
    return nn.GroupNorm(groups, channels)


class PictureAttention(Attention):
    def __init__(self, channels, heads):
        super().__init__(channels, heads)
        self.norm = channel_norm(channels)

    def forward(self, x):
        return x + super().forward(self.norm(x).flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, x.shape[2:])


class ResidualBlock(nn.Module):
    def __init__(self, c_in, c_out, embed, heads):
        super().__init__()
        self.norm1, self.conv1 = channel_norm(c_in), nn.Conv2d(c_in, c_out, 3, padding=1)
        self.embed = nn.Linear(embed, c_out)
        self.norm2, self.conv2 = channel_norm(c_out), nn.Conv2d(c_out, c_out, 3, padding=1)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()
        self.attention = PictureAttention(c_out, heads) if heads else nn.Identity()

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x))) + self.embed(e)[:, :, None, None]
        return self.attention(self.skip(x) + self.conv2(F.silu(self.norm2(h))))


class UNet(Told):
    def __init__(self, channels, width, multipliers, blocks, attends, heads=1, **o):
        super().__init__(o, width, 4 * width)
        widths, last = [width * m for m in multipliers], len(multipliers) - 1
        c, skipped = width, [width]
        block = lambda c_in, level, attend: ResidualBlock(c_in, widths[level], 4 * width, heads if attend else 0)
        self.conv_in = nn.Conv2d(channels, width, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList(nn.ModuleList() for _ in widths)
        self.shrink, self.grow = nn.ModuleList(), nn.ModuleDict()
        for level in range(last + 1):
            self.down.append(nn.ModuleList())
            for _ in range(blocks):
                self.down[level].append(block(c, level, attends[level]))
                c = widths[level]
                skipped.append(c)
            if level < last:
                self.shrink.append(nn.Conv2d(c, c, 3, stride=2, padding=1))
                skipped.append(c)
        self.middle = nn.ModuleList([block(c, last, attends[last]), block(c, last, False)])
        for level in range(last, -1, -1):
            for _ in range(blocks + 1):
                self.up[level].append(block(c + skipped.pop(), level, attends[level]))
                c = widths[level]
            if level:
                self.grow[str(level)] = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(c, c, 3, padding=1))
        self.norm_out, self.conv_out = channel_norm(c), nn.Conv2d(c, channels, 3, padding=1)

    def forward(self, x, *times, cond=None):
        e = F.silu(self.told(x, times, cond))
        h = self.conv_in(x)
        skipped = [h]
        for level, blocks in enumerate(self.down):
            for block in blocks:
                h = block(h, e)
                skipped.append(h)
            if level < len(self.shrink):
                h = self.shrink[level](h)
                skipped.append(h)
        for block in self.middle:
            h = block(h, e)
        for level in range(len(self.up) - 1, -1, -1):
            for block in self.up[level]:
                h = block(torch.cat([h, skipped.pop()], 1), e)
            if level:
                h = self.grow[str(level)](h)
        return self.conv_out(F.silu(self.norm_out(h)))


def norm(x, shift, scale):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift


class Block(nn.Module):
    def __init__(self, dim, heads, causal):
        super().__init__()
        self.attention = Attention(dim, heads, causal)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(approximate="tanh"), nn.Linear(4 * dim, dim))
        self.modulation = nn.Linear(dim, 6 * dim)

    def forward(self, x, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(c)[:, None].chunk(6, -1)
        x = x + gate1 * self.attention(norm(x, shift1, scale1))
        return x + gate2 * self.mlp(norm(x, shift2, scale2))


class Transformer(Told):
    def __init__(self, inputs, length, dim, heads, layers, causal=False, **o):
        super().__init__(o, dim, dim)
        self.embed, self.position = nn.Linear(inputs, dim), nn.Parameter(torch.empty(length, dim))
        self.blocks = nn.ModuleList(Block(dim, heads, causal) for _ in range(layers))
        self.final = nn.ModuleDict({"modulation": nn.Linear(dim, 2 * dim), "linear": nn.Linear(dim, inputs)})

    def forward(self, x, *times, cond=None):
        c = F.silu(self.told(x, times, cond))
        h = self.embed(x) + self.position[: x.shape[1]]
        for block in self.blocks:
            h = block(h, c)
        return self.final["linear"](norm(h, *self.final["modulation"](c)[:, None].chunk(2, -1)))


class DiT(Transformer):
    def __init__(self, channels, size, patch, **o):
        super().__init__(channels * patch * patch, (size // patch) ** 2, **o)
        self.size, self.patch = size, patch

    def forward(self, x, *times, cond=None):  # PyTorch's own words for patches, not those of fmrun
        rows = F.unfold(x, self.patch, stride=self.patch).transpose(1, 2)
        return F.fold(super().forward(rows, *times, cond=cond).transpose(1, 2), self.size, self.patch, stride=self.patch)


class VectorField(nn.Module):
    def __init__(self, dim, hidden, time_embed, times=1, classes=None):
        super().__init__()
        self.time_embed = nn.Sequential(nn.Linear(times, time_embed), nn.SiLU(), nn.Linear(time_embed, time_embed))
        self.net = nn.Sequential(nn.Linear(dim + time_embed, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
                                 nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, dim))
        self.class_embed = nn.Embedding(classes + 1, time_embed) if classes else None

    def forward(self, x, *times, cond=None):
        told = self.time_embed(torch.stack([t.expand(len(x)) for t in times], 1))
        return self.net(torch.cat([x, told + self.class_embed(cond.long() - 1) if self.class_embed else told], 1))


def conv_block():
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.SiLU(), nn.AvgPool2d(2), nn.Upsample(scale_factor=2),
                         nn.Conv2d(4, 5, 3, stride=2, padding=1), nn.SiLU(), nn.Conv2d(5, 3, 2, bias=False))


earlier, at = [0.1, 0.45], [0.3, 0.8]
# name, layer, options in fmrun, what differs here, shape of x, times, labels
plan = [
    ("conv_block", "sequential", {}, conv_block, (2, 2, 6, 8), [], None),
    ("attention", "attention", {"dim": 6, "heads": 3}, Attention, (2, 5, 6), [], None),
    ("attention_causal", "attention", {"dim": 6, "heads": 2, "causal": True}, Attention, (2, 5, 6), [], None),
    ("vector_field_pair", "vector_field", {"dim": 2, "hidden": 6, "time_embed": 4, "times": 2, "classes": 3}, VectorField, (2, 2), [earlier, at],
     [3, 4]),
    ("transformer", "transformer", {"inputs": 3, "length": 6, "dim": 8, "heads": 2, "layers": 2, "classes": 3}, Transformer, (2, 5, 3), [at], [3, 4]),
    ("transformer_causal_pair", "transformer", {"inputs": 3, "length": 4, "dim": 8, "heads": 4, "layers": 1, "causal": True, "times": 2}, Transformer,
     (2, 4, 3), [earlier, 0.75], None),
    ("dit", "dit", {"channels": 2, "size": 4, "patch": 2, "dim": 8, "heads": 2, "layers": 2, "classes": 3}, DiT, (2, 2, 4, 4), [at], None),
    ("dit_pair", "dit", {"channels": 1, "size": 6, "patch": 3, "dim": 8, "heads": 1, "layers": 1, "times": 2, "classes": 2}, DiT, (2, 1, 6, 6), [earlier, at],
     [2, 1]),
    ("unet", "unet", {"channels": 2, "width": 6, "multipliers": [1, 2], "attention": [4], "heads": 2, "classes": 3},
     lambda attention, **o: UNet(blocks=1, attends=[False, True], **o), (2, 2, 8, 8), [at], [1, 4]),
    ("unet_pair", "unet", {"channels": 1, "width": 4, "multipliers": [1, 1, 2], "blocks": 2, "attention": [8, 2], "size": 8, "times": 2},
     lambda attention, size, **o: UNet(attends=[True, False, True], **o), (2, 1, 8, 4), [0.2, at], None),
    ("unet_plain", "unet", {"channels": 1, "width": 2, "multipliers": [2], "attention": []},
     lambda attention, **o: UNet(blocks=1, attends=[False], **o), (1, 1, 3, 5), [0.6], None),
]


def save(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, t in tensors.items():
        raw = t.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F64", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load(path):
    raw = Path(path).read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    header, tensors = json.loads(raw[8:8 + n]), {}
    for name, t in header.items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            kind = {"F64": torch.float64, "F32": torch.float32}[t["dtype"]]
            tensors[name] = torch.frombuffer(bytearray(raw[8 + n + a:8 + n + b]), dtype=kind).reshape(t["shape"]).double()
    return tensors, header.get("__metadata__")


def make():
    tensors, cases = {}, []
    for name, layer, options, build, shape, times, labels in plan:
        torch.manual_seed(len(cases))
        model = build(**options)
        for p in model.parameters():  # of a size that keeps every activation away from its ends
            nn.init.normal_(p, std=0.5 if p.dim() < 2 else 0.8 / math.sqrt(p[0].numel()))
        for key, p in model.named_parameters():
            if "norm" in key and key.endswith("weight") or isinstance(model, nn.Sequential) and key == "1.weight":
                p.data += 1
        x = torch.randn(shape, requires_grad=True)
        times = [torch.tensor(t, requires_grad=True) for t in times]
        cond = {} if labels is None else {"cond": torch.tensor(labels, dtype=torch.float64)}
        out = model(x, *times, **cond)
        grad_out = torch.randn(out.shape)
        (out * grad_out).sum().backward()

        def keep(key, t):
            tensors[f"{name}.{key}"] = t
            return f"{name}.{key}"

        inputs, grad_inputs = [keep("x", x)], [keep("grad_x", x.grad)]
        for i, t in enumerate(times):
            inputs.append(keep(f"time{i}", t) if t.dim() else t.item())
            grad_inputs.append(keep(f"grad_time{i}", t.grad) if t.dim() else None)
        for t in cond.values():
            inputs.append(keep("cond", t))
            grad_inputs.append(None)
        state = {key: keep("state." + key, p) for key, p in model.state_dict().items()}
        grads = {key: keep("grad." + key, p.grad) for key, p in model.named_parameters()}
        cases.append({"name": name, "layer": layer, "options": options, "inputs": inputs, "grad_inputs": grad_inputs, "out": keep("out", out),
                      "grad_out": keep("grad_out", grad_out), "state": state, "grads": grads})
        print(name, sum(p.numel() for p in model.parameters()), "numbers, |out| up to", f"{out.abs().max():.3g}")
    save(file, tensors, {"cases": json.dumps(cases)})
    print(file.stat().st_size, "bytes")


def check(name, path):
    tensors, metadata = load(file)
    case = next(c for c in json.loads(metadata["cases"]) if c["name"] == name)
    _, _, options, build, _, times, labels = next(p for p in plan if p[0] == name)
    model = build(**options)
    model.load_state_dict(load(path)[0])  # strict: every name, every shape, no other
    arguments = [tensors[i] if isinstance(i, str) else torch.tensor(i) for i in case["inputs"]]
    cond = {} if labels is None else {"cond": arguments.pop()}
    print(name, "off by", f"{(model(*arguments, **cond) - tensors[case['out']]).abs().max():.3g}")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--load":
        check(*sys.argv[2:])
    else:
        make()
