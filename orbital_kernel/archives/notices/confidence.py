"""Confidence of a notice's error radius where the notice does not state it.

Source: gcn.gsfc.nasa.gov/swift.html (90 % containment) and fermi.html (GBM: 1 sigma,
statistical).
"""

USUAL = {"swift.": 0.9, "fermi.gbm": 0.683}


def usual_confidence(kind: str) -> float | None:
    """Return the usual confidence of a kind such as 'swift.bat_grb_pos', if known."""
    return next((c for start, c in USUAL.items() if kind.startswith(start)), None)
