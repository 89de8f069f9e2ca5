"""False alarms of each kind of rare event, measured on shuffled data.

    python benchmarks/bench_rare.py [--searches 50] [--rows 400] [--stored] [--write]

The data are simulated, with a few rare events in them, and shuffled so that none remains;
with `--stored` also the rows of the platform of ORBITAL_HOME are shuffled, half as often: the
observatories' files, if they were ingested. `--write` puts the table into RESULTS.md, section
"Rare events".
"""

import argparse

import numpy as np
import polars as pl
from rare_frames import stored_frames
from recorded import record
from scipy import stats

from orbital_kernel.science.flux_ratios import flux_ratios
from orbital_kernel.science.shuffled import SHUFFLES, false_alarms

LEVEL = 0.1
DAY_NS = 86_400_000_000_000


def frames(kind, number, rng):
    """Return data of one kind: usual rows, and one in a hundred that is rare."""
    rare = np.arange(number) % 100 == 0
    if kind == "variability":
        value = rng.normal(10, 1, (number, 20)) + rare[:, None] * rng.normal(
            0, 5, (number, 20)
        )
        rows = pl.DataFrame(
            {
                "observatory": "swift",
                "object": np.repeat(np.arange(number).astype(str), 20),
                "instrument": "XRT",
                "unit": "erg / (cm2 s)",
                "band": "0.3-10 keV",
                "value": value.ravel(),
                "value_err_plus": 1.0,
                "value_err_minus": 1.0,
                "is_limit": False,
            }
        )
        return {"rows": rows.with_columns(value=pl.col("value") + 10)}
    if kind == "flux-ratio":
        flux = 1e-14 * (1 - rng.uniform(size=number)) ** -0.7
        other = flux * np.exp(rng.normal(0, 0.3, number)) * np.where(rare, 10, 1)
        return {"rows": pl.DataFrame({"kind": "a", "flux_a": flux, "flux_b": other})}
    if kind == "transient":
        flux = 1e-14 * (1 - rng.uniform(size=number)) ** -0.7
        matched = (rng.uniform(size=number) < 1 - 2e-15 / flux * 2) & ~rare
        return {"rows": pl.DataFrame({"kind": "a", "flux": flux, "matched": matched})}
    if kind == "extreme-hardness":
        total = rng.geometric(0.02, number)
        hard = np.where(rare, total, rng.binomial(total, rng.beta(6, 9, number)))
        return {"rows": pl.DataFrame({"kind": "a", "soft": total - hard, "hard": hard})}
    if kind == "new-source":
        seconds, earlier = rng.uniform(5e3, 5e4, (2, number))
        rows = pl.DataFrame(
            {
                "counts": 4 * (1 - rng.uniform(size=number)) ** -1.0,
                "background": seconds * 2e-5,
                "exposure_s": seconds,
                "earlier_s": earlier,
                "earlier_background": earlier * 2e-5,
            }
        )
        return {"rows": rows}
    begin = np.sort(rng.uniform(0, 2000 * DAY_NS, 300)).astype(np.int64)
    good = pl.DataFrame({"time": begin, "time_stop": begin + DAY_NS // 4})
    pairs = pl.DataFrame(
        {
            "burst": rng.integers(0, number, 20 * number),
            "interval": rng.integers(0, 300, 20 * number),
        }
    ).unique(maintain_order=True)
    return {
        "rows": pl.DataFrame({"time": np.zeros(number, dtype=np.int64)}),
        "intervals": good.cast(pl.Datetime("ns")),
        "pairs": pairs,
    }


HEAD = "| kind | searches | rows examined | alarms | stated | p <= 0.05, share | randomised |"
INJECTED = (3, 5, 10)
EPOCHS = 8
SCATTERS = {
    "Gaussian, 0.3": "every pair 0.3 in ln ratio",
    "t, nothing known": "0.3 times a t of 3 degrees of freedom, nothing else known",
    "by flux, nothing known": "0.1 of bright pairs to 0.6 of faint ones, nothing known",
    "errors known": "errors of flux of 20 % times a factor of 2.2, and 0.1 of all",
    "epochs known": "0.3 of a pair's own, that is a t of 3; 0 to 8 more epochs",
    "epochs known, 5 or more": "the same, with 5 to 8 more epochs",
}


def pairs(name, number, rng, changed=0.0):
    """Return pairs whose ratios scatter, every hundredth changed by a factor if given."""
    rare = (np.arange(number) % 100 == 0) & (changed > 0)
    flux = 1e-14 * (1 - rng.uniform(size=number)) ** -0.7
    error, own = np.zeros(number), np.full(number, 0.3)
    freedom, squares = np.zeros(number, dtype=np.int64), np.zeros(number)
    if name.startswith("by flux"):
        own = np.hypot(0.1, 0.6 * (flux / 1e-14) ** -0.5)
    if name.startswith("t,"):
        own = 0.3 * np.sqrt(3 / rng.chisquare(3, number))
    if name.startswith("errors"):
        error = 0.2 * np.exp(0.8 * rng.normal(size=number))
        own = np.hypot(error, 0.1)
    if name.startswith("epochs"):
        own = 0.3 * np.sqrt(3 / rng.chisquare(3, number))
        freedom = rng.integers(5 if name.endswith("more") else 0, EPOCHS + 1, number)
        deviations = rng.normal(size=(number, EPOCHS)) * own[:, None] / np.log(10)
        among = np.arange(EPOCHS) < freedom[:, None]
        squares = np.sum(deviations**2 * among, axis=1)
    off = own * rng.normal(size=number) + np.where(rare, np.log(changed or 1.0), 0)
    other = flux * np.exp(off)
    least = best_possible(name, off, own, freedom, squares)
    return pl.DataFrame(
        {
            "kind": "a",
            "flux_a": flux,
            "flux_b": other,
            "error_a": flux * error,
            "error_b": 0.0,
            "epochs": freedom,
            "epoch_scatter": squares,
            "changed": rare,
            "best": least * number,
        }
    )


def best_possible(name, off, own, freedom, squares):
    """Return the p-values of one who knows how the ratios of the others are simulated."""
    if name.startswith("t,"):
        return 2 * stats.t.sf(np.abs(off) / 0.3, 3)
    if name.startswith("epochs"):
        variance = (3 * 0.3**2 + squares * np.log(10) ** 2) / (3 + freedom)
        return 2 * stats.t.sf(np.abs(off) / np.sqrt(variance), 3 + freedom)
    return 2 * stats.norm.sf(np.abs(off) / own)


def table(searches, number):
    """Return the tables in Markdown."""
    lines = [
        "| kind | searches | rows | alarms | stated | p <= 0.05, share | randomised |",
        "|---|---|---|---|---|---|---|",
    ]
    kinds = [(kind, kind, frames) for kind in SHUFFLES]
    kinds[2:2] = [(f"flux-ratio: {name}", "flux-ratio", None) for name in SCATTERS]
    for k, (name, kind, make) in enumerate(kinds):
        rng = np.random.default_rng([7, k])
        scatter = name.removeprefix("flux-ratio: ")
        data = (
            make(kind, number, rng) if make else {"rows": pairs(scatter, number, rng)}
        )
        alarms = false_alarms(kind, data, searches=searches, expected=LEVEL)
        lines.append(_line(name, searches, alarms))
        print(lines[-1], flush=True)
    lines.append(NOTES)
    return "\n".join([*lines, *completeness(searches, number)])


def of_stored(searches):
    """Return the table of the shuffled rows of a platform, in lines."""
    lines = [
        f"\nShuffled real data: {STORED}\n",
        HEAD,
        "|---|---|---|---|---|---|---|",
    ]
    for kind in SHUFFLES:
        data = stored_frames(kind)
        if data["rows"].is_empty():
            lines.append(f"| {kind} | 0 | 0 | | | no row is stored | |")
            print(lines[-1], flush=True)
            continue
        alarms = false_alarms(kind, data, searches=searches, expected=LEVEL)
        lines.append(_line(kind, searches, alarms))
        print(lines[-1], flush=True)
    return lines


def _line(name, searches, alarms):
    even = "" if alarms.randomised is None else f"{alarms.randomised:.4f}"
    return (
        f"| {name} | {searches} | {alarms.examined:,} | {alarms.alarms} "
        f"| {alarms.stated:.1f} | {alarms.share:.4f} | {even} |"
    )


def completeness(searches, number):
    """Return the table of injected changes that are found, in lines."""
    lines = [
        f"\nOne pair in 100 of {number} changed by a factor; found: expected <= {LEVEL}.\n",
        "| scatter in ln ratio | factor | injected | found | share | best possible |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, words in SCATTERS.items():
        for factor in INJECTED:
            found = injected = best = 0
            for k in range(searches):
                rng = np.random.default_rng([8, k, factor])
                rows = flux_ratios(pairs(name, number, rng, factor)).filter("changed")
                found += int(rows["expected"].le(LEVEL).sum())
                best += int(rows["best"].le(LEVEL).sum())
                injected += len(rows)
            lines.append(
                f"| {name}: {words} | {factor} | {injected} | {found} "
                f"| {found / injected:.2f} | {best / injected:.2f} |"
            )
            print(lines[-1], flush=True)
    return lines


STORED = (
    "the archive folder's CSC 2 extracts, Swift-XRT catalogue, light curves, bursts and "
    "good times, what is rare in them taken out first."
)
NOTES = f"""
Alarms are rows whose expected number by chance is at most {LEVEL}. Randomised p-values
break ties at random and are even (0.05) where the null holds; reported ones are at least
as large. `new-source` and `serendipitous-afterglow` have none: the first takes the least
favourable brightness of a constant source, the second the whole span of the observations,
and so both are conservative. `lone-burst` states no number: its false alarms are the
detector's (section Bursts).
Best possible: by one who knows the distribution that the ratios are drawn from. Where it is
a t of 3 degrees of freedom with nothing else known, ratios far from 1 are usual: only a
change by a factor of 480 is as rare as {LEVEL} of 400, so that no method finds one by 5."""


def main():
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--searches", type=int, default=50)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--stored", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    stored = of_stored(options.searches // 2) if options.stored else []
    text = "\n".join([table(options.searches, options.rows), *stored])
    if options.write:
        record("rare", "Rare events: false alarms on shuffled data", text)


if __name__ == "__main__":
    main()
