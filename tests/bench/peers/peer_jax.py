"""The work of peers/vector_field.lua in JAX, train step and sampling compiled by jit.

Usage: peer_jax.py DIM HIDDEN BATCH POINTS    with THREADS and FM_BENCH_SECONDS in the environment.
Says ready, and answers lines as vector_field.lua does. JAX has no option for its threads: it takes as many as the
processors that it may run on, so it is held to THREADS of them, each of another core.
"""
import os, sys, time

THREADS = int(os.environ["THREADS"])


def one_of_each_core():
    cpus = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        try:
            core = open(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read()
        except OSError:
            core = cpu
        cpus.setdefault(core, cpu)
    return list(cpus.values())


os.sched_setaffinity(0, one_of_each_core()[:THREADS])
os.environ["JAX_PLATFORMS"] = "cpu"
import jax, jax.numpy as jnp

SECONDS = float(os.environ["FM_BENCH_SECONDS"])
dim, hidden, batch, points = map(int, sys.argv[1:])
EMBED = 64
tree_map = jax.tree_util.tree_map


def linear(key, inputs, outputs):
    of_weight, of_bias = jax.random.split(key)
    bound = inputs ** -0.5
    return {"w": jax.random.uniform(of_weight, (inputs, outputs), minval=-bound, maxval=bound),
            "b": jax.random.uniform(of_bias, (outputs,), minval=-bound, maxval=bound)}


def apply(layer, x):
    return x @ layer["w"] + layer["b"]


def model(layers, x, t):
    h = apply(layers[1], jax.nn.silu(apply(layers[0], t[:, None])))
    h = jnp.concatenate([x, h], -1)
    for layer in layers[2:5]:
        h = jax.nn.silu(apply(layer, h))
    return apply(layers[5], h)


def loss_of(layers, x1, key):
    of_x0, of_t = jax.random.split(key)
    x0, t = jax.random.normal(of_x0, x1.shape), jax.random.uniform(of_t, (x1.shape[0],))
    xt = (1 - t[:, None]) * x0 + t[:, None] * x1
    return jnp.mean((model(layers, xt, t) - (x1 - x0)) ** 2)


@jax.jit
def adam_step(layers, m, v, i, x1, key):
    key, now = jax.random.split(key)
    loss, g = jax.value_and_grad(loss_of)(layers, x1, now)
    m = tree_map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = tree_map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    c1, c2 = 1 - 0.9 ** i, 1 - 0.999 ** i
    layers = tree_map(lambda p, m, v: p - 1e-3 * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), layers, m, v)
    return layers, m, v, i + 1, key, loss


@jax.jit
def euler(layers, x):
    def move(i, x):
        return x + model(layers, x, jnp.full((points,), i / 100)) / 100
    return jax.lax.fori_loop(0, 100, move, x)


keys = jax.random.split(jax.random.PRNGKey(0), 9)
sizes = [(1, EMBED), (EMBED, EMBED), (dim + EMBED, hidden), (hidden, hidden), (hidden, hidden), (hidden, dim)]
layers = [linear(key, *size) for key, size in zip(keys, sizes)]
x1 = jax.random.normal(keys[6], (batch, dim))
state = layers, tree_map(jnp.zeros_like, layers), tree_map(jnp.zeros_like, layers), jnp.float32(1), keys[7]


def step():
    global state
    *moved, key, loss = adam_step(*state[:4], x1, state[4])
    state = *moved, key
    return float(loss)


def train():
    for _ in range(5):
        step()
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        step()
        steps += 1
    return steps / (time.perf_counter() - start)


def sample():
    start = time.perf_counter()
    euler(state[0], jax.random.normal(keys[8], (points, dim))).block_until_ready()
    return time.perf_counter() - start


for _ in range(20):
    step()
sampled = False
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "sample" and not sampled:
        sample()  # compiles it
        sampled = True
    print({"train": train, "sample": sample}[line.strip()](), flush=True)
