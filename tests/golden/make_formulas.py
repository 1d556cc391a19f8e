"""Golden values of formulas, for tests/golden/formulas_spec.lua: each is written here from its source in NumPy, without fm, and its
gradients are complex steps, f(x + ih) = f(x) + ih f'(x), exact to the last digits. What has golden values of PyTorch or SciPy is not here.

    python3 make_formulas.py        writes formulas.safetensors beside this file     (NumPy, SciPy)

__metadata__["cases"] is a list; each case has
    name, kind      the function of formulas_spec.lua that computes it in fm; its other arguments are further keys of the case
    inputs          name -> tensor
    out             names of tensors: what comes out
    grad_out, grads the gradients of sum(out[0] * grad_out): name of an input -> tensor
"""
import json
import struct
from pathlib import Path

import numpy as np
from scipy import integrate, special

rng = np.random.default_rng(20261127)
tensors, cases = {}, []
tiny = 1e-30


def frozen(x):  # without a gradient: of a complex step nothing is left
    return np.real(x)


def add(kind, name, formula, inputs, wrt=(), **more):
    case = {"name": name, "kind": kind, "inputs": {}, "out": [], **more}
    for key, value in inputs.items():
        tensors[f"{kind}.{name}.{key}"] = np.asarray(value, float)
        case["inputs"][key] = f"{kind}.{name}.{key}"
    out = [np.real(np.asarray(o)) for o in formula(**inputs)]
    for i, o in enumerate(out):
        tensors[f"{kind}.{name}.out{i}"] = o
        case["out"].append(f"{kind}.{name}.out{i}")
    if wrt:
        dy = rng.normal(size=out[0].shape)
        tensors[f"{kind}.{name}.grad_out"] = dy
        case["grad_out"], case["grads"] = f"{kind}.{name}.grad_out", {}
        for key in wrt:
            x, g = np.asarray(inputs[key], float), np.zeros(np.shape(inputs[key]))
            for i in np.ndindex(x.shape):
                step = x.astype(complex)
                step[i] += 1j * tiny
                g[i] = np.sum(np.imag(formula(**{**inputs, key: step})[0]) * dy) / tiny
            tensors[f"{kind}.{name}.grad.{key}"] = g
            case["grads"][key] = f"{kind}.{name}.grad.{key}"
    cases.append(case)


# ---- layers ----

def positive(x):
    return np.real(x) > 0


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


activations = {
    "elu": lambda x: np.where(positive(x), x, np.exp(x) - 1),
    "gelu": lambda x: x * (1 + special.erf(x / np.sqrt(2))) / 2,
    "gelu_tanh": lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2,
    "leaky_relu": lambda x: np.where(positive(x), x, 0.01 * x),
    "log_sigmoid": lambda x: -np.log(1 + np.exp(-x)),
    "none": lambda x: x,
    "relu": lambda x: np.where(positive(x), x, 0),
    "selu": lambda x: 1.0507009873554805 * np.where(positive(x), x, 1.6732632423543772 * (np.exp(x) - 1)),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "tanh": np.tanh,
}


def mlp(act, skip=False):
    def f(x, w0, b0, w2, b2):
        y = activations[act](x @ w0.T + b0) @ w2.T + b2
        return [x + y if skip else y]
    return f


def layers():
    def weights(outputs):
        return {"x": rng.normal(size=(6, 3)), "w0": rng.normal(size=(5, 3)), "b0": rng.normal(size=5), "w2": rng.normal(size=(outputs, 5)),
                "b2": rng.normal(size=outputs)}
    names = {"w0": "0.weight", "b0": "0.bias", "w2": "2.weight", "b2": "2.bias"}
    for act in activations:
        add("mlp", act, mlp(act), weights(2), ["x", "w0", "b0", "w2", "b2"], act=act, outputs=2, state=names)
    add("mlp", "residual", mlp("tanh", True), weights(3), ["x", "w0", "b0", "w2", "b2"], act="tanh", outputs=3, skip=True,
        state={k: "layer." + v for k, v in names.items()})

    def layer_norm(x, w, b, eps=1e-3):
        d = x - x.mean(-1, keepdims=True)
        return [d / np.sqrt((d**2).mean(-1, keepdims=True) + eps) * w + b]

    def rms_norm(x, w, eps=1e-3):
        return [x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * w]

    def standardise(x, mean, std):
        return [(x - mean) / std, x * std + mean, [-np.log(std).sum()]]

    def avg_pool2d(x):
        return [x.reshape(2, 3, 2, 2, 3, 2).mean((3, 5))]

    add("layer", "none", lambda x: [x], {"x": rng.normal(size=(3, 2))}, ["x"], args=[], state={})
    add("layer", "avg_pool2d", avg_pool2d, {"x": rng.normal(size=(2, 3, 4, 6))}, ["x"], args=[2], state={})
    x, w = rng.normal(size=(4, 5)), rng.normal(size=5)
    add("layer", "layer_norm", layer_norm, {"x": x, "w": w, "b": rng.normal(size=5)}, ["x", "w", "b"], args=[5, {"eps": 1e-3}],
        state={"w": "weight", "b": "bias"})
    add("layer", "rms_norm", rms_norm, {"x": x, "w": w}, ["x", "w"], args=[5, {"eps": 1e-3}], state={"w": "weight"})
    add("layer", "standardise", standardise, {"x": x, "mean": w, "std": np.exp(rng.normal(size=5))}, ["x"], args=[5],
        state={"mean": "mean", "std": "std"})


