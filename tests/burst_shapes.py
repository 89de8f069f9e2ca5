"""Light curves as BAT sees them, made with a seed: what bursts and backgrounds do.

Shapes follow what is published of bursts: pulses that rise fast and decay slowly
(Norris et al. 2005, ApJ 627, 324), precursors, episodes minutes apart, spikes with
extended emission, and bursts that last over the data they are in. Backgrounds have
what the instrument adds: errors that change as the spacecraft slews, bins without
data, offsets; in raw counts orbits, turn-ons, SAA passages, steps of a bright source at
the Earth's limb, and single bins hit by a particle.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from burst_series import MET, frame

NET_SHARES = np.array([0.25, 0.35, 0.28, 0.12])
RAW_SHARES = np.array([0.4, 0.3, 0.2, 0.1])
SOFT, USUAL, HARD = (
    (0.6, 0.35, 0.05, 0.0),
    (0.28, 0.32, 0.27, 0.13),
    (0.05, 0.15, 0.4, 0.4),
)
FINE = 0.004


@dataclass(frozen=True)
class Case:
    """A series and what is true of it: MET span of T90 (None: no burst), and its height.

    `seen_sigma` is what all of it that was measured stands out by, bin by bin;
    `peak_sigma` its highest bin.
    """

    series: pl.DataFrame
    span: tuple[float, float] | None = None
    seen_sigma: float = 0.0
    peak_sigma: float = 0.0

    @property
    def t90_s(self):
        """Length of the true T90, s."""
        return self.span[1] - self.span[0]


def norris(t, start, rise, decay):
    """Return a pulse of Norris et al. 2005, of peak 1."""
    x = np.maximum(t - start, 1e-9)
    mu = np.sqrt(rise / decay)
    return np.where(t > start, np.exp(2 * mu - rise / x - x / decay), 0.0)


def gauss(t, at, wide):
    """Return a symmetric pulse of peak 1."""
    return np.exp(-0.5 * ((t - at) / wide) ** 2)


def fred(t, rng):
    """Return one pulse with a fast rise, of some seconds."""
    decay = np.exp(rng.uniform(np.log(0.5), np.log(25)))
    return norris(t, 0.0, rng.uniform(0.1, 1.0) * decay, decay)


def pulses(t, rng):
    """Return many pulses over tens of seconds."""
    total, lasts = np.zeros_like(t), np.exp(rng.uniform(np.log(8), np.log(120)))
    for _ in range(rng.integers(3, 20)):
        total += rng.lognormal(0, 0.8) * norris(
            t, rng.uniform(0, lasts), 0.03 * lasts, rng.uniform(0.02, 0.12) * lasts
        )
    return total


def precursor(t, rng):
    """Return a weak pulse, a pause of 20 to 120 s, and the burst."""
    pause = rng.uniform(20, 120)
    return 0.3 * gauss(t, 2, 1.5) + norris(t, pause, 2, 6)


def episodes(t, rng):
    """Return two episodes, minutes apart."""
    apart = rng.uniform(150, 450)
    return pulses(t, rng) + 0.8 * norris(t, apart, 4, rng.uniform(5, 20))


def ultralong(t, rng):
    """Return emission over a thousand seconds and more."""
    total = 0.3 * (t > 0) * np.exp(-np.maximum(t, 0) / 900)
    for at in rng.uniform(0, 800, 8):
        total += rng.uniform(0.3, 1) * norris(t, at, 10, rng.uniform(10, 50))
    return total


def spike(t, rng):
    """Return a pulse of 64 ms or so."""
    return gauss(t, 0.1, rng.uniform(0.012, 0.04))


def short(t, rng):
    """Return a burst of less than 2 s."""
    lasts = rng.uniform(0.2, 1.5)
    return sum(
        rng.uniform(0.3, 1) * norris(t, at, 0.05 * lasts, 0.12 * lasts)
        for at in rng.uniform(0, 0.7 * lasts, 4)
    )


def extended(t, rng):
    """Return a spike, and weak emission for 30 to 100 s after it."""
    wide = rng.uniform(12, 35)
    return norris(t, 0, 0.1, 0.3) + 0.12 * gauss(t, 2.2 * wide, wide)


def plateau(t, rng):
    """Return faint emission that rises and falls slowly, seen by imaging only."""
    wide = rng.uniform(30, 80)
    return gauss(t, 2 * wide, wide)


def tailed(t, rng):
    """Return a pulse with a tail that falls as a power law."""
    return norris(t, 0, 1, 4) + 0.02 * (t > 5) * (np.maximum(t, 5) / 5) ** -1.2


SHAPES = {
    f.__name__: f
    for f in (fred, pulses, precursor, episodes, ultralong, spike, short, extended,
              plateau, tailed)
}  # fmt: skip


def emission(shape, edges, start, rng):
    """Return the fluence in each bin, of 1 between the edges, and where T90 is."""
    long = SHAPES[shape] in {fred, pulses, precursor, episodes, ultralong, plateau,
                             tailed, extended}  # fmt: skip
    step = 0.02 if long else FINE / 4
    t = np.arange(-5.0, 2500.0 if long else 20.0, step)
    grown = np.cumsum(SHAPES[shape](t, rng))
    inside = np.interp(edges[[0, -1]] - start, t, grown)
    grown = np.clip((grown - inside[0]) / (inside[1] - inside[0]), 0.0, 1.0)
    return np.diff(np.interp(edges - start, t, grown)), np.interp(
        (0.05, 0.95), grown, t
    )


def net_errors(t, rng):
    """Return the error of a rate in 1 s: high, falling in the slew, then level."""
    before, after = rng.uniform(0.0095, 0.026), rng.uniform(0.0083, 0.0098)
    slew, lasts = rng.uniform(12, 40), rng.uniform(30, 90)
    if rng.random() < 0.15:
        return np.full_like(t, before)
    turned = np.clip((t - slew) / lasts, 0, 1)
    hump = 0.5 * gauss(turned, 0.5, 0.15) if rng.random() < 0.3 else 0.0
    return (before + (after - before) * turned**2 * (3 - 2 * turned)) * (1 + hump)


def offsets(t, error, rng):
    """Return the systematic rates a mask-weighted series has, of some hundredths."""
    slow = np.interp(t, np.linspace(t[0], t[-1], 9), rng.normal(0, 0.05, 9))
    return error * (slow + rng.normal(0, 0.04))


def net_case(
    shape, seed, *, bin_s=1.0, sigma=None, channels=1, spectrum=USUAL,
    start=0.0, span=(-240.0, 962.0), missing=(),
):  # fmt: skip
    """Return a mask-weighted series with a burst of a shape, or None for none.

    `sigma` is its fluence over the noise of its T90; `missing` spans (s) without data.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(span[0], span[1], bin_s) + rng.uniform(0, bin_s)
    error = net_errors(t, rng) / np.sqrt(bin_s)
    edges = np.append(t, t[-1] + bin_s)
    rate, case = np.zeros_like(t), None
    if shape is not None:
        part, (first, last) = emission(shape, edges, start, rng)
        lasts = max(last - first, bin_s)
        a = int(np.clip(np.searchsorted(t, start + first) - 1, 0, len(t) - 1))
        b = min(int(np.searchsorted(t, start + last)) + 1, len(t))
        noise = np.sqrt(np.mean(error[a:b] ** 2) * bin_s * lasts)
        sigma = rng.uniform(10, 100) if sigma is None else sigma
        rate = sigma * noise * part / bin_s
        case = MET + start + first, MET + start + last
    measured = np.ones(len(t), dtype=bool)
    for low, high in missing:
        measured &= (t < low) | (t >= high)
    z = (rate / error)[measured]
    share = np.array(spectrum if channels == 4 else (1.0,))
    noisy = NET_SHARES if channels == 4 else np.array([1.0])
    scatter = rng.uniform(0.95, 1.08)
    rows = []
    for k in range(channels):
        err = error * np.sqrt(noisy[k])
        seen = share[k] * rate + noisy[k] * offsets(t, error, rng) * np.sqrt(bin_s)
        seen = seen + rng.normal(0, err * scatter)
        blank = np.where(measured, 0.0, np.nan)
        rows.append(frame(MET + t, bin_s, seen + blank, kind="net",
                          errors=err + blank, channel=k))  # fmt: skip
    return Case(pl.concat(rows), case, float(np.sqrt((z**2).sum())), float(z.max()))


