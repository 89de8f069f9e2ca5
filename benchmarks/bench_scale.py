"""The scale model of the public calls, compared with the largest size measured.

    python benchmarks/bench_scale.py [--measured notebooks/questions.csv]

The measurements are those of bench_questions.py (`--keep`): rows read, bytes and durations
of every call at three sizes or more. The model of each call is fitted to all sizes but the
largest, and its prediction there, for as many rows as the call returned, is compared with
the measurement. Notebook 13 and the demonstration extrapolate the same measurements.
"""

import argparse
from pathlib import Path

from orbital_kernel import cost, reports

MOST = 0.10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = reports.NOTEBOOKS / "questions.csv"
    parser.add_argument("--measured", type=Path, default=default)
    asked = cost.read_asked(parser.parse_args().measured)
    print(cost.fitted_to(asked))
    errors = {
        call: cost.predicted_largest(calls).error for call, calls in asked.items()
    }
    worst = max(errors, key=errors.get)
    print(f"\nLargest error of rows and bytes read: {errors[worst]:.1%} ({worst})")
    if errors[worst] > MOST:
        raise SystemExit(f"more than {MOST:.0%} apart")


if __name__ == "__main__":
    main()
