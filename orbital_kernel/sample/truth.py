"""What the sample contains: the tables to compare results with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from orbital_kernel.errors import ArchiveError

TABLES = ("files", "bursts", "sources", "matches", "lags", "faults", "photometry")


@dataclass
class Ledger:
    """Rows of truth while the sample is being written."""

    root: Path
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in TABLES}
    )

    def add(self, table: str, **row: Any) -> None:
        """Add one row to a table of TABLES."""
        self.rows[table].append(row)

    def add_file(self, path: Path, kind: str, *, size: int, rows: int) -> int:
        """Add a file that was written under `root`; return its size."""
        where = path.relative_to(self.root)
        self.add(
            "files",
            file=path.name,
            path=where.as_posix(),
            kind=kind,
            observatory=where.parts[0].partition("_")[0],
            bytes=size,
            rows=rows,
        )
        return size


@dataclass(frozen=True)
class Truth:
    """A written sample: what its files contain.

    Attributes
    ----------
    archive : pathlib.Path
        Folder of the files.
    seed, size_bytes : int
        Seed of the random numbers, and the size of all files.
    files : polars.DataFrame
        One row per file: name and path in the archive, kind, observatory, bytes, rows.
    bursts : polars.DataFrame
        One row per burst and file that it is in (file '' if only in a catalogue): name,
        trigger (MET, UTCF, UTC), position (deg), durations (s), peak and fluence.
    sources : polars.DataFrame
        One row per source of the field: true position (deg), flux, position and flux in
        each catalogue, and the 1-sigma position error it was drawn with (arcsec).
    matches : polars.DataFrame
        Pairs of rows of the two catalogues that are the same source.
    lags : polars.DataFrame
        Which series lags which, s.
    faults : polars.DataFrame
        Faults of the data: file, kind, start and stop (MET, s), rows.
    photometry : polars.DataFrame
        Light curves of objects that both observatories saw: model and conversion.
    """

    archive: Path
    seed: int
    size_bytes: int
    tables: Mapping[str, pl.DataFrame]

    @property
    def bursts(self) -> pl.DataFrame:
        """The bursts."""
        return self.tables["bursts"]

    @property
    def sources(self) -> pl.DataFrame:
        """The sources."""
        return self.tables["sources"]

    @property
    def matches(self) -> pl.DataFrame:
        """The pairs that are the same source."""
        return self.tables["matches"]

    @property
    def lags(self) -> pl.DataFrame:
        """The lags."""
        return self.tables["lags"]

    @property
    def faults(self) -> pl.DataFrame:
        """The faults."""
        return self.tables["faults"]

    @property
    def photometry(self) -> pl.DataFrame:
        """The light curves of objects both observatories saw."""
        return self.tables["photometry"]

    @property
    def files(self) -> pl.DataFrame:
        """The files."""
        return self.tables["files"]


def save(folder: Path, ledger: Ledger, *, seed: int) -> Truth:
    """Write truth/truth.json and one CSV per table beside the archive; return the Truth."""
    home = folder / "truth"
    home.mkdir(parents=True, exist_ok=True)
    size = sum(row["bytes"] for row in ledger.rows["files"])
    document = {"simulated": True, "seed": seed, "size_bytes": size, **ledger.rows}
    text = json.dumps(document, indent=1, allow_nan=False)
    (home / "truth.json").write_text(text + "\n", encoding="utf-8")
    truth = Truth(folder / "archive", seed, size, _frames(ledger.rows))
    for name, frame in truth.tables.items():
        frame.write_csv(home / f"{name}.csv")
    return truth


def load(folder: Path) -> Truth:
    """Return the truth of a sample.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that `write` was given.

    Returns
    -------
    Truth
        What the files contain.

    Raises
    ------
    ArchiveError
        If the folder contains no sample.
    """
    path = folder / "truth" / "truth.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ArchiveError(
            f"{folder} holds no sample: {path.name} cannot be read ({error}); "
            "write one with orbital_kernel.sample.write(folder)"
        ) from error
    rows = {name: document[name] for name in TABLES}
    return Truth(
        folder / "archive", document["seed"], document["size_bytes"], _frames(rows)
    )


def _frames(rows: Mapping[str, list[dict[str, Any]]]) -> dict[str, pl.DataFrame]:
    return {name: pl.DataFrame(rows[name], infer_schema_length=None) for name in TABLES}
