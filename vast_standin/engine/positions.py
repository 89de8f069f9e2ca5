"""How rows are named: by position in a segment, and by row id in a table."""

import numpy as np
import numpy.typing as npt

ROW_ID = "rowid"
ORIGIN = "origin"
"""Column of a sorted piece: the number of each row among those of its origins."""
Positions = npt.NDArray[np.int64]
RowIds = npt.NDArray[np.uint64]
Span = tuple[int, int]
