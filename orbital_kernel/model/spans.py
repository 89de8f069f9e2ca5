"""First start, last stop and time on source of a file's header, in words of its account."""

import re

import numpy as np

from orbital_kernel.model.times import Instants

_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}"
_WORDS = re.compile(rf"header: from ({_INSTANT}) to ({_INSTANT}) TT")


def in_words(start: Instants, stop: Instants) -> str:
    """Return the sentence that states both times (1,), TT."""
    first, last = (np.datetime_as_string(t, unit="ns")[0] for t in (start, stop))
    return f"header: from {first} to {last} TT"


def span_in(text: str) -> tuple[int, int] | None:
    """Return both times, ns TT, from a text with that sentence; None without one."""
    match = _WORDS.search(text)
    if match is None:
        return None
    first, last = (
        np.datetime64(part, "ns").astype(np.int64) for part in match.groups()
    )
    return int(first), int(last)


_ON_TIME = re.compile(r"header: ([\d.]+) s of bins")


def on_time_words(seconds: float) -> str:
    """Return the words that state how long the bins of a file are together, s."""
    return f"header: {seconds:.6f} s of bins"


def on_time_in(text: str) -> float | None:
    """Return that time, s, from a text with those words; None without them."""
    match = _ON_TIME.search(text)
    return None if match is None else float(match[1])