# ---- paths with noise ----

gammas = {
    "sqrt": lambda t: np.sqrt(t * (1 - t)),
    "quadratic": lambda t: t * (1 - t),
    "sin_squared": lambda t: np.sin(np.pi * t) ** 2,
    "constant": lambda t: 1 + 0 * t,
    "sigmoid": lambda t: sigmoid(6 * (t - 0.5) + 1) - sigmoid(6 * (t - 0.5) - 1) - (sigmoid(-3 + 1) - sigmoid(-3 - 1)),
}


def paths():
    def late(t):
        return np.real(t) >= 0.5
    lines = {  # a, s: Albergo, Boffi and Vanden-Eijnden 2023, table 2 and section 4
        "interpolant": lambda t, g: (t, 1 - t),
        "trig": lambda t, g: (np.sqrt(1 - g**2) * np.sin(np.pi * t / 2), np.sqrt(1 - g**2) * np.cos(np.pi * t / 2)),
        "encoding_decoding": lambda t, g: (np.where(late(t), np.cos(np.pi * t) ** 2, 0), np.where(late(t), 0, np.cos(np.pi * t) ** 2)),
        "mirror": lambda t, g: (1 + 0 * t, 0 * t),
        "one_sided": lambda t, g: (np.sin(np.pi * t / 2), np.cos(np.pi * t / 2)),
        "i_cfm": lambda t, g: (t, 1 - t),
        "schrodinger_bridge": lambda t, g: (t, 1 - t),
    }
    t = np.array([0.07, 0.3, 0.45, 0.62, 0.8, 0.97])
    pick = {"t": t, "x0": rng.normal(size=(6, 3)), "x1": rng.normal(size=(6, 3)), "z": rng.normal(size=(6, 3))}
    for path, gamma in [("interpolant", g) for g in gammas] + [("trig", "sqrt"), ("encoding_decoding", "sin_squared"), ("mirror", "sqrt"),
                                                               ("mirror", "sigmoid"), ("one_sided", None), ("i_cfm", "constant"),
                                                               ("schrodinger_bridge", "sqrt")]:
        def point(t, x0, x1, z):
            g = gammas[gamma](t) if gamma else 0 * t
            a, s = lines[path](t, g)
            return a[:, None] * x1 + s[:, None] * x0 + g[:, None] * z

        def formula(t, x0, x1, z):  # the velocity is the slope of the point in time
            u = np.imag(point(frozen(t) + 1j * tiny, frozen(x0), frozen(x1), frozen(z))) / tiny
            return [point(t, x0, x1, z), u]
        options = {"sigma": 1} if path in ("i_cfm", "schrodinger_bridge") else {"gamma": gamma} if gamma else {"line": "cosine"}
        wrt = ["t"] + [k for k, used in (("x0", path != "mirror"), ("x1", True), ("z", gamma is not None)) if used]
        add("path", f"{path}.{gamma or 'cosine'}", formula, pick, wrt, path=path, options=options)

    def around(d):  # -pi .. pi
        return d - 2 * np.pi * np.round(np.real(d) / (2 * np.pi))

    def geodesic(t, x0, x1):  # on a torus: Chen and Lipman 2024, section 3
        return [around(x0 + t[:, None] * around(x1 - x0)), frozen(around(x1 - x0))]
    angles = {"t": t, "x0": rng.uniform(-3, 3, (6, 3)), "x1": rng.uniform(-3, 3, (6, 3))}
    add("geodesic", "torus", geodesic, angles, ["t", "x0", "x1"])


