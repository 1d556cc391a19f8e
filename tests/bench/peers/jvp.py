"""The work of tests/bench/jvp.lua in PyTorch or in JAX (jit). Prints one line of JSON.

Usage: jvp.py torch|jax [DIM HIDDEN BATCH]    with THREADS and FM_BENCH_SECONDS in the environment
"""
import os, sys, time

kind = sys.argv[1]
dim, hidden, batch = (int(a) for a in (sys.argv[2:] + ["2", "256", "256"][len(sys.argv) - 2:]))
THREADS, SECONDS = int(os.environ.get("THREADS", "1")), float(os.environ.get("FM_BENCH_SECONDS", "3"))
EMBED = 64


def of_torch():
    os.environ["OMP_NUM_THREADS"] = str(THREADS)
    import torch, torch.nn as nn
    torch.set_num_threads(THREADS)

    class VectorField(nn.Module):
        def __init__(self):
            super().__init__()
            self.time_embed = nn.Sequential(nn.Linear(1, EMBED), nn.SiLU(), nn.Linear(EMBED, EMBED))
            self.net = nn.Sequential(nn.Linear(dim + EMBED, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
                                     nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, dim))

        def forward(self, x, t):
            return self.net(torch.cat([x, self.time_embed(t[:, None])], -1))
    model, x, t, dx, one = VectorField(), torch.randn(batch, dim), torch.rand(batch), torch.randn(batch, dim), torch.ones(batch)

    @torch.no_grad()
    def forward():
        model(x, t)

    @torch.no_grad()
    def jvp():
        torch.func.jvp(model, (x, t), (dx, one))

    def forward_back():
        model.zero_grad()
        model(x, t).square().mean().backward()

    def jvp_back():
        model.zero_grad()
        v, dv = torch.func.jvp(model, (x, t), (dx, one))
        (v - dv).square().mean().backward()
    return dict(forward=forward, jvp=jvp, forward_back=forward_back, jvp_back=jvp_back)


def of_jax():
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])  # its only way to so many threads
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax, jax.numpy as jnp
    keys = jax.random.split(jax.random.PRNGKey(0), 9)

    def linear(key, inputs, outputs):
        bound = inputs ** -0.5
        return {"w": jax.random.uniform(key, (inputs, outputs), minval=-bound, maxval=bound), "b": jnp.zeros(outputs)}
    sizes = [(1, EMBED), (EMBED, EMBED), (dim + EMBED, hidden), (hidden, hidden), (hidden, hidden), (hidden, dim)]
    layers = [linear(key, *size) for key, size in zip(keys, sizes)]
    x, t, dx, one = jax.random.normal(keys[6], (batch, dim)), jax.random.uniform(keys[7], (batch,)), jax.random.normal(keys[8], (batch, dim)), jnp.ones(batch)

    def apply(layer, x):
        return x @ layer["w"] + layer["b"]

    def model(layers, x, t):
        h = apply(layers[1], jax.nn.silu(apply(layers[0], t[:, None])))
        h = jnp.concatenate([x, h], -1)
        for layer in layers[2:5]:
            h = jax.nn.silu(apply(layer, h))
        return apply(layers[5], h)

    def along(layers, x, t, dx, dt):
        return jax.jvp(lambda x, t: model(layers, x, t), (x, t), (dx, dt))

    def loss(layers, x, t):
        return jnp.mean(model(layers, x, t) ** 2)

    def loss_along(layers, x, t, dx, dt):
        v, dv = along(layers, x, t, dx, dt)
        return jnp.mean((v - dv) ** 2)
    forward, jvp, back, jvp_back = jax.jit(model), jax.jit(along), jax.jit(jax.value_and_grad(loss)), jax.jit(jax.value_and_grad(loss_along))
    done = jax.block_until_ready
    return dict(forward=lambda: done(forward(layers, x, t)), jvp=lambda: done(jvp(layers, x, t, dx, one)), forward_back=lambda: done(back(layers, x, t)),
                jvp_back=lambda: done(jvp_back(layers, x, t, dx, one)))


works = {"torch": of_torch, "jax": of_jax}[kind]()
times = {name: [] for name in works}
for work in works.values():
    for _ in range(20):
        work()
start = time.perf_counter()
while time.perf_counter() - start < SECONDS:
    for name, work in works.items():
        for _ in range(10):
            before = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - before) * 1e6)
print("{\"peer\":\"%s\",\"threads\":%d,%s}" % (kind, THREADS, ",".join('"%s":%.1f' % (n, sorted(v)[len(v) // 2]) for n, v in times.items())), flush=True)
