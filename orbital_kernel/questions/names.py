"""Names of objects: what `orbital.names` is."""

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.spelling import beginnings, normalised
from orbital_kernel.query import Query
from orbital_kernel.questions import registering, spellings
from orbital_kernel.questions.asking import Session, together
from orbital_kernel.questions.registering import Progress

MOST = 20


class Names:
    """Names and aliases of objects in all tables. `orbital.names` is one.

    A name has one normalised spelling: without case, blanks and punctuation, so that
    'GRB130427A', 'grb 130427a' and '130427A' are one. Ingest registers the names of its
    rows; `rebuild` those of rows written otherwise.

    Parameters
    ----------
    orbital : Session
        Answers the queries, and has the database.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.names.complete("sim agn")
    ['SIM AGN 1']
    """

    def __init__(self, orbital: Session) -> None:
        self._orbital = orbital

    def find(self, name: str) -> pl.DataFrame:
        """Return where a name is, in any spelling, also as an alias.

        Parameters
        ----------
        name : str
            The name of an object, a burst, a target or a notice.

        Returns
        -------
        polars.DataFrame
            name (as written), kind (object, alias, burst, target or notice),
            observatory, table, object_id (the name or identifier in that table), ra and
            dec (deg), error_arcsec (arcsec), instrument and place_source of the
            position, points (detections in X-rays) and simulated; one row per table and
            spelling.

        Raises
        ------
        QueryError
            If the database is large and its names are not registered.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.names.find("grb120102s")["name"][0]
        'GRB 120102S'
        """
        registering.ensure(self._orbital.store)
        return spellings.named(self._orbital, name)

    def complete(self, prefix: str, *, limit: int = MOST) -> list[str]:
        """Return names that begin so, as written, in order.

        Parameters
        ----------
        prefix : str
            The beginning of a name; a burst also without 'GRB'. Identifiers of source
            catalogues are completed too, if their spelling begins exactly so.
        limit : int
            Largest number of names.

        Returns
        -------
        list of str
            The names, each once.

        Raises
        ------
        QueryError
            If the limit is not positive, or the database is large and its names are not
            registered.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "GRB 120102S" in orbital.names.complete("GRB 12")
        True
        """
        if limit < 1:
            raise QueryError(f"give a limit of at least 1 name, not {limit}")
        registering.ensure(self._orbital.store)
        queries = [
            Query(
                spellings.NAMES,
                columns=("normalised", "name"),
                prefix={"normalised": key} if key != "sim" else {},
                limit=4 * limit,
            )
            for key in beginnings(prefix)
        ]
        if prefix.strip():
            queries += [
                Query(
                    f"{observatory}.sources",
                    columns=("source_id",),
                    prefix={"source_id": prefix},
                    limit=limit,
                )
                for observatory in observatories()
            ]
        answers = together(self._orbital, queries, kind="names")
        count = len(beginnings(prefix))
        names = pl.concat(answer.frame for answer in answers[:count])
        ids = [i for answer in answers[count:] for i in answer.frame["source_id"]]
        ordered = names.unique().sort("normalised", "name")["name"].to_list()
        return list(dict.fromkeys([*ordered, *sorted(ids, key=normalised)]))[:limit]

    def rebuild(
        self, *, progress: Progress = lambda _table, _rows: None
    ) -> pl.DataFrame:
        """Register the names of all rows, and give places to points without one.

        It is for rows written past the ingest and for databases of an earlier Orbital.
        It reads the names of every row, table by table, in batches; names that no row
        has any more are deleted. Doing it again changes nothing.

        Parameters
        ----------
        progress : callable
            Called with a table and the number of rows read since the last call.

        Returns
        -------
        polars.DataFrame
            table, rows, names, changed (names written or deleted) and placed (points
            that got a place).

        Raises
        ------
        StoreError
            If the database does not answer.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> frame = orbital.names.rebuild()
        >>> orbital.names.rebuild()["changed"].sum()
        0
        """
        return registering.rebuild(self._orbital.store, progress)
