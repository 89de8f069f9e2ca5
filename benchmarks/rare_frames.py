"""What the search for rare events ranks in the stored rows of a platform, kind by kind."""

from unittest.mock import patch

from orbital_kernel import connect
from orbital_kernel.questions import rare as kinds
from orbital_kernel.questions import (
    rare_afterglows,
    rare_hardness,
    rare_new,
    rare_ratios,
)

RANKED = {
    "variability": (kinds.rarity, "variable", ("rows",)),
    "flux-ratio": (rare_ratios, "flux_ratios", ("rows",)),
    "transient": (kinds, "missed", ("rows",)),
    "extreme-hardness": (rare_hardness.ranking, "extreme_hardness", ("rows",)),
    "new-source": (rare_new, "new_sources", ("rows",)),
    "serendipitous-afterglow": (
        rare_afterglows,
        "coverages",
        ("rows", "intervals", "pairs"),
    ),
}
"""By kind the function that ranks, and the names of the frames that it is given."""


def stored_frames(kind):
    """Return the frames that the ranking of a kind is given by the stored rows."""
    module, name, names = RANKED[kind]
    with patch.object(module, name, wraps=getattr(module, name)) as ranking:
        connect().rare(kind)
    return dict(zip(names, ranking.call_args.args, strict=False))