def orbit(t, rng):
    """Return counts/s on an orbit's trend, with a change of pointing now and then."""
    level = rng.uniform(5000, 8000)
    phase, swing = rng.uniform(0, 2 * np.pi), rng.uniform(0.02, 0.08)
    level = level * (1 + swing * np.sin(2 * np.pi * t / 5700 + phase))
    if rng.random() < 0.5:
        at, lasts = rng.uniform(t[0], t[-1]), rng.uniform(40, 120)
        level = level * (
            1 + rng.normal(0, 0.015) / (1 + np.exp(-(t - at) / (lasts / 6)))
        )
    return level


def turn_on(t, rng):
    """Return the plateau of some 14 s a segment begins with."""
    begins = rng.uniform(0.5, 4.0)
    return rng.uniform(900, 4000) * ((t > begins) & (t < begins + 14.0))


def saa(t, rng, *, at_end=True):
    """Return counts/s that climb into the SAA, or decay out of it."""
    scale = rng.uniform(25, 90)
    away = (t[-1] - t) if at_end else (t - t[0])
    return rng.uniform(8_000, 200_000) * np.exp(-away / scale)


def limb(t, rng):
    """Return a step of counts/s as a bright source rises or sets, over some 10 s."""
    at, lasts = rng.uniform(0.2, 0.8) * t[-1], rng.uniform(6, 14)
    return rng.choice([-1, 1]) * rng.uniform(80, 350) * np.clip((t - at) / lasts, 0, 1)


