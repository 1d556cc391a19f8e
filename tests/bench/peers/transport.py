"""Exact transport between the points in FOLDER, in POT or SciPy. Usage: transport.py pot|scipy WORK FOLDER.

Prints milliseconds, the cost and 0. For w1, w2 and ot the making of the costs is timed, for costs it is not.
"""
import sys, time

import numpy as np

who, work, folder = sys.argv[1:]
a, b = np.load(folder + "/a.npy"), np.load(folder + "/b.npy")
if a.ndim == 1:
    a, b = a[:, None], b[:, None]
n, root = len(a), work in ("w1", "costs")
weights = np.full(n, 1 / n)
if who == "pot":
    import ot

    def costs(a, b):
        return ot.dist(a, b, metric="euclidean" if root else "sqeuclidean")

    def solve(c):
        return ot.emd2(weights, weights, c, numItermax=10**9) if work != "ot" else (ot.emd(weights, weights, c, numItermax=10**9) * c).sum()
else:
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    def costs(a, b):
        return cdist(a, b, "euclidean" if root else "sqeuclidean")

    def solve(c):
        rows, columns = linear_sum_assignment(c)
        return c[rows, columns].mean()


solve(costs(a[:8], b[:8])) if who == "scipy" else ot.emd2(np.ones(1), np.ones(1), np.ones((1, 1)))  # what is loaded at first use
c = costs(a, b) if work == "costs" else None
begun = time.perf_counter()
cost = solve(costs(a, b) if c is None else c)
print((time.perf_counter() - begun) * 1000, repr(float(cost if root else np.sqrt(cost))), 0)
