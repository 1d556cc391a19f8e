"""Training steps of flow.map_loss beside the same in PyTorch (torch.func.jvp) and JAX (jit), in turn, on one core.

Usage: map_step.py [ROUNDS [STEPS]]    from the repository, with torch and jax installed; FMRUN (build/fmrun) names the binary.
The founding network with two times, dim 2, hidden 256, batch 256, half of the rows with s = t, Adam. Prints medians in
milliseconds, and the median of the ratios round by round. The peers need not choose rows: the first half has s = t.
"""
import os, statistics, subprocess, sys, time

os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
os.environ.update(JAX_PLATFORMS="cpu", OMP_NUM_THREADS="1")
import jax, jax.numpy as jnp
import torch, torch.nn as nn

torch.set_num_threads(1)
rounds, steps = (int(a) for a in (sys.argv[1:] + ["9", "20"][len(sys.argv) - 1:])[:2])
KINDS = ("flow", "meanflow", "lsd")
D, H, E, B, HALF = 2, 256, 64, 256, 128


# ---- PyTorch ----
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.time_embed = nn.Sequential(nn.Linear(2, E), nn.SiLU(), nn.Linear(E, E))
        self.net = nn.Sequential(nn.Linear(D + E, H), nn.SiLU(), nn.Linear(H, H), nn.SiLU(), nn.Linear(H, H), nn.SiLU(), nn.Linear(H, D))

    def forward(self, x, s, t): return self.net(torch.cat([x, self.time_embed(torch.stack([s, t], 1))], 1))


def torch_residuals(kind, u, x0, x1, s, t):
    length, v = (t - s)[:, None], x1 - x0
    x = x0 + s[:, None] * v
    if kind == "meanflow":
        us, du = torch.func.jvp(lambda y, at: u(y, at, t), (x, s), (v, torch.ones_like(s)))
        return us - (v + length * du).detach()
    us, du = torch.func.jvp(lambda to: u(x, s, to), (t,), (torch.ones_like(t),))
    with torch.no_grad(): target = u(x + length * us, t, t)
    return us + length * du - target


def torch_stepper(kind):
    torch.manual_seed(0)
    u = Net(); opt = torch.optim.Adam(u.parameters(), lr=1e-3, fused=True); x1 = torch.randn(B, D)

    def velocity(x0, x1, t): return u(x0 + t[:, None] * (x1 - x0), t, t) - (x1 - x0)

    def step():
        opt.zero_grad()
        x0, a = torch.randn(B, D), torch.rand(B)
        if kind == "flow": r = velocity(x0, x1, a)
        else:
            b = torch.rand(B)
            s, t = torch.minimum(a, b)[HALF:], torch.maximum(a, b)[HALF:]
            r = torch.cat([velocity(x0[:HALF], x1[:HALF], a[:HALF]), torch_residuals(kind, u, x0[HALF:], x1[HALF:], s, t)])
        loss = r.square().mean(); loss.backward(); opt.step()
        return loss.item()
    return step


# ---- JAX ----
def linear(key, n, m):
    a, b = jax.random.split(key); k = n ** -0.5
    return jax.random.uniform(a, (n, m), minval=-k, maxval=k), jax.random.uniform(b, (m,), minval=-k, maxval=k)


def u_of(p, x, s, t):
    h = jax.nn.silu(jnp.stack([s, t], 1) @ p[0][0] + p[0][1]) @ p[1][0] + p[1][1]
    h = jnp.concatenate([x, h], 1)
    for w, b in p[2:5]: h = jax.nn.silu(h @ w + b)
    return h @ p[5][0] + p[5][1]


def jax_loss(kind, p, x1, key):
    k0, k1, k2 = jax.random.split(key, 3)
    u, sg = lambda x, s, t: u_of(p, x, s, t), jax.lax.stop_gradient
    x0, a, b = jax.random.normal(k0, (B, D)), jax.random.uniform(k1, (B,)), jax.random.uniform(k2, (B,))
    v = x1 - x0
    velocity = lambda v, x0, t: u(x0 + t[:, None] * v, t, t) - v
    if kind == "flow": return jnp.mean(velocity(v, x0, a) ** 2)
    first = velocity(v[:HALF], x0[:HALF], a[:HALF])
    s, t, v, x0 = jnp.minimum(a, b)[HALF:], jnp.maximum(a, b)[HALF:], v[HALF:], x0[HALF:]
    length, x = (t - s)[:, None], x0 + s[:, None] * v
    if kind == "meanflow":
        us, du = jax.jvp(lambda y, at: u(y, at, t), (x, s), (v, jnp.ones_like(s)))
        r = us - sg(v + length * du)
    else:
        us, du = jax.jvp(lambda to: u(x, s, to), (t,), (jnp.ones_like(t),))
        r = us + length * du - sg(u(sg(x + length * us), t, t))
    return jnp.mean(jnp.concatenate([first, r]) ** 2)


def jax_stepper(kind):
    sizes, key = ((2, E), (E, E), (D + E, H), (H, H), (H, H), (H, D)), jax.random.PRNGKey(0)
    p = [linear(k, *size) for k, size in zip(jax.random.split(key, 6), sizes)]
    tm = jax.tree_util.tree_map
    x1 = jax.random.normal(key, (B, D))

    @jax.jit
    def update(p, m, v, i, key):
        key, own = jax.random.split(key)
        loss, g = jax.value_and_grad(lambda p: jax_loss(kind, p, x1, own))(p)
        m, v = tm(lambda m, g: .9 * m + .1 * g, m, g), tm(lambda v, g: .999 * v + .001 * g * g, v, g)
        p = tm(lambda p, m, v: p - 1e-3 * (m / (1 - .9 ** i)) / (jnp.sqrt(v / (1 - .999 ** i)) + 1e-8), p, m, v)
        return p, m, v, i + 1, key, loss
    state = [p, tm(jnp.zeros_like, p), tm(jnp.zeros_like, p), jnp.float32(1), key]

    def step():
        *state[:], loss = update(*state)
        return float(loss)
    return step


# ---- in turn ----
def ms_of(step):
    def run():
        start = time.perf_counter()
        for _ in range(steps): step()
        return (time.perf_counter() - start) / steps * 1e3
    return run


fmrun = subprocess.Popen([os.environ.get("FMRUN", "build/fmrun"), "--threads", "1", "tests/bench/map_step.lua", "--", "serve"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(kind):
    def run():
        fmrun.stdin.write(f"{kind} {steps}\n"); fmrun.stdin.flush()
        return float(fmrun.stdout.readline())
    return run


work = {(kind, peer): f for kind in KINDS for peer, f in
        (("fmrun", ask(kind)), ("torch", ms_of(torch_stepper(kind))), ("jax", ms_of(jax_stepper(kind))))}
for f in work.values(): f()
ms = {k: [] for k in work}
for _ in range(rounds):
    for k, f in work.items(): ms[k].append(f())
middle = statistics.median
for kind in KINDS:
    own = ms[kind, "fmrun"]
    words = [f"fmrun {middle(own):.2f} ms, {middle(a / b for a, b in zip(own, ms['flow', 'fmrun'])):.2f} x flow"]
    for peer in ("torch", "jax"):
        words.append(f"{peer} {middle(ms[kind, peer]):.2f} ms, fmrun takes {middle(a / b for a, b in zip(own, ms[kind, peer])):.2f} of it")
    print(f"{kind}: " + "; ".join(words))
fmrun.stdin.close()
