"""Chapters: more of the same, each about a given number of bytes, to reach any size.

A chapter has one burst with its light curves, one 64-ms rate file that takes most of
the room, one 1-s rate file, and every third chapter an afterglow seen by both
observatories and a field of sources.
"""

from orbital_kernel.sample import bat, rates
from orbital_kernel.sample.core import follow_up, write_field
from orbital_kernel.sample.rates import RateFile, Segment
from orbital_kernel.sample.scene import Scene

_BYTES_A_FAST_BIN = 16
_BYTES_A_SLOW_BIN = 12
_FASTEST_S = 120.0
_ORBIT_S = 5760.0
_VISIBLE_S = 3000.0


def write_chapter(scene: Scene, number: int, target_bytes: int) -> None:
    """Write one chapter of about `target_bytes` (at least some 300 kB)."""
    before = scene.bytes
    folder = scene.folder / "swift_bat"
    burst = scene.burst(short=number % 4 == 1, peak=0.5 + 0.4 * (number % 5))
    widths = (1.0,) if target_bytes < 1_500_000 else (1.0, 0.064)
    for width in widths:
        grain = "1s" if width >= 1 else "64ms"
        rng = scene.rng(f"bat {burst.name} {width}")
        target = folder / f"grb_lightcurves_{grain}"
        bat.write_lightcurve(target, burst, width, rng, scene.ledger)
    if number % 3 == 2 and target_bytes >= 2_000_000:
        follow_up(scene, burst)
        count = int(min(target_bytes / 4000, 20_000))
        write_field(scene, 1 + number // 3, count)
    slow = scene.burst(short=False, peak=0.8, listed=number % 2 == 0)
    fast = scene.burst(short=number % 2 == 0, peak=1.2)
    budget = max(target_bytes - (scene.bytes - before), 150_000)
    for fraction, width, stored, source in (
        (0.05, 1.0, _BYTES_A_SLOW_BIN, slow),
        (0.95, 0.064, _BYTES_A_FAST_BIN, fast),
    ):
        grain = "1s" if width >= 1 else "64ms"
        seconds = max(budget * fraction / stored * width, _FASTEST_S * 4)
        lag = 0.064 if width < 1 else 0.0
        plan = RateFile(source, width, _segments(seconds), lag_s=lag, gzipped=False)
        rng = scene.rng(f"rates {plan.name}")
        rates.write_rates(folder / f"rates_{grain}", plan, rng, scene.ledger)


def _segments(seconds: float) -> tuple[Segment, ...]:
    """Cut a length into orbits; faults differ from orbit to orbit."""
    kinds: tuple[tuple[str, ...], ...] = (
        ("glitch",),
        ("turn-on",),
        ("saa",),
        ("turn-on", "glitch"),
    )
    segments = []
    remaining, orbit = seconds, 0
    while remaining > _FASTEST_S * 2:
        length = min(remaining, _VISIBLE_S)
        faults = kinds[orbit % len(kinds)]
        if length < 600:
            faults = tuple(fault for fault in faults if fault == "turn-on")
        segments.append(Segment(orbit * _ORBIT_S, round(length), faults))
        remaining -= length
        orbit += 1
    return tuple(segments)
