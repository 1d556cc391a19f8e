"""tests/bench/picture_step.lua in PyTorch: picture_step.py [unet|dit [CHANNELS]]. THREADS, FM_BENCH_SECONDS."""
import json, os, sys, time
from pathlib import Path

import torch, torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parents[2] / "golden"))
sys.dont_write_bytecode = True
from make_models import Attention, DiT, UNet

torch.set_default_dtype(torch.float32)
torch.manual_seed(0)
threads = int(os.environ.get("THREADS", "1"))
name, channels = sys.argv[1] if len(sys.argv) > 1 else "unet", int(sys.argv[2]) if len(sys.argv) > 2 else 1
torch.set_num_threads(threads)
model = DiT(channels, 32, 4, dim=128, heads=4, layers=4) if name == "dit" else UNet(channels, 32, [1, 2, 2], 1, [False, False, True])
opt = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
x1 = torch.randn(64, channels, 32, 32)


def attend(self, x):  # PyTorch's own attention, which is faster than products and a softmax
    q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
    return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


Attention.forward = attend


def step():
    x0, t = torch.randn_like(x1), torch.rand(64)
    s = t[:, None, None, None]
    loss = F.mse_loss(model((1 - s) * x0 + s * x1, t), x1 - x0)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


for _ in range(3):
    step()
times, start = [], time.perf_counter()
while time.perf_counter() - start < float(os.environ.get("FM_BENCH_SECONDS", "6")):
    before = time.perf_counter()
    step()
    times.append((time.perf_counter() - before) * 1e3)
times.sort()
peak = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(json.dumps({"peer": "torch", "model": name, "threads": threads, "channels": channels, "ms_per_step": round(times[(len(times) - 1) // 2], 1), "least_ms": round(times[0], 1), "peak_mb": round(peak / 1024)}))
