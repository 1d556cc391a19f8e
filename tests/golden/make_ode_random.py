"""Random initial value problems solved by scipy.integrate.solve_ivp, for tests/lua/ode_scipy_spec.lua.

    python3 make_ode_random.py > ode_random.json        (SciPy 1.17.1, NumPy 2.4)

A field is a list of expressions that Lua and Python read alike; x[1] is the first component. Kept are only problems whose steps do not
move by more than 1e-11 when every slope is perturbed in its last digits: the others are decided by round-off, not by the method.
"""
import json
import math
import random
import sys

import numpy as np
from scipy.integrate import solve_ivp

draw = random.Random(3)
names = {"sin": math.sin, "cos": math.cos, "exp": math.exp, "sqrt": math.sqrt}


def number(low, high):
    return round(draw.uniform(low, high), 4)


def linear():
    n = draw.randint(1, 5)
    a = [[number(-1, 1) * draw.choice([0.3, 1, 3]) for _ in range(n)] for _ in range(n)]
    return [" + ".join(f"({a[i][j]:.4f})*x[{j + 1}]" for j in range(n)) for i in range(n)], [number(-2, 2) for _ in range(n)], 4


def predators():
    return [f"{number(0.5, 2)}*x[1] - x[1]*x[2]", f"x[1]*x[2] - {number(1, 3)}*x[2]"], [number(0.5, 3), number(0.5, 3)], 6


def van_der_pol():
    return ["x[2]", f"{number(0.5, 5)}*(1 - x[1]*x[1])*x[2] - x[1]"], [number(1, 2), number(-1, 1)], 4


def lorenz():
    return (["10*(x[2] - x[1])", "x[1]*(28 - x[3]) - x[2]", "x[1]*x[2] - 8/3*x[3]"],
            [number(-5, 5), number(-5, 5), number(10, 20)], 0.7)


def driven():
    return [f"x[1]*cos({number(0.5, 3)}*t) + sin(t)"], [number(-2, 2)], 5


def stiff():
    return [f"-{number(5, 80)}*(x[1] - cos(t))"], [number(-2, 2)], 1


def logistic():
    return [f"x[1]*(1 - x[1])*{number(0.3, 3)}"], [number(0.01, 0.2)], 6


def orbit():
    r3 = "((x[1]*x[1] + x[2]*x[2])*sqrt(x[1]*x[1] + x[2]*x[2]))"
    return ["x[3]", "x[4]", f"-x[1]/{r3}", f"-x[2]/{r3}"], [0.5, 0, 0, 1.7320508], 5


def growing():
    return [f"exp(-x[1]) + {number(0.1, 1)}*t*t"], [number(-1, 1)], 3


def field_of(expressions, noise=None):
    code = compile("[" + ",".join(f"({e})" for e in expressions) + "]", "field", "eval")

    def field(t, y):
        slope = eval(code, names, {"x": [None] + [float(v) for v in y], "t": float(t)})
        return [v * (1 + noise.uniform(-4e-16, 4e-16)) for v in slope] if noise else slope

    return field


def event_of(e):
    def event(t, y):
        return value(t, y)[0]

    value = field_of([e["value"]])
    event.direction = {"up": 1, "down": -1, "both": 0}[e["direction"]]
    event.terminal = e["terminal"] or False
    return event


def options_of(case):
    o = {k: case[k] for k in ("rtol", "atol", "first_step", "max_step") if k in case}
    return dict(o, method=case["method"], events=[event_of(e) for e in case["events"]])


def new_case():
    field, y0, length = draw.choice([linear, predators, van_der_pol, lorenz, driven, stiff, logistic, orbit, growing])()
    start = number(-1, 1)
    end = start + (length if draw.random() < 0.7 or field[0].startswith("-") else -length / 4)
    case = {"field": field, "y0": y0, "span": [start, end], "method": draw.choice(["RK23", "RK45", "DOP853"]),
            "rtol": 10.0 ** -draw.randint(2, 7), "atol": 10.0 ** -draw.randint(3, 9)}
    if draw.random() < 0.3:
        case["first_step"] = abs(end - start) * draw.choice([1, 0.1, 1e-4])
    if draw.random() < 0.3:
        case["max_step"] = abs(end - start) * draw.choice([0.5, 0.1, 0.03])
    case["t_eval"] = sorted((start + (end - start) * draw.random() for _ in range(4)), reverse=end < start)
    values = ["x[1] - " + str(number(-1, 2)), "t - " + str(round(draw.uniform(start, end), 4)), f"x[{len(y0)}]"]
    case["events"] = [{"value": value, "direction": draw.choice(["up", "down", "both"]), "terminal": draw.choice([0, 0, 1, 2])}
                      for value in draw.sample(values, draw.choice([0, 0, 1, 2, 3]))]
    return case


def solve(case, **more):
    noise = more.pop("noise", None)
    return solve_ivp(field_of(case["field"], noise), case["span"], case["y0"], **options_of(case), **more)


def is_steady(case, result):
    for seed in range(6):
        other = solve(case, noise=random.Random(seed))
        if other.nfev != result.nfev or other.t.shape != result.t.shape:
            return False
        if np.abs(other.t - result.t).max() > 1e-11 or np.abs(other.y - result.y).max() > 1e-11 * np.abs(result.y).max():
            return False
    return True


def main():
    cases = []
    while len(cases) < 60:
        case = new_case()
        try:
            result, at = solve(case), solve(case, t_eval=case["t_eval"])
        except (OverflowError, ZeroDivisionError):
            continue
        if result.nfev > 400 or not np.isfinite(result.y).all() or not is_steady(case, result):
            continue
        case.update(status={0: "finished", 1: "event", -1: "step_too_small"}[result.status], nfev=result.nfev, t=result.t.tolist(),
                    y=result.y.T.tolist(), y_eval=np.transpose(at.y).tolist() if len(at.t) else [],
                    t_events=[list(t) for t in result.t_events or []])
        cases.append(case)
    sys.stdout.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


main()
