"""Names of the segments of a decay and of its breaks, as the GRB field uses them."""

import numpy as np
from numpy.typing import NDArray

PLATEAU, NORMAL = 0.75, 1.5


def names_of(indices: NDArray[np.float64]) -> tuple[str, ...]:
    """Return the names of segments, and of the breaks between them."""
    kinds = [
        "rise"
        if index < -0.2
        else "plateau"
        if index < PLATEAU
        else "normal decay"
        if index < NORMAL
        else "steep decay"
        for index in indices
    ]
    names = [kinds[0]]
    for k in range(1, len(kinds)):
        before, after = kinds[k - 1], kinds[k]
        step = indices[k] - indices[k - 1]
        if before == "steep decay" and step < 0:
            bend = "end of the steep decay"
        elif before == "plateau" and step > 0:
            bend = "end of the plateau"
        elif before == "normal decay" and after == "steep decay":
            bend, kinds[k] = "jet break", "post-jet-break decay"
        else:
            bend = "break"
        names += [bend, kinds[k]]
    return tuple(names)
