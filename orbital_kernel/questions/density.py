"""How many selected rows lie in each cell of the sky, counted in the store's order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model import sky
from orbital_kernel.query import Query
from orbital_kernel.query.names import check_names, require_columns
from orbital_kernel.query.planning import plan
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.exports.slices import at_most, slices

if TYPE_CHECKING:
    from orbital_kernel.plots.equal_area import Projection

ORDER = 8
"""Cells of 14 arcmin: 786,432 of them cover the sky."""
FINEST = 20
MOST_ROWS = 50_000_000
KIND = "density"
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SkyDensity:
    """Rows by cell of the sky.

    Parameters
    ----------
    order : int
        HEALPix order of the cells, nested.
    cells : numpy.ndarray of int64
        Cells with at least one row, rising.
    counts : numpy.ndarray of int64
        Rows in each of them.
    unplaced : int
        Rows without a position.

    Examples
    --------
    >>> import numpy as np
    >>> from orbital_kernel.questions.density import SkyDensity
    >>> SkyDensity(0, np.array([4]), np.array([17])).rows
    17
    """

    order: int
    cells: Ints
    counts: Ints
    unplaced: int = 0

    @property
    def rows(self) -> int:
        """Rows with a position.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel.questions.density import SkyDensity
        >>> SkyDensity(0, np.array([4, 5]), np.array([17, 3])).rows
        20
        """
        return int(self.counts.sum())

    def at(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> Ints:
        """Return the rows in the cells that hold positions; -1 beside the sky.

        Parameters
        ----------
        ra, dec : array of float
            Positions, ICRS deg; NaN beside the sky.

        Returns
        -------
        numpy.ndarray of int64
            The counts.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel.questions.density import SkyDensity
        >>> density = SkyDensity(0, np.array([4]), np.array([17]))
        >>> density.at(np.array([0.0, 180.0, np.nan]), np.zeros(3)).tolist()
        [17, 0, -1]
        """
        fine = sky.healpix(ra, dec)
        queried = fine >> (2 * (sky.ORDER - self.order))
        if not len(self.cells):
            return np.where(fine < 0, -1, 0)
        at = np.minimum(np.searchsorted(self.cells, queried), len(self.cells) - 1)
        counts = np.where(self.cells[at] == queried, self.counts[at], 0)
        return np.where(fine < 0, -1, counts)

    def image(
        self,
        view: "Projection",
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        *,
        width: int,
        height: int,
    ) -> Ints:
        """Return the counts at the pixels of a map, bottom row first.

        Parameters
        ----------
        view : Projection
            The map.
        x_range, y_range : tuple of float
            The part of the map's plane that is seen, deg.
        width, height : int
            Pixels.

        Returns
        -------
        numpy.ndarray of int64
            Rows in the cell of each pixel's middle; -1 beside the sky.

        Examples
        --------
        >>> import numpy as np
        >>> from orbital_kernel.plots.equal_area import Hammer
        >>> from orbital_kernel.questions.density import SkyDensity
        >>> density = SkyDensity(0, np.arange(12), np.full(12, 3))
        >>> density.image(Hammer(), (-1, 1), (-1, 1), width=2, height=1).tolist()
        [[3, 3]]
        """
        xs, ys = (
            low + (np.arange(number) + 0.5) * (high - low) / number
            for (low, high), number in ((x_range, width), (y_range, height))
        )
        x, y = np.meshgrid(xs, ys)
        ra, dec = view.inverse(x.ravel(), y.ravel())
        return self.at(ra, dec).reshape(height, width)


class Densities:
    """Selections on the sky: methods of the session.

    Examples
    --------
    >>> from orbital_kernel import Query, connect
    >>> orbital = connect()
    >>> density = orbital.sky_density(Query("swift.sources"))
    >>> density.rows + density.unplaced == orbital.count(Query("swift.sources"))
    True
    """

    def sky_density(
        self: Session,
        queries: Query | Sequence[Query],
        *,
        order: int = ORDER,
        most: int = MOST_ROWS,
        progress: Callable[[int, int], None] | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> SkyDensity:
        """Return how many rows of queries lie in each cell of the sky.

        Only the cells' numbers are read, batch by batch: memory does not grow with rows.

        Parameters
        ----------
        queries : Query or sequence of Query
            Tables with positions, and conditions.
        order : int
            HEALPix order of the cells; those of the default, 8, are 14 arcmin wide.
        most : int
            Largest number of rows; a selection that may have more is refused.
        progress : callable, optional
            Called with the rows counted so far and the rows at most.
        stopped : callable, optional
            Returns True once the answer is no longer wanted.

        Returns
        -------
        SkyDensity
            Counts by cell, `image()` of a map.

        Raises
        ------
        QueryError
            If a table has no positions, the selection may have more than `most` rows, the
            order is not valid, or `stopped` returned True.

        References
        ----------
        Gorski et al. 2005, ApJ 622, 759.

        Examples
        --------
        >>> from orbital_kernel import Query, connect
        >>> orbital = connect()
        >>> orbital.sky_density(Query("swift.sources"), order=3).order
        3
        """
        listed = (queries,) if isinstance(queries, Query) else tuple(queries)
        if not 0 <= order <= FINEST:
            raise QueryError(f"an order of cells is 0 to {FINEST}, not {order}")
        for query in listed:
            require_columns(query.table, ("healpix",))
            check_names(query)
        bounds = [at_most(self, query) for query in listed]
        if sum(bounds) > most:
            raise QueryError(
                f"the selection has up to {sum(bounds):,} rows, and at most {most:,} are "
                "counted on the sky: narrow the selection, or allow more with `most`"
            )
        total = _Counts(order)
        for query, bound in zip(listed, bounds, strict=True):
            for batch in _cells(self, query, bound):
                if stopped is not None and stopped():
                    raise QueryError("counting was cancelled")
                total.add(batch)
                if progress is not None:
                    progress(total.seen, sum(bounds))
        return total.density()


class _Counts:
    """Counts of cells that grow batch by batch: an array of the sky while it is small."""

    def __init__(self, order: int) -> None:
        self._order, self.seen, self._unplaced = order, 0, 0
        cells = 12 * 4**order if order <= ORDER else 0
        self._dense = np.zeros(cells, np.int64)
        self._cells, self._counts = np.empty(0, np.int64), np.empty(0, np.int64)

    def add(self, fine: Ints) -> None:
        """Add cells of order 29."""
        self.seen += len(fine)
        placed = fine[fine >= 0]
        self._unplaced += len(fine) - len(placed)
        cells = placed >> (2 * (sky.ORDER - self._order))
        if len(self._dense):
            self._dense += np.bincount(cells, minlength=len(self._dense))
            return
        cells, counts = np.unique(cells, return_counts=True)
        merged = np.concatenate([self._cells, cells])
        self._cells, at = np.unique(merged, return_inverse=True)
        weights = np.concatenate([self._counts, counts])
        self._counts = np.bincount(at, weights, len(self._cells)).astype(np.int64)

    def density(self) -> SkyDensity:
        """Return the counts."""
        if len(self._dense):
            cells = np.flatnonzero(self._dense)
            return SkyDensity(self._order, cells, self._dense[cells], self._unplaced)
        return SkyDensity(self._order, self._cells, self._counts, self._unplaced)


def _cells(orbital: Session, query: Query, rows: int) -> Iterator[Ints]:
    """Yield the cells (order 29; -1 without a position) of a query's rows in batches."""
    planned = plan(query)
    ends = query.limit is not None or query.largest is not None
    if planned.residual or ends:
        narrow = replace(query, columns=("healpix",))
        for piece in slices(orbital, narrow, rows):
            frame = orbital.query(piece, kind=KIND).frame
            yield frame["healpix"].fill_null(-1).to_numpy()
        return
    with orbital.store.transaction() as tx:
        for clauses in planned.selects:
            for batch in tx.stream(query.table, clauses, columns=["healpix"]):
                yield _plain(batch.column(0))


def _plain(cells: pa.Array) -> Ints:
    return np.asarray(cells.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