# ---- losses ----

def losses():
    x1, x0, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), np.array([0.1, 0.25, 0.5, 0.7, 0.9])
    pair = {"x1": x1, "x0": x0, "t": t, "w": rng.normal(size=3), "b": rng.normal(size=3)}
    a, s, da, ds = t, 1 - t, 1 + 0 * t, -1 + 0 * t  # linear
    rate = s * da - a * ds  # velocity error = data error * rate / s = noise error * rate / a
    predicted = {"data": lambda x0, x1: x1, "noise": lambda x0, x1: x0, "velocity": lambda x0, x1: x1 - x0}
    weights = {
        ("edm", "data"): (s**2 + (0.5 * a) ** 2) / (0.5 * s) ** 2,
        ("min_snr", "data"): np.minimum((a / s) ** 2, 5),
        ("snr", "noise"): 1 + 0 * t,
        ("snr", "data"): (a / s) ** 2,
        ("likelihood", "noise"): rate / (a * s),
        ("velocity", "data"): (rate / s) ** 2,
        ("velocity", "noise"): (rate / a) ** 2,
    }

    def model(x, w, b):
        return np.tanh(x * w + t[:, None] * b)
    for (weight, predict), value in weights.items():
        def formula(x1, x0, t, w, b):
            d = model(t[:, None] * x1 + (1 - t[:, None]) * x0, w, b) - predicted[predict](x0, x1)
            return [np.array([np.mean(value * np.mean(d**2, 1))])]
        add("loss", f"{weight}.{predict}", formula, pair, ["w", "b"], options={"predict": predict, "weight": weight})

    def pseudo_huber(x1, x0, t, w, b, c=0.3):
        d = model(t[:, None] * x1 + (1 - t[:, None]) * x0, w, b) - (x1 - x0)
        return [np.array([np.mean(np.sqrt((d**2).sum(1) + c * c) - c)])]
    add("loss", "pseudo_huber", pseudo_huber, pair, ["w", "b"], penalty={"c": 0.3})

    def drift(x1, x0, t, w, b, tau=0.5):  # Deng et al. 2026, algorithm 1
        x = np.tanh(x0 * w + b)
        f, n = frozen(x), len(x)
        far = np.linalg.norm(f[:, None] - np.concatenate([f, x1])[None], axis=2)
        far[:, :n] += 1e6 * np.eye(n)
        k = np.exp(-far / tau)
        k /= np.sqrt(k.sum(1, keepdims=True) * k.sum(0, keepdims=True))
        own, data = k[:, :n], k[:, n:]
        v = data @ x1 * own.sum(1, keepdims=True) - own @ f * data.sum(1, keepdims=True)
        return [np.array([np.mean((x - f - v) ** 2)])]
    add("drift", "drift", drift, pair, ["w", "b"], tau=0.5)

    def sliced(plain):
        def formula(x1, x0, t, w, b):  # v is x0
            s = np.tanh(x1 * w + b)
            size = (x0 * s).sum(1) ** 2 / 2 if plain else (s**2).sum(1) / 2
            return [np.array([np.mean(size + ((1 - s**2) * w * x0**2).sum(1))])]
        return formula
    add("sliced", "reduced", sliced(False), pair, ["w", "b"])
    add("sliced", "plain", sliced(True), pair, ["w", "b"])

    def u(x, s, t, w, b):
        return np.tanh(x * w + (s + 0.5 * t)[:, None] * b)

    def shortcut(x1, x0, t, w, b, s):  # Frans et al. 2024, equation 5, every row with s < t
        x, m, h = s[:, None] * x1 + (1 - s[:, None]) * x0, (s + t) / 2, ((t - s) / 2)[:, None]
        first = u(x, s, m, frozen(w), frozen(b))
        second = u(x + h * first, m, t, frozen(w), frozen(b))
        return [np.array([np.mean((u(x, s, t, w, b) - (first + second) / 2) ** 2)])]
    add("map_loss", "shortcut", shortcut, {**pair, "s": np.array([0, 0.125, 0.25, 0.5, 0.75]), "t": np.array([1, 0.25, 0.5, 0.75, 0.875])},
        ["w", "b"])

    def mapped(x1, x0, t, w, b, s):
        return [x1 + (t - s)[:, None] * u(x1, s, t, w, b)]

    def map_sample(x1, x0, t, w, b):  # from 0 to 1 in two maps
        y = x1 + 0.5 * u(x1, 0 * t, 0 * t + 0.5, w, b)
        return [y + 0.5 * u(y, 0 * t + 0.5, 0 * t + 1, w, b)]
    add("map", "map", mapped, {**pair, "s": t / 3}, ["x1", "w", "b"])
    add("map", "map_sample", map_sample, pair, ["x1", "w", "b"])

    def consistency(x1, x0, t, w, b, k=2, delta=0.01, boundary=0.9, alpha=0.1):  # Yang et al. 2024, equations 6 and 8
        def field(x, t, w, b):
            return np.tanh(x * w + t[:, None] * b)

        def line(t):
            return t[:, None] * x1 + (1 - t[:, None]) * x0
        end, r = np.minimum(np.floor(t * k) + 1, k) / k, np.minimum(t + delta, 1)
        v, v_r = field(line(t), t, w, b), field(line(r), r, frozen(w), frozen(b))
        goal = np.where((r < boundary)[:, None], line(r) + (end - r)[:, None] * v_r, line(end))
        counts = ((t < boundary) & (end - t > 1.01 * delta))[:, None] * np.sqrt(alpha)
        d = np.concatenate([line(t) + (end - t)[:, None] * v - goal, counts * (v - v_r)], 1)
        return [np.array([np.sum(d**2) / x1.size])]
    add("map_loss", "consistency", consistency, {**pair, "t": np.array([0.1, 0.25, 0.495, 0.7, 0.95])}, ["w", "b"], one_time=True,
        options={"segments": 2, "delta": 0.01, "boundary": 0.9, "alpha": 0.1})