def raw_case(
    shape, seed, *, bin_s=1.0, sigma=None, channels=1, spectrum=USUAL, lasts_s=1500.0,
    added=(), start=None, glitches=0,
):  # fmt: skip
    """Return raw counts with a burst of a shape, or None, and what `added` brings."""
    rng = np.random.default_rng(seed)
    t = np.arange(0.0, lasts_s, bin_s)
    level = orbit(t, rng) + sum(extra(t, rng) for extra in added)
    level = np.maximum(level, 500.0)
    burst, case = np.zeros_like(t), None
    if shape is not None:
        start = rng.uniform(0.25, 0.6) * lasts_s if start is None else start
        edges = np.append(t, t[-1] + bin_s)
        part, (first, last) = emission(shape, edges, start, rng)
        lasts = max(last - first, bin_s)
        sigma = rng.uniform(12, 80) if sigma is None else sigma
        level_there = np.interp(start, t, level)
        burst = sigma * np.sqrt(level_there * lasts) * part
        case = MET + start + first, MET + start + last
    z = burst / np.sqrt(level * bin_s)
    shares = RAW_SHARES if channels == 4 else np.array([1.0])
    colours = np.array(spectrum if channels == 4 else (1.0,))
    hits = rng.choice(len(t), glitches, replace=False)
    rows = []
    for k in range(channels):
        counts = rng.poisson(level * bin_s * shares[k] + burst * colours[k]).astype(
            float
        )
        counts[hits] += (
            rng.uniform(12, 40, glitches) * np.sqrt(level[hits] * bin_s) * shares[k]
        )
        rows.append(frame(MET + t, bin_s, np.round(counts), kind="raw", channel=k))
    return Case(pl.concat(rows), case, float(np.sqrt((z**2).sum())), float(z.max()))


def judged(case, rows):
    """Return what a scan made of a case: pieces, elsewhere, T90 ratio and whether ok.

    `pieces` counts rows of cause burst over T90 widened by 5 s or a tenth of it;
    `elsewhere` those that are not.
    """
    bursts = rows.filter(pl.col("cause") == "burst")
    over = pl.Series([False] * bursts.height, dtype=pl.Boolean)
    if case.span is not None:
        around = max(5.0, 0.1 * case.t90_s)
        stop = bursts["met_s"] + bursts["timescale_s"]
        over = bursts["met_s"] <= case.span[1] + around
        over &= stop >= case.span[0] - around
    best = bursts.filter(over).sort("significance").tail(1)
    ratio = ok = None
    if best.height and best["t90_s"][0] is not None:
        bin_s = float(case.series["bin_s"][0])
        ratio = best["t90_s"][0] / case.t90_s
        off = abs(best["t90_s"][0] - case.t90_s)
        ok = off <= max(0.25 * case.t90_s, 2 * bin_s)
    return {
        "pieces": int(over.sum()),
        "elsewhere": int((~over).sum()),
        "ratio": ratio,
        "t90_ok": ok,
    }
