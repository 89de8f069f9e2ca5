"""Colours of observatories: Okabe and Ito's, told apart by colour-blind eyes too."""

from collections.abc import Sequence

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def colors(names: Sequence[str]) -> dict[str, str]:
    """Return a colour a name, in the order given."""
    return {name: COLORS[i % len(COLORS)] for i, name in enumerate(names)}