# ---- tokens: logits W[x] + t b ----

def log_softmax(y):
    return y - np.log(np.exp(y).sum(-1, keepdims=True))


def tokens():
    V, t = 4, np.array([0.2, 0.5, 0.8])
    x1, xt = rng.integers(1, V + 1, (3, 6)), rng.integers(1, V + 1, (3, 6))
    masked = np.where(rng.random((3, 6)) < 0.5, V + 1, x1)
    inputs = {"x1": x1, "xt": xt, "t": t, "w": rng.normal(size=(V + 1, V)), "b": rng.normal(size=V)}

    def logits(x, t, w, b):
        return w[x.astype(int) - 1] + t[:, None, None] * b

    def entropy(x1, xt, t, w, b):  # Gat et al. 2024, equation 26; only of what is still open where it is masked
        p = np.take_along_axis(log_softmax(logits(xt, t, w, b)), x1.astype(int)[..., None] - 1, 2)[..., 0]
        counts = xt != x1 if np.max(xt) > V else np.ones_like(x1)
        return [np.array([-np.sum(p * counts) / np.sum(counts)])]
    add("token_loss", "mask", entropy, {**inputs, "xt": masked}, ["w", "b"], path={"vocabulary": V, "source": "mask"})
    add("token_loss", "uniform", entropy, inputs, ["w", "b"], path={"vocabulary": V, "source": "uniform"})

    add("token_start", "mask", lambda x1: [0 * x1 + V + 1], {"x1": x1}, path={"vocabulary": V})

    def posterior(x1, xt, t, w, b):  # Bayes: a token that was drawn says (k + (1 - k) q) / ((1 - k) q) for itself
        k, q = t**2, 1 / V
        says = np.log((k + (1 - k) * q) / ((1 - k) * q))
        return [logits(xt, t, w, b) + np.eye(V)[xt.astype(int) - 1] * says[:, None, None]]
    add("token_posterior", "uniform", posterior, inputs, ["w", "b"], path={"vocabulary": V, "source": "uniform", "power": 2})

    def guidance(x1, xt, t, w, b):  # Schiff et al. 2024, up to its normalising constant
        p, weak = log_softmax(logits(xt, t, w, b)), log_softmax(logits(xt, t, w / 2, b))
        return [log_softmax(1.7 * p - 0.7 * weak)]
    add("token_guidance", "weak", guidance, inputs, ["w", "b"], scale=1.7)


# ---- solves: dx/dt = sin(3 t) tanh(x w) - x b ----

def field(x, t, w, b):
    return np.sin(3 * t) * np.tanh(x * w) - x * b


def runge_kutta(A, b, c):
    def step(f, t, x, h):
        k = []
        for row, at in zip(A, c):
            k.append(f(x + h * sum((a * ki for a, ki in zip(row, k)), 0 * x), t + at * h))
        return x + h * sum(bi * ki for bi, ki in zip(b, k))
    return step


