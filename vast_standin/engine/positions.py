"""How rows are named: by position in a segment, and by row id in a table."""

import numpy as np
import numpy.typing as npt

ROW_ID = "rowid"
Positions = npt.NDArray[np.int64]
RowIds = npt.NDArray[np.uint64]
Span = tuple[int, int]
