"""peers/toy_flow.lua in PyTorch, and a sweep of it: a process per run, so many at a time.

Usage: toy_flow.py --sweep RUNS JOBS FOLDER    or, as the sweep starts it: toy_flow.py SEED LR FOLDER
"""
import json, os, subprocess, sys, time


def run(seed, lr, folder, steps=500, batch=256, hidden=64, embed=64):
    import torch, torch.nn as nn, torch.nn.functional as F

    torch.set_num_threads(1)
    torch.manual_seed(seed)

    class VectorField(nn.Module):
        def __init__(self):
            super().__init__()
            self.time_embed = nn.Sequential(nn.Linear(1, embed), nn.SiLU(), nn.Linear(embed, embed))
            self.net = nn.Sequential(nn.Linear(2 + embed, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
                                     nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 2))

        def forward(self, x, t):
            return self.net(torch.cat([x, self.time_embed(t.unsqueeze(-1))], dim=-1))

    model = VectorField()
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    os.makedirs(folder)
    with open(folder + "/metrics.jsonl", "w") as log:
        for step in range(1, steps + 1):
            x1 = torch.randn(batch, 2).tanh()
            x0, t = torch.randn_like(x1), torch.rand(batch, 1)
            loss = F.mse_loss(model((1 - t) * x0 + t * x1, t.squeeze(-1)), x1 - x0)
            opt.zero_grad()
            loss.backward()
            opt.step()
            log.write(json.dumps({"step": step, "loss": loss.item()}) + "\n")
    with torch.no_grad():
        x = torch.randn(1000, 2)
        for i in range(100):
            x = x + model(x, torch.full((1000,), i / 100)) / 100
    torch.save(model.state_dict(), folder + "/checkpoint.pt")
    with open(folder + "/run.json", "w") as record:
        json.dump({"seed": seed, "lr": lr, "loss": loss.item(), "spread": x.square().mean().item()}, record)


def sweep(runs, jobs, folder):
    waiting = [(seed, lr) for seed in range(runs // 3) for lr in (3e-4, 1e-3, 3e-3)]
    running = []
    began = time.perf_counter()
    while waiting or running:
        while waiting and len(running) < jobs:
            seed, lr = waiting.pop(0)
            running.append(subprocess.Popen([sys.executable, __file__, str(seed), str(lr), f"{folder}/{seed}-{lr}"]))
        for process in list(running):
            if process.poll() is not None:
                assert process.returncode == 0
                running.remove(process)
        time.sleep(0.005)
    print(time.perf_counter() - began)


if sys.argv[1] == "--sweep":
    sweep(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
else:
    run(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
