"""Features of the networks that belong to fm, and distances of them, for tests/golden/features_spec.lua.

    python3 make_features.py        writes features.safetensors beside this file    (PyTorch 2.13.0, SciPy 1.17.1, NumPy)

Run it again when a file of lua/fm/metrics/features/ was made anew. The pictures are [100, 8, 8] in -1..1, each pixel 4 x 4 times; "real" are
random blobs, "fake" the same with more noise. __metadata__["cases"] has a case for each network:
    name            of the network
    features        of the first 10 real pictures: name of a tensor [10, F]
    labels          the class read in each real picture, 1-based: name of a tensor [100]
    frechet_distance, kid, precision, recall        of all fake pictures from all real ones
"""
import json
import struct
from pathlib import Path

import numpy as np
import scipy.linalg
import torch
from torch.nn import functional as F

here = Path(__file__).parent
networks = here.parent.parent / "lua/fm/metrics/features"


def load(path):
    raw = path.read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + n])
    header.pop("__metadata__")
    return {name: torch.from_numpy(np.frombuffer(raw[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]], "<f4").reshape(t["shape"]).astype(float))
            for name, t in header.items()}


def save(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, t in tensors.items():
        raw = np.ascontiguousarray(t).tobytes()
        header[name] = {"dtype": {"float64": "F64", "float32": "F32"}[str(t.dtype)], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def pictures(draw, n, noise):
    at, size = draw.uniform(1, 6, (n, 3, 2)), draw.uniform(0.7, 1.8, (n, 3))
    grid = np.stack(np.meshgrid(np.arange(8), np.arange(8), indexing="ij"), -1)
    squares = ((grid[None, None] - at[:, :, None, None]) ** 2).sum(-1)
    light = np.exp(-squares / size[:, :, None, None] ** 2).max(1)
    return np.clip(2 * light - 1 + noise * draw.standard_normal((n, 8, 8)), -1, 1).astype(np.float32)


def forward(w, x):
    x = x.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None]
    for name in "conv1", "conv2":
        x = F.avg_pool2d(F.silu(F.conv2d(x, w[name + ".weight"], w[name + ".bias"])), 2)
    y = F.silu(F.linear(x.flatten(1), w["fc1.weight"], w["fc1.bias"]))
    return y.numpy(), F.linear(y, w["fc2.weight"], w["fc2.bias"]).argmax(1).numpy()


def frechet(a, b):
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(s)
    between = np.sqrt(np.maximum(np.linalg.eigvalsh(root.real @ t @ root.real), 0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s) + np.trace(t) - 2 * between)


def kid(a, b):
    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3
    n, m, aa, bb = len(a), len(b), kernel(a, a), kernel(b, b)
    return float((aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1)) - 2 * kernel(a, b).mean())


def precision(fake, real, k=3):  # precision(real, fake) is the recall
    def distances(x, y):
        return np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))
    radius = np.sort(distances(real, real), 1)[:, k]  # the first is the row itself
    return float((distances(fake, real) <= radius[None]).any(1).mean())


draw = np.random.default_rng(13)
tensors = {"real": pictures(draw, 100, 0.05), "fake": pictures(draw, 100, 0.3)}
cases = []
for path in sorted(networks.glob("*.safetensors")):
    w = load(path)
    (real, labels), (fake, _) = (forward(w, torch.from_numpy(tensors[name].astype(float))) for name in ("real", "fake"))
    tensors[path.stem + ".features"], tensors[path.stem + ".labels"] = real[:10], labels + 1.0
    cases.append({"name": path.stem, "features": path.stem + ".features", "labels": path.stem + ".labels", "frechet_distance": frechet(fake, real),
                  "kid": kid(fake, real), "precision": precision(fake, real), "recall": precision(real, fake)})
save(here / "features.safetensors", tensors, {"cases": json.dumps(cases)})
