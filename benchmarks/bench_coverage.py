"""How often the intervals that Orbital offers contain the truth.

    python benchmarks/bench_coverage.py [--seeds 1000] [--write]

Each row is one kind of interval at one truth, in as many simulated data sets. `claim` is
its confidence, `covered` the share that contains the truth, `error` the binomial error of
that share. `--write` puts the table into RESULTS.md in place of the former one.
"""

import argparse
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import special

from orbital_kernel import shape
from orbital_kernel.errors import QueryError
from orbital_kernel.science import counting, on_off

SEED = 1918
RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "## Coverage of intervals"
MEANS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
CLAIMS = (counting.SIGMA, 0.95)
BACKGROUND, OFF, RATIO = 2.0, 20.0, 0.1


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    truth: str
    claim: float
    inside: np.ndarray

    def cells(self):
        covered = float(np.mean(self.inside))
        error = (self.claim * (1 - self.claim) / self.inside.size) ** 0.5
        return (
            self.name,
            self.truth,
            f"{100 * self.claim:.1f}",
            f"{100 * covered:.1f}",
            f"{100 * error:.1f}",
            verdict(covered - self.claim, error),
        )


def verdict(excess, error):
    """Return the deviation in words: within three binomial errors, more or less."""
    if abs(excess) <= 3 * error:
        return "as claimed"
    word = "more often" if excess > 0 else "LESS OFTEN"
    return f"{word}: {100 * excess:+.1f}"


def inside(bounds, truth):
    low, high = bounds
    return (low <= truth) & (truth <= high)


def rates(rng, seeds) -> Iterator[Row]:
    """Yield coverage of bounds and limits of counts."""
    for mean in MEANS:
        alone = rng.poisson(mean, seeds)
        on, off = rng.poisson(mean + BACKGROUND, seeds), rng.poisson(OFF, seeds)
        for claim in CLAIMS:
            for name, bounds in (
                ("rate, no background", counting.poisson_bounds(alone, claim)),
                (
                    "rate, known background",
                    counting.source_bounds(on, BACKGROUND, claim),
                ),
                (
                    "rate, counted background",
                    on_off.on_off_bounds(on, off, RATIO, claim),
                ),
                (
                    "rate, Kraft+ 1991 (shortest)",
                    counting.kraft_bounds(on, BACKGROUND, claim),
                ),
            ):
                yield Row(name, f"mean {mean:g}", claim, inside(bounds, mean))
        for claim in (0.95, counting.LIMIT):
            for name, limit in (
                ("limit, no background", counting.poisson_limit(alone, claim)),
                (
                    "limit, counted background",
                    on_off.on_off_limit(on, off, RATIO, claim),
                ),
            ):
                yield Row(name, f"mean {mean:g}", claim, mean <= limit)


def hardnesses(rng, seeds) -> Iterator[Row]:
    """Yield coverage of the ratio's and the colour's intervals."""
    for soft, hard in ((2, 2), (10, 5), (5, 30), (40, 60)):
        ratio, colour = (hard - soft) / (hard + soft), np.log10(soft / hard)
        for back in (0.0, BACKGROUND):
            label = "counted background" if back else "no background"
            draws = [rng.poisson(m + back, seeds) for m in (soft, hard)]
            around = [rng.poisson(OFF * bool(back), seeds) for _ in range(2)]
            for claim in CLAIMS:
                fits = [
                    shape.hardness(
                        int(draws[0][k]),
                        int(draws[1][k]),
                        soft_off=int(around[0][k]),
                        hard_off=int(around[1][k]),
                        ratio=RATIO if back else None,
                        confidence=claim,
                    )
                    for k in range(seeds)
                ]
                truth = f"{soft} soft, {hard} hard counts"
                for name, value, low, high in (
                    ("(H-S)/(H+S)", ratio, "ratio_low", "ratio_high"),
                    ("log S/H", colour, "colour_low", "colour_high"),
                ):
                    bounds = [
                        np.array([getattr(f, end) for f in fits]) for end in (low, high)
                    ]
                    yield Row(
                        f"hardness {name}, {label}", truth, claim, inside(bounds, value)
                    )


def variances(rng, seeds) -> Iterator[Row]:
    """Yield coverage of Fvar of a curve's own realised variance."""
    for points, amplitude, noise in (
        (30, 0.3, 0.1),
        (100, 0.3, 0.3),
        (100, 0.1, 0.1),
        (300, 0.5, 1.0),
    ):
        curve = 1 + amplitude * np.sqrt(2) * np.sin(2.399 * np.arange(points))
        real = curve.std(ddof=1) / curve.mean()
        fits = [
            shape.excess_variance(
                curve + rng.normal(0, noise, points), np.full(points, noise)
            )
            for _ in range(seeds)
        ]
        yield from _normal(
            "Fvar, Gaussian errors",
            f"Fvar {real:.2f}, {points} points, errors {noise:g}",
            real,
            [(f.fvar, f.fvar_err) for f in fits],
        )
    for points, mean in ((60, 5.0), (200, 2.0), (100, 20.0)):
        curve = mean * (1 + 0.5 * np.sqrt(2) * np.sin(2.399 * np.arange(points)))
        real = curve.std(ddof=1) / curve.mean()
        live = np.full(points, 100.0)
        fits = [
            shape.excess_variance_of_counts(rng.poisson(curve), live)
            for _ in range(seeds)
        ]
        yield from _normal(
            "Fvar, counts",
            f"Fvar {real:.2f}, {points} bins of {mean:g} counts",
            real,
            [(f.fvar, f.fvar_err) for f in fits],
        )