one_step = {
    "euler": lambda f, t, x, h: x + h * f(x, t),
    "heun": runge_kutta([[], [1]], [1 / 2, 1 / 2], [0, 1]),
    "adaptive_heun": runge_kutta([[], [1]], [1 / 2, 1 / 2], [0, 1]),
    "midpoint": lambda f, t, x, h: x + h * f(x + h / 2 * f(x, t), t + h / 2),
    "ralston": lambda f, t, x, h: x + h / 4 * (f(x, t) + 3 * f(x + 2 / 3 * h * f(x, t), t + 2 / 3 * h)),
    "heun3": lambda f, t, x, h: x + h / 4 * (f(x, t) + 3 * f(x + 2 / 3 * h * f(x + h / 3 * f(x, t), t + h / 3), t + 2 / 3 * h)),
    "rk4": runge_kutta([[], [1 / 2], [0, 1 / 2], [0, 0, 1]], [1 / 6, 1 / 3, 1 / 3, 1 / 6], [0, 1 / 2, 1 / 2, 1]),
    "rk4_38": runge_kutta([[], [1 / 3], [-1 / 3, 1], [1, -1, 1]], [1 / 8, 3 / 8, 3 / 8, 1 / 8], [0, 1 / 3, 2 / 3, 1]),
    "bosh3": runge_kutta(integrate.RK23.A, integrate.RK23.B, integrate.RK23.C),
    "rk23": runge_kutta(integrate.RK23.A, integrate.RK23.B, integrate.RK23.C),
    "dopri5": runge_kutta(integrate.RK45.A, integrate.RK45.B, integrate.RK45.C),
    "rk45": runge_kutta(integrate.RK45.A, integrate.RK45.B, integrate.RK45.C),
    "dop853": runge_kutta(integrate.DOP853.A, integrate.DOP853.B, integrate.DOP853.C),
}
adams = {"ab2": ("heun", [3 / 2, -1 / 2]), "ab3": ("heun3", [23 / 12, -16 / 12, 5 / 12]), "ab4": ("rk4", [55 / 24, -59 / 24, 37 / 24, -9 / 24])}


def solved(method, f, x, steps, t0=0.0, t1=1.0):
    h, slopes = (t1 - t0) / steps, []
    for i in range(steps):
        t = t0 + i * h
        if method in adams:
            first, weights = adams[method]
            slopes.insert(0, f(x, t))
            x = x + h * sum(c * k for c, k in zip(weights, slopes)) if i >= len(weights) - 1 else one_step[first](f, t, x, h)
        else:
            x = one_step[method](f, t, x, h)
    return x


