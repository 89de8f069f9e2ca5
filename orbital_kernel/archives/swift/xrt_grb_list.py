"""The list of XRT light-curve shapes by burst: GRB;numbreaks;lc type;NH_gal;Redshift.

';'-separated, one row per burst, from www.swift.ac.uk/xrt_live_cat.

Traps handled: not every name is a GRB's ('Swift J164449.3+573451', 'SGR 1830-0645');
'N/A' redshifts; lists of flares in one cell. The trigger time is not given, so `time`
is null.
"""

import pyarrow as pa

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.redshifts import agreed_redshifts
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, rows
from orbital_kernel.archives.swift.grb_table import burst_name
from orbital_kernel.model.schema import GRBS

NEEDED = {"GRB", "numbreaks", "lc type", "Redshift"}


def recognises(source: Source) -> bool:
    """Recognise the file by the column names."""
    return set(text.header_cells(source, ";")) >= NEEDED


def read(source: Source, account: Account) -> Batches:
    """Yield `grbs`, one row per burst."""
    account.observatory = "swift"
    account.understood.append("no trigger times in the file")
    simulated = text.says_simulated(source)
    for batch in text.batches(text.records(source.path, ";")):
        yield _grbs(batch, account, simulated=simulated)


def _grbs(
    batch: list[Record], account: Account, *, simulated: bool
) -> tuple[str, pa.Table]:
    return rows(
        GRBS,
        len(batch),
        catalog="xrt-lightcurve-types",
        name=[burst_name(r.cells["GRB"]) for r in batch],
        redshift=agreed_redshifts([r.text("Redshift") for r in batch], account),
        redshift_text=[r.text("Redshift") for r in batch],
        extra=[
            extra({k: r.text(k) for k in r.cells if k not in {"GRB", "Redshift"}})
            for r in batch
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


READER = Reader(
    "swift-xrt-types", recognises, read, "XRT light-curve types by burst", version=2
)
