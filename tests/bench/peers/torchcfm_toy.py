"""tests/bench/torchcfm_toy.lua in PyTorch, with POT's exact optimal transport: milliseconds per train step.

Usage: torchcfm_toy.py    prints one JSON line for each coupling; THREADS and FM_BENCH_SECONDS as for peer_torch.py.
"""
import json, math, os, time
import numpy as np, ot, torch, torch.nn as nn, torch.nn.functional as F

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
SECONDS = float(os.environ.get("FM_BENCH_SECONDS", "4"))
BATCH, SIGMA = 256, 0.1


def eight_gaussians(n):
    angle = torch.randint(0, 8, (n,)) * (math.pi / 4)
    return 5 * torch.stack([angle.cos(), angle.sin()], 1) + math.sqrt(0.1) * torch.randn(n, 2)


def moons(n):
    angle, lower = torch.rand(n) * math.pi, torch.rand(n) < 0.5
    x, y = angle.cos(), angle.sin()
    points = torch.stack([torch.where(lower, 1 - x, x), torch.where(lower, 0.5 - y, y)], 1)
    return 3 * (points + 0.2 * torch.randn(n, 2)) - 1


def by_transport(x0, x1):
    """x0 in the order of its partners in x1: the exact plan of uniform samples of one size is a permutation."""
    weight = np.full(len(x0), 1 / len(x0))
    plan = ot.emd(weight, weight, (torch.cdist(x1, x0) ** 2).numpy())
    return x0[torch.from_numpy(plan.argmax(1))]


def time_of(coupling):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 64), nn.SELU(), nn.Linear(64, 64), nn.SELU(), nn.Linear(64, 64), nn.SELU(), nn.Linear(64, 2))
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        x0, x1 = eight_gaussians(BATCH), moons(BATCH)
        if coupling == "ot":
            x0 = by_transport(x0, x1)
        t = torch.rand(BATCH, 1)
        x = (1 - t) * x0 + t * x1 + SIGMA * torch.randn(BATCH, 2)
        opt.zero_grad()
        loss = F.mse_loss(model(torch.cat([x, t], 1)), x1 - x0)
        loss.backward()
        opt.step()
        return loss.item()

    for _ in range(20):
        step()
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        for _ in range(5):
            loss = step()
        steps += 5
    return (time.perf_counter() - start) / steps * 1e3, loss


for coupling in ("independent", "ot"):
    ms, loss = time_of(coupling)
    print(json.dumps({"peer": "torch", "work": "torchcfm_toy", "coupling": coupling, "ms_per_step": round(ms, 3), "loss": round(loss, 4)}))
