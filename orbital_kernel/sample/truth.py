"""What is really in the sample: the table every result can be held against."""

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
    """A written sample: its archive folder, its seed and size, and the truth tables.

    files       name and path in the archive, kind, observatory, bytes, rows
    bursts      a row a burst and file it is in (file '' for catalogue only): name,
                trigger (MET, UTCF, UTC), position, durations (s), peak and fluence
    sources     a row a source of the field: true position (deg), flux, what each
                catalogue says and the 1-sigma position error it was drawn with (arcsec)
    matches     pairs of rows of the two catalogues that are one source
    lags        what lags what, by how many seconds
    faults      what is wrong where: file, kind, start and stop (MET, s), rows
    photometry  light curves of objects both observatories saw: model and conversion
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
        """The pairs that are one source."""
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
    """Write truth/truth.json and a CSV a table beside the archive; return the Truth."""
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
    """Return the Truth of a sample written earlier.

    Raises ArchiveError where the folder holds none.
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
