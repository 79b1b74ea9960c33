"""The samplers a second time: k-diffusion's and A1111's loops as their papers have them, in double, on any denoiser.

Written without a look at engine/denoise/solvers, so that two hands must have made the same mistake.
`model(x, sigma)` gives the picture, `noise()` the next normal numbers, `path(sigma, to)` a Brownian path's.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad

Tensor = torch.Tensor
Model = Callable[[Tensor, float], Tensor]
Draw = Callable[[], Tensor]
ROOT = 2**0.5 - 1


def split(s: float, t: float, eta: float) -> tuple[float, float]:
    up = min(t, eta * (t**2 * (s**2 - t**2) / s**2) ** 0.5)
    return (t**2 - up**2) ** 0.5, up


def lift(s: float, n: int, o: dict[str, Any]) -> float:
    if not o.get("s_churn") or not o["s_tmin"] <= s <= o["s_tmax"]:
        return s
    return s * (1 + min(o["s_churn"] / n, ROOT))


def churned(x: Tensor, s: float, hat: float, noise: Draw, o: dict[str, Any]) -> Tensor:
    return x + noise() * o["s_noise"] * (hat**2 - s**2) ** 0.5 if o.get("s_churn") else x


def euler(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    for s, t in itertools.pairwise(sig):
        hat = lift(s, len(sig) - 1, o)
        x = churned(x, s, hat, noise, o)
        x = x + (x - model(x, hat)) / hat * (t - hat)
    return x


def euler_a(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    for s, t in itertools.pairwise(sig):
        down, up = split(s, t, o["eta"])
        x = x + (x - model(x, s)) / s * (down - s)
        if t > 0:
            x = x + noise() * o["s_noise"] * up
    return x


def heun(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    for s, t in itertools.pairwise(sig):
        hat = lift(s, len(sig) - 1, o)
        x = churned(x, s, hat, noise, o)
        d = (x - model(x, hat)) / hat
        guess = x + d * (t - hat)
        if t > 0:
            d = (d + (guess - model(guess, t)) / t) / 2
        x = x + d * (t - hat)
    return x


def dpm2(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    for s, t in itertools.pairwise(sig):
        hat = lift(s, len(sig) - 1, o)
        x = churned(x, s, hat, noise, o)
        d = (x - model(x, hat)) / hat
        if t > 0:
            mid = np.exp((np.log(hat) + np.log(t)) / 2)
            half = x + d * (mid - hat)
            d = (half - model(half, mid)) / mid
        x = x + d * (t - hat)
    return x


def dpm2_a(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    for s, t in itertools.pairwise(sig):
        down, up = split(s, t, o["eta"])
        d = (x - model(x, s)) / s
        if down > 0:
            mid = np.exp((np.log(s) + np.log(down)) / 2)
            half = x + d * (mid - s)
            d = (half - model(half, mid)) / mid
        x = x + d * (down - s)
        if t > 0:
            x = x + noise() * o["s_noise"] * up
    return x


def lms(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    ds: list[Tensor] = []
    for i in range(len(sig) - 1):
        ds = [(x - model(x, sig[i])) / sig[i], *ds][:4]

        def base(tau: float, j: int, i: int = i, n: int = len(ds)) -> float:
            return float(np.prod([(tau - sig[i - k]) / (sig[i - j] - sig[i - k]) for k in range(n) if k != j]))

        for j, d in enumerate(ds):
            x = x + d * quad(base, sig[i], sig[i + 1], args=(j,), epsrel=1e-10, limit=200)[0]
    return x


def dpmpp_2m(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    old, h_old = None, 0.0
    for s, t in itertools.pairwise(sig):
        den = model(x, s)
        if t == 0 or old is None:
            aim = den
        else:
            r = h_old / (np.log(s) - np.log(t))
            aim = (1 + 1 / (2 * r)) * den - 1 / (2 * r) * old
        h = np.inf if t == 0 else np.log(s) - np.log(t)
        x = t / s * x - np.expm1(-h) * aim
        old, h_old = den, h
    return x


def dpmpp_2m_sde(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    old, h_old = None, 0.0
    for s, t in itertools.pairwise(sig):
        den = model(x, s)
        if t == 0:
            return den
        h = np.log(s) - np.log(t)
        eh = o["eta"] * h
        x = t / s * np.exp(-eh) * x - np.expm1(-h - eh) * den
        if old is not None:
            r = h_old / h
            if o.get("heun"):
                x = x + (-np.expm1(-h - eh) / (-h - eh) + 1) / r * (den - old)
            else:
                x = x - 0.5 * np.expm1(-h - eh) / r * (den - old)
        if o["eta"]:
            x = x + path(s, t) * t * (-np.expm1(-2 * eh)) ** 0.5 * o["s_noise"]
        old, h_old = den, h
    return x


def dpmpp_3m_sde(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    d1 = d2 = None
    h1 = h2 = 0.0
    for s, t in itertools.pairwise(sig):
        den = model(x, s)
        if t == 0:
            return den
        h = np.log(s) - np.log(t)
        e = h * (o["eta"] + 1)
        x = np.exp(-e) * x - np.expm1(-e) * den
        phi2 = np.expm1(-e) / e + 1
        if d2 is not None and d1 is not None:
            r0, r1 = h1 / h, h2 / h
            a, b = (den - d1) / r0, (d1 - d2) / r1
            x = x + phi2 * (a + (a - b) * r0 / (r0 + r1)) - (phi2 / e - 0.5) * (a - b) / (r0 + r1)
        elif d1 is not None:
            x = x + phi2 * (den - d1) / (h1 / h)
        if o["eta"]:
            x = x + path(s, t) * t * (-np.expm1(-2 * h * o["eta"])) ** 0.5 * o["s_noise"]
        d1, d2, h1, h2 = den, d1, h, h1
    return x


def dpmpp_sde(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    for s, t in itertools.pairwise(sig):
        den = model(x, s)
        if t == 0:
            return den
        mid = np.exp((np.log(s) + np.log(t)) / 2)
        down, up = split(s, mid, o["eta"])
        half = down / s * x - np.expm1(np.log(down) - np.log(s)) * den
        if o["eta"]:
            half = half + path(s, mid) * o["s_noise"] * up
        den = model(half, mid)
        down, up = split(s, t, o["eta"])
        x = down / s * x - np.expm1(np.log(down) - np.log(s)) * den
        if o["eta"]:
            x = x + path(s, t) * o["s_noise"] * up
    return x


def dpmpp_2s_a(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    for s, t in itertools.pairwise(sig):
        den = model(x, s)
        down, up = split(s, t, o["eta"])
        if down == 0:
            return x + (x - den) / s * (down - s)
        h = np.log(s) - np.log(down)
        half = np.exp(-h / 2) * x - np.expm1(-h / 2) * den
        x = np.exp(-h) * x - np.expm1(-h) * model(half, s * np.exp(-h / 2))
        if t > 0:
            x = x + noise() * o["s_noise"] * up
    return x


def dpm_fast(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    """sig: any list of n + 1 levels; only its ends count."""
    n, start, end = len(sig) - 1, -np.log(sig[0]), -np.log(sig[-1])
    m = n // 3 + 1
    orders = [3] * (m - 2) + [2, 1] if n % 3 == 0 else [3] * (m - 1) + [n % 3]
    ts = np.linspace(start, end, m + 1)
    for order, now, then in zip(orders, ts, ts[1:], strict=False):
        to, up = then, 0.0
        if o["eta"]:
            down, _ = split(np.exp(-now), np.exp(-then), o["eta"])
            to = min(end, -np.log(down))
            up = max(0.0, np.exp(-2 * then) - np.exp(-2 * to)) ** 0.5
        x = exponential(model, x, now, to, order)[0] + up * o["s_noise"] * noise()
    return x


def exponential(model: Model, x: Tensor, t: float, to: float, order: int) -> tuple[Tensor, Tensor]:
    """DPM-Solver-1, -2, -3 of the paper; also the second order's answer from the third's evaluations."""
    h, sigma = to - t, lambda t: float(np.exp(-t))

    def eps(x: Tensor, t: float) -> Tensor:
        return (x - model(x, sigma(t))) / sigma(t)

    e = eps(x, t)
    if order == 1:
        return x - sigma(to) * np.expm1(h) * e, x
    r1 = 1 / 2 if order == 2 else 1 / 3
    e1 = eps(x - sigma(t + r1 * h) * np.expm1(r1 * h) * e, t + r1 * h)
    second = x - sigma(to) * np.expm1(h) * e - sigma(to) / (2 * r1) * np.expm1(h) * (e1 - e)
    if order == 2:
        return second, x
    r2, s2 = 2 / 3, t + 2 / 3 * h
    u2 = x - sigma(s2) * np.expm1(r2 * h) * e
    u2 = u2 - sigma(s2) * r2 / r1 * (np.expm1(r2 * h) / (r2 * h) - 1) * (e1 - e)
    e2 = eps(u2, s2)
    return x - sigma(to) * np.expm1(h) * e - sigma(to) / r2 * (np.expm1(h) / h - 1) * (e2 - e), second


def dpm_adaptive(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    s, end, h, before = -np.log(sig[0]), -np.log(sig[-1]), 0.05, x
    order = 1.5 if o["eta"] else 3
    while s < end - 1e-5:
        t = min(end, s + h)
        to, up = t, 0.0
        if o["eta"]:
            down, _ = split(np.exp(-s), np.exp(-t), o["eta"])
            to = min(end, -np.log(down))
            up = max(0.0, np.exp(-2 * t) - np.exp(-2 * to)) ** 0.5
        high, low = exponential(model, x, s, to, 3)
        delta = torch.clamp(0.05 * torch.maximum(low.abs(), before.abs()), min=0.0078)
        error = float(torch.linalg.norm((low - high) / delta)) / x.numel() ** 0.5
        factor = 1 + np.arctan((1 / (error + 1e-8)) ** (1 / order) - 1)
        h *= factor
        if factor >= 0.81:
            before, s = low, t
            x = high + up * o["s_noise"] * noise()
    return x


def restart(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    """Xu et al. with A1111's list: one restart of 9 steps from 20 steps on, two of a quarter from 36 on."""

    def karras(n: int, low: float, high: float) -> Any:
        return (high ** (1 / 7) + np.linspace(0, 1, n) * (low ** (1 / 7) - high ** (1 / 7))) ** 7

    n, again, where = len(sig) - 1, [], -1
    if n >= 20:
        length, times = (n // 4, 2) if n >= 36 else (9, 1)
        sig = np.append(karras(n - length * times, sig[-2], sig[0]), 0)
        where, top = int(np.argmin(abs(sig - 0.1))), int(np.argmin(abs(sig - 2)))
        again = [karras(length + 1, sig[where], sig[top])] * times
    for i in range(len(sig) - 1):
        x = heun(model, x, sig[i : i + 2], noise, path, {})
        if i + 1 == where:
            for levels in again:
                x = x + noise() * o["s_noise"] * (levels[0] ** 2 - sig[where] ** 2) ** 0.5
                x = heun(model, x, levels, noise, path, {})
    return x


def ddim(eps: Model, x: Tensor, times: Any, alphas: Any, noise: Draw, eta: float) -> Tensor:
    """Song et al., equation 12; latents of unit variance, times falling, the last one not asked."""
    for t, to in itertools.pairwise(times):
        a, b = alphas[t], alphas[to]
        s = eta * ((1 - b) / (1 - a) * (1 - a / b)) ** 0.5
        e = eps(x, t)
        x = b**0.5 * (x - (1 - a) ** 0.5 * e) / a**0.5 + (1 - b - s**2) ** 0.5 * e + s * noise()
    return x


def plms(eps: Model, x: Tensor, times: Any, alphas: Any) -> Tensor:
    old: list[Tensor] = []

    def go(e: Tensor, a: float, b: float) -> Tensor:
        return b**0.5 * (x - (1 - a) ** 0.5 * e) / a**0.5 + (1 - b) ** 0.5 * e

    for t, to in itertools.pairwise(times):
        a, b, e = alphas[t], alphas[to], eps(x, t)
        if not old:
            mixed = (e + eps(go(e, a, b), to)) / 2
        elif len(old) == 1:
            mixed = (3 * e - old[-1]) / 2
        elif len(old) == 2:
            mixed = (23 * e - 16 * old[-1] + 5 * old[-2]) / 12
        else:
            mixed = (55 * e - 59 * old[-1] + 37 * old[-2] - 9 * old[-3]) / 24
        old, x = [*old, e], go(mixed, a, b)
    return x


def unipc(model: Model, x: Tensor, sig: Any, noise: Draw, path: Any, o: dict[str, Any]) -> Tensor:
    """Zhao et al. 2023, arXiv 2302.04867: UniP and UniC of order 3 on the picture, B(h) = h, lower orders at both ends.

    Both are exact for what the pictures' polynomial in lambda = -log sigma is; UniC has the new point's picture too.
    """
    lam, n = -np.log(sig), len(sig) - 1
    pictures = [model(x, sig[0])]
    for i, h in enumerate(np.diff(lam)):
        now, order = pictures[i], min(3, i + 1, n - i)
        places = [(lam[i - k] - lam[i]) / h for k in range(1, order)]
        changes = [pictures[i - k] - now for k in range(1, order)]
        plain = sig[i + 1] / sig[i] * x - np.expm1(-h) * now
        x = plain + sum((w * c for w, c in zip(shares(places, h), changes, strict=True)), torch.zeros_like(x))
        if i + 1 < n:
            pictures.append(model(x, sig[i + 1]))  # asked once a step: not again of the corrected latents
            changes.append(pictures[-1] - now)
            x = plain + sum((w * c for w, c in zip(shares([*places, 1.0], h), changes, strict=True)), 0 * x)
    return x


def shares(places: list[float], h: float) -> Any:
    """a_m B(h) / r_m where R(h) a = g(h) / B(h): with one place a = 1/2, as the paper has it. places: r_m."""
    count = len(places)
    if count < 2:
        return [0.5 * h / r for r in places]
    moments = [h * quad(lambda u, k=k: np.exp((u - 1) * h) * u**k, 0, 1)[0] for k in range(1, count + 1)]
    rows = [[r**k for r in places] for k in range(count)]
    return np.linalg.solve(rows, np.array(moments) / h) * h / places
