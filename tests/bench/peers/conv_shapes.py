"""The PyTorch side of tests/bench/conv_shapes.lua: times one convolution at a time.

Reads a line for each: pictures, channels, height and width, channels made, kernel, stride, padding.
Answers with the least milliseconds of the forward pass, of the input's gradient and of the
weight's. THREADS sets how many threads it uses.
"""
import os, sys, time
import torch, torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(int(os.environ.get("THREADS", "1")))


def least(seconds, f):
    best, end = float("inf"), time.perf_counter() + seconds
    while True:
        best = min(best, f())
        if time.perf_counter() > end:
            return best * 1e3


def timed(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


for line in sys.stdin:
    seconds, n, c, h, w, o, k, stride, padding = (float(word) if "." in word else int(word) for word in line.split())
    x, weight, b = torch.randn(n, c, h, w), torch.randn(o, c, k, k) / (c * k * k) ** 0.5, torch.randn(o)

    def forward():
        with torch.no_grad():
            return timed(lambda: F.conv2d(x, weight, b, stride, padding))

    def gradient(of):
        of.requires_grad_()
        y = F.conv2d(x, weight, None, stride, padding)
        dy = torch.randn_like(y)

        def once():
            of.grad = None
            return timed(lambda: y.backward(dy, retain_graph=True))
        best = least(seconds, once)
        of.requires_grad_(False)
        return best

    print(least(seconds, forward), gradient(x), gradient(weight), flush=True)
