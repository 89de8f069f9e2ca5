"""Archive: the session's methods that take files in and compare them with its rows."""

import dataclasses
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from orbital_kernel.config.locks import Lock
from orbital_kernel.errors import ArchiveError, StoreError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.questions.asking import require_observatories
from orbital_kernel.questions.calls import Calls

if TYPE_CHECKING:
    from orbital_kernel.ingest import IngestReport, Progress, Survey, Validation
    from orbital_kernel.ingest.mappings import Mappings
    from orbital_kernel.questions.quality import Quality


class Provisions(Protocol):
    """Who creates storage and tables."""

    def apply(self) -> object:
        """Create whatever is missing."""


class Archive(Calls):
    """Files of observatories, as a session ingests them."""

    home: Path

    @property
    @abstractmethod
    def storage(self) -> Provisions:
        """Provisioning."""

    @property
    @abstractmethod
    def quality(self) -> "Quality":
        """Data quality."""

    @property
    def simulated(self) -> bool | None:
        """Whether the database holds simulated rows or real ones; None for no rows.

        True also if an earlier Orbital has mixed them: any row may be simulated.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.simulated
        True
        """
        from orbital_kernel.ingest import held

        kinds = held(self.store)
        return True in kinds if kinds else None

    @property
    def holds(self) -> str:
        """The content in words: simulated rows, real rows or no rows.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.holds
        'simulated rows'
        """
        from orbital_kernel.ingest import WORDS, held

        kinds = sorted(held(self.store), reverse=True)
        return f"{' and '.join(WORDS[kind] for kind in kinds) or 'no'} rows"

    @property
    def mappings(self) -> "Mappings":
        """Drafts and checks of mapping files, which declare the columns of any table.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> [m for m in dir(orbital.mappings) if not m.startswith("_")]
        ['check', 'draft']
        """
        from orbital_kernel.ingest.mappings import Mappings

        return Mappings()

    def ingest(
        self,
        *paths: str | Path,
        observatory: str | None = None,
        mapping: str | Path | None = None,
        replace: bool = False,
        bulk_above: int | None = None,
        workers: int | None = None,
        accept_checksums: bool = False,
        compare: bool = True,
        progress: "Progress" = lambda _path, _size: None,
    ) -> "IngestReport":
        """Ingest files and folders of any known format.

        Parameters
        ----------
        *paths : str or Path
            Files, and folders with all files in them.
        observatory : str, optional
            Refuse files of other observatories.
        mapping : str or Path, optional
            File that declares the columns of a table of another format.
        replace : bool
            Ingest known content again and replace its rows.
        bulk_above : int, optional
            Import larger files as Parquet objects, bytes; by default none.
        workers : int, optional
            Number of processes that read; by default one per core.
        accept_checksums : bool
            Take FITS files whose DATASUM does not fit their data: rewritten by a tool
            that did not renew it. By default they are refused, as they may be damaged.
        compare : bool
            Compare new sources and points with every earlier flux and limit at their
            place, after the rows are stored; see `compare_new`. What takes longer than a
            minute is left to the next ingest, and counted.
        progress : callable
            Called with a path and the number of bytes read since the last call.

        Returns
        -------
        IngestReport
            State, rows and reason per file; as a frame in `.frame`.

        Raises
        ------
        ArchiveError
            If a path does not exist, or the mapping is not valid.
        StoreError
            If the database refuses rows.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.ingest(orbital.sample()).frame.columns[:4]
        ['path', 'format', 'observatory', 'state']
        """
        from orbital_kernel.ingest import ingest

        require_observatories(observatory)
        from orbital_kernel.questions.quality_ingest import Watched
        from orbital_kernel.session import arrivals

        watched = Watched()
        report = ingest(
            paths,
            self.store,
            observatory=observatory,
            mapping=mapping,
            replace=replace,
            bulk_above=bulk_above,
            workers=workers,
            accept_checksums=accept_checksums,
            compare=compare,
            progress=progress,
            seen=watched.take,
        )
        compared = arrivals.compared(self) if compare else None
        faults = arrivals.checked(self.quality, watched, report)
        return dataclasses.replace(report, faults=faults, compared=compared)

    def survey(
        self,
        *paths: str | Path,
        observatory: str | None = None,
        mapping: str | Path | None = None,
        workers: int | None = None,
        accept_checksums: bool = False,
        progress: "Progress" = lambda _path, _size: None,
    ) -> "Survey":
        """Read files and report the effect of ingesting them; write nothing.

        Parameters
        ----------
        *paths : str or Path
            Files, and folders with all files in them.
        observatory : str, optional
            Refuse files of other observatories.
        mapping : str or Path, optional
            File that declares the columns of a table of another format.
        workers : int, optional
            Number of processes that read; by default one per core.
        accept_checksums : bool
            Take FITS files whose DATASUM does not fit their data: rewritten by a tool
            that did not renew it. By default they are refused, as they may be damaged.
        progress : callable
            Called with a path and the number of bytes read since the last call.

        Returns
        -------
        Survey
            State per file, rows and bytes per table, and the space of each quota.

        Raises
        ------
        ArchiveError
            If a path does not exist, or the mapping is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.survey(orbital.sample()).in_state("refused")
        ()
        """
        from orbital_kernel.ingest import survey

        require_observatories(observatory)
        return survey(
            paths,
            self.store,
            observatory=observatory,
            mapping=mapping,
            workers=workers,
            accept_checksums=accept_checksums,
            progress=progress,
        )

    def validate(
        self,
        *paths: str | Path,
        observatory: str | None = None,
        mapping: str | Path | None = None,
        workers: int | None = None,
        accept_checksums: bool = False,
        progress: "Progress" = lambda _path, _size: None,
    ) -> "Validation":
        """Compare files with the rows stored from them.

        Parameters
        ----------
        *paths : str or Path
            Files, and folders with all files in them.
        observatory : str, optional
            Refuse files of other observatories.
        mapping : str or Path, optional
            File that declares the columns of a table of another format.
        workers : int, optional
            Number of processes that read; by default one per core.
        accept_checksums : bool
            Take FITS files whose DATASUM does not fit their data: rewritten by a tool
            that did not renew it. By default they are refused, as they may be damaged.
        progress : callable
            Called with a path and the number of bytes read since the last call.

        Returns
        -------
        Validation
            State per file, and rows of files and database per table.

        Raises
        ------
        ArchiveError
            If a path does not exist, or the mapping is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> len(orbital.validate(orbital.sample()).files) > 0
        True
        """
        from orbital_kernel.ingest import validate

        require_observatories(observatory)
        return validate(
            paths,
            self.store,
            observatory=observatory,
            mapping=mapping,
            workers=workers,
            accept_checksums=accept_checksums,
            progress=progress,
        )

    def prepare(
        self,
        archive: str | Path = "",
        *,
        progress: "Progress" = lambda _path, _size: None,
    ) -> "IngestReport":
        """Provision storage and tables, and ingest an archive.

        Without an archive, an empty database gets the sample sky, whose files are
        written to the platform's folder once; any other database is used as it is.
        Repeating the call changes nothing.

        Parameters
        ----------
        archive : str or Path
            A file or folder; by default the sample sky.
        progress : callable
            Called with a path and the number of bytes read since the last call.

        Returns
        -------
        IngestReport
            State, rows and reason per file.

        Raises
        ------
        ArchiveError
            If no file of `archive` can be ingested.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.prepare().in_state("refused")
        ()
        """
        from orbital_kernel.ingest import IngestReport

        self.storage.apply()
        if not archive and not self._takes_sample:
            return IngestReport(())
        report = self.ingest(archive or self.sample(), progress=progress)
        refused = report.in_state("refused")
        if refused and len(refused) == len(report.files):
            raise ArchiveError(
                f"no file of {archive or 'the sample sky'} can be ingested; the first "
                f"of {len(refused)}: {refused[0].reason}"
            )
        return report

    @property
    def _takes_sample(self) -> bool:
        """Whether the sample belongs here: no rows are stored, or part of the sample."""
        from orbital_kernel.ingest import contents_of, entries, files_of

        schemas = (*observatories(), "cross")
        if not any(n for name in schemas for n in self.store.counts(name).values()):
            return True
        if not self.simulated:
            return False
        contents = contents_of(files_of([self.sample()]))
        ledger = entries(self.store)
        return any(ledger[c].state == "ingested" for c in contents if c in ledger)

    def ingest_published(self) -> "IngestReport":
        """Ingest the published measurements that come with Orbital.

        Light curves of GW170817, GRB 130427A, NGC 925 ULX-3 and SN 2010jl by both
        observatories, and a flare of Sgr A*, each with its paper. They are real: use a
        database without simulated rows, `connect(database="published")`.

        Returns
        -------
        IngestReport
            What became of each table.

        Raises
        ------
        StoreError
            If the database holds simulated rows.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> published = connect(database="published")
        >>> _ = published.storage.apply()
        >>> published.ingest_published().in_state("refused")
        ()
        """
        from orbital_kernel import sample

        return self.ingest(sample.MEASUREMENTS)

    def sample(self) -> Path:
        """Return the folder of the sample sky's files, written if missing.

        Returns
        -------
        Path
            The folder, in the platform's.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.sample().name
        'archive'
        """
        from orbital_kernel import sample

        folder = self.home / "sample"
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        purpose = "another writing of the sample sky"
        with Lock(self.home / "sample.lock", purpose, StoreError).held():
            if not (folder / "truth" / "truth.json").exists():
                sample.write(folder)
        return folder / "archive"
