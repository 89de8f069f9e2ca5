"""The state of a segment, to be stored and restored: names here are on disk."""

from typing import Any

from orbital_kernel.science.bursts.episode import Episode
from orbital_kernel.science.bursts.hulls import Hulls
from orbital_kernel.science.bursts.ledger import Ledger
from orbital_kernel.science.bursts.samples import Layout, Samples
from orbital_kernel.science.bursts.segment import Segment
from orbital_kernel.science.bursts.settings import Settings

SCALARS = (
    "known_quiet",
    "base",
    "done",
    "floor",
    "opens",
    "learned",
    "start",
    "blocked",
    "patience",
    "caution",
    "cautious_until",
)


def segment_state(segment: Segment) -> dict[str, Any]:
    """Return the part of `Detector.state` that describes a segment."""
    episode = segment.episode
    return {
        "scalars": {name: getattr(segment, name) for name in SCALARS},
        "episode": None if episode is None else vars(episode).copy(),
        "arrays": {
            **{f"samples_{k}": v for k, v in vars(segment.samples).items()},
            **{f"hulls_{k}": v for k, v in segment.hulls.arrays().items()},
            "ledger": segment.ledger.blocks,
        },
    }


def restored(shape: Layout, settings: Settings, state: dict[str, Any]) -> Segment:
    """Return the segment of a stored state."""
    arrays = state["arrays"]
    samples = {k[8:]: v for k, v in arrays.items() if k.startswith("samples_")}
    hulls = {k[6:]: v for k, v in arrays.items() if k.startswith("hulls_")}
    segment = Segment(
        shape,
        settings,
        samples=Samples(**samples),
        ledger=Ledger(arrays["ledger"]),
        **state["scalars"],
    )
    segment.hulls = Hulls(shape, settings, **hulls)
    if state["episode"] is not None:
        segment.episode = Episode(**state["episode"])
    return segment