def solves():
    inputs = {"x": rng.normal(size=(4, 2)), "w": rng.normal(size=2), "b": rng.normal(size=2)}
    for method in list(one_step) + list(adams):
        add("solve", method, lambda x, w, b: [solved(method, lambda y, t: field(y, t, w, b), x, 7)], inputs, ["x", "w", "b"], method=method, steps=7)
    add("flow", "decode", lambda x, w, b: [solved("rk4", lambda y, t: field(y, t, w, b), x, 5)], inputs, ["x", "w", "b"], steps=5)
    add("flow", "encode", lambda x, w, b: [solved("rk4", lambda y, t: field(y, t, w, b), x, 5, 1.0, 0.0)], inputs, ["x", "w", "b"], steps=5)

    add("flow", "reflow", lambda x, w, b: [solved("rk4", lambda y, t: field(y, t, w, b), x, 5), x], inputs, steps=5)

    def inpaint(x, w, b, known):  # the first number is known: it goes along its line, and the model moves the other
        mask, y = np.array([1, 0]), x
        for i in range(5):
            at = mask * (i / 5 * known + (1 - i / 5) * x) + (1 - mask) * y
            y = at + 0.2 * (mask * (known - x) + (1 - mask) * field(at, i / 5, w, b))
        return [y]
    add("inpaint", "euler", inpaint, {**inputs, "known": rng.normal(size=(4, 2))}, ["x", "w", "b"])

    def energy(x, w, b, line=0.0):  # the integral is one more column of the state
        def f(y, t):
            v = field(y[:, :2], t, w, b)
            return np.concatenate([v, ((line - v) ** 2).sum(1, keepdims=True)], 1)
        return solved("rk4", f, np.concatenate([x, 0 * x[:, :1]], 1), 5)

    def straightness(x, w, b):
        return [[energy(x, w, b, energy(x, w, b)[:, :2] - x)[:, 2].mean()]]
    add("flow", "path_energy", lambda x, w, b: [[energy(x, w, b)[:, 2].mean()]], inputs, steps=5)
    add("flow", "straightness", straightness, inputs, steps=5)
    add("flow", "normalized_path_energy", lambda x, w, b: [[abs(energy(x, w, b)[:, 2].mean() - 0.49) / 0.49]], inputs, steps=5, w2=0.7)

    def edm(x, w, b, n=6, low=0.05, high=8.0, rho=7):  # Karras et al. 2022, algorithm 1, of a flow on the straight line: t = 1 / (1 + sigma)
        sigma = [(high ** (1 / rho) + i / (n - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho for i in range(n)] + [0.0]

        def noise(y, s):
            t = 1 / (1 + s)
            return y * t - t * field(y * t, t, w, b)
        y = x * high
        for s, to in zip(sigma, sigma[1:]):
            d = noise(y, s)
            z = y + (to - s) * d
            y = z if to == 0 else y + (to - s) * (d + noise(z, to)) / 2
        return [y]
    add("sample", "edm_heun", edm, inputs, ["x", "w", "b"], steps=6, sigma_min=0.05, sigma_max=8)

    def bits(x, c):  # of the flow dx/dt = c x, whose x0 = exp(-c) x is normal
        log_p = -0.5 * ((x * np.exp(-c)) ** 2).sum(1) - 2 / 2 * np.log(2 * np.pi) - 2 * c
        return [-log_p / (2 * np.log(2)) + np.log2(256 / 2)]
    add("bits", "bits", bits, {"x": inputs["x"], "c": np.array([0.4])}, ["c"])


# ---- densities and rates ----

def others():
    m, std, share = rng.normal(size=(3, 2)), np.array([0.3, 0.7, 1.1]), np.array([0.2, 0.5, 0.3])
    a, s, da, ds = 0.6, 0.4, 1.0, -1.0

    def log_p(x, a, s):
        v = (a * std) ** 2 + s**2
        return np.log((share * np.exp(-(((x[:, None] - a * m) ** 2).sum(2)) / (2 * v)) / (2 * np.pi * v)).sum(1))

    def score(x):
        g = np.zeros(x.shape)
        for j in range(2):
            g[:, j] = np.imag(log_p(x + 1j * tiny * np.eye(2)[j], a, s)) / tiny
        return g

    def mixture(x, m):  # the velocity from the score: x0 = -s score
        x1 = (frozen(x) + s**2 * score(frozen(x))) / a
        return [log_p(x, a, s), score(frozen(x)), da * x1 - ds * s * score(frozen(x))]
    def gaussian(x, m):  # t = 0.6: N(a m, (a 0.7)^2 + s^2)
        v = (a * 0.7) ** 2 + s**2
        return [-((x - a * m) ** 2).sum(1) / (2 * v) - np.log(2 * np.pi * v)]
    add("gaussian", "gaussian", gaussian, {"x": rng.normal(size=(5, 2)), "m": m[0]}, ["x"], std=0.7, t=a)
    add("mixture", "mixture", mixture, {"x": rng.normal(size=(5, 2)), "m": m}, ["x"], std=list(std), weights=list(share), t=a)

    def rate(shape, warmup):
        return lambda n: [[0.02 * ((k + 1) / (warmup + 1) if k < warmup else shape(k - warmup)) for k in n.astype(int)]]
    n = np.arange(0, 45)
    add("rate", "linear", rate(lambda k: 1 - 0.9 * min(1, k / 35), 5), {"n": n}, options={"lr": 0.02, "steps": 40, "warmup": 5, "floor": 0.1})
    add("rate", "step", rate(lambda k: 0.5 ** (k // 10), 3), {"n": n}, options={"lr": 0.02, "every": 10, "factor": 0.5, "warmup": 3})


for part in (layers, paths, losses, tokens, solves, others):
    part()
header, blob = {"__metadata__": {"source": f"NumPy {np.__version__}, complex steps", "cases": json.dumps(cases)}}, b""
for name, value in tensors.items():
    data = np.ascontiguousarray(value, "<f8").tobytes()
    header[name] = {"dtype": "F64", "shape": list(value.shape), "data_offsets": [len(blob), len(blob) + len(data)]}
    blob += data
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
(Path(__file__).parent / "formulas.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + blob)
print(len(cases), "cases")