def decays(rng, seeds) -> Iterator[Row]:
    """Yield coverage of decay indices and breaks."""
    for points, noise in ((8, 0.2), (15, 0.3), (40, 0.1)):
        times = np.geomspace(1e3, 1e6, points)
        flux = (times / 1e3) ** -1.3
        fits = [
            _one_decay(
                times, flux + rng.normal(0, noise, points) * flux, noise * flux, 0
            )
            for _ in range(seeds)
        ]
        yield from _normal(
            "decay index, Gaussian errors",
            f"index 1.3, {points} points, errors {100 * noise:g} %",
            1.3,
            [(f.indices[0], f.index_errs[0]) for f in fits if f],
        )
    times = np.geomspace(1e3, 1e6, 30)
    fits = []
    for _ in range(seeds):
        counts = rng.poisson(20.0, 30).astype(float)
        low, high = counting.poisson_bounds(counts)
        scale = (times / 1e3) ** -1.3 / 20
        fit = shape.decay(
            times,
            counts * scale,
            (high - counts) * scale,
            err_minus=(counts - low) * scale,
            breaks=0,
        )
        fits.append((fit.indices[0], fit.index_errs[0]))
    yield from _normal(
        "decay index, bins of counts", "index 1.3, 30 bins of 20 counts", 1.3, fits
    )
    times = np.geomspace(1e3, 1e6, 60)
    log = -0.6 * np.log(times / 3e4) - 0.8 * np.maximum(np.log(times / 3e4), 0)
    flux = np.exp(log)
    fits = [
        _one_decay(times, flux + rng.normal(0, 0.1, 60) * flux, 0.1 * flux, 1)
        for _ in range(seeds)
    ]
    for name, truth, of in (
        ("decay index before a break", 0.6, lambda f: (f.indices[0], f.index_errs[0])),
        ("decay index after a break", 1.4, lambda f: (f.indices[1], f.index_errs[1])),
        ("time of a break", 3e4, lambda f: (f.breaks_s[0], f.break_errs_s[0])),
    ):
        yield from _normal(
            name,
            f"{truth:g}, 60 points, errors 10 %",
            truth,
            [of(f) for f in fits if f],
        )


def trends(rng, seeds) -> Iterator[Row]:
    """Yield coverage of secular slopes with intrinsic scatter."""
    for points in (8, 30):
        years = np.linspace(0, 12, points)
        fits = []
        for _ in range(seeds):
            values = 5 - 0.2 * years + rng.normal(0, np.hypot(0.3, 0.2), points)
            fits.append(
                shape.trend(years * 365.25 * 86400, values, np.full(points, 0.2))
            )
        for claim in CLAIMS:
            bounds = np.array([line.interval(claim) for line in fits]).T
            truth = f"-0.2, {points} points, scatter 0.3"
            yield Row("slope per year", truth, claim, inside(bounds, -0.2))


def _one_decay(times, flux, errors, breaks):
    try:
        return shape.decay(times, flux, errors, breaks=breaks)
    except QueryError:
        return None


def _normal(name, truth, value, fits) -> Iterator[Row]:
    """Yield coverage of value ± z errors; a fit without an error does not cover."""
    best, error = np.array(fits).T
    for claim in CLAIMS:
        z = special.ndtri((1 + claim) / 2)
        yield Row(name, truth, claim, np.abs(best - value) <= z * error)


KINDS: tuple[Callable[..., Iterator[Row]], ...] = (
    rates,
    hardnesses,
    variances,
    decays,
    trends,
)


def table(seeds) -> list[str]:
    """Return the lines of the table."""
    lines = [
        "| interval | truth | claim % | covered % | error % | deviation |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([SEED, number])
        for row in kind(rng, seeds):
            lines.append(f"| {' | '.join(row.cells())} |")
            print(lines[-1], flush=True)
    return lines


def section(lines, seeds) -> str:
    """Return the section of RESULTS.md."""
    text = f"""{TITLE}

`make bench-coverage`: the share of {seeds:,} simulated data sets whose interval contains the
truth, beside the confidence that it claims and the binomial error of such a share. Backgrounds
are {BACKGROUND:g} counts in the source region, known or from {OFF:g} counts at a ratio of
{RATIO:g}. 'As claimed' is within three binomial errors.

"""
    return text + "\n".join(lines) + "\n" + REMARKS


REMARKS = """
- Counts are whole numbers: no interval of them covers exactly as often as it claims. The exact
  ones and those with a background that errors of rates use cover more often, at few counts by up
  to a quarter of all cases, and never less. The shortest ones (Kraft+ 1991) are offered for
  comparison only: they cover less often than claimed at some means.
- Errors of Fvar are those of the measurement. Two curves of the same red-noise process differ by
  more. Where the variance is not detected in part of the data sets Fvar has no value there, which
  counts as not covered.
- Errors of a decay are multiplied by the root of chi2 / dof where it exceeds 1, so that they
  cover somewhat more often with few points.
"""


def write(text) -> None:
    """Put the section into RESULTS.md, in place of the former one."""
    content = RESULTS.read_text(encoding="utf-8")
    pattern = re.compile(
        rf"^{re.escape(TITLE)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL
    )
    if pattern.search(content):
        content = pattern.sub(lambda _: text + "\n", content)
    else:
        content = content.rstrip("\n") + "\n\n" + text
    RESULTS.write_text(content.rstrip("\n") + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="write into RESULTS.md")
    options = parser.parse_args()
    lines = table(options.seeds)
    if options.write:
        write(section(lines, options.seeds))


if __name__ == "__main__":
    main()
