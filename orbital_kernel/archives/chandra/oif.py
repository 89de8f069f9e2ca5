"""Chandra's observation index file (oif.fits): what one ObsID's folder holds.

Source: cxc.cfa.harvard.edu/cda, primary and secondary products.

Traps handled: MJDREF is an integer here; the header's start and stop may span several
segments of one ObsID, months apart; OBSERVER may be 'Merged'. The list of files is
kept in `extra`.
"""

import json

import numpy as np

from orbital_kernel.archives.chandra import clock as chandra_clock
from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import (
    first_table,
    is_simulated,
    number,
    open_fits,
    text,
)
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import position, rows
from orbital_kernel.model import times
from orbital_kernel.model.schema import OBSERVATIONS


def recognises(source: Source) -> bool:
    """Recognise the file by the mission and the columns of a grouping table."""
    table = first_table(source)
    return (
        table is not None
        and chandra_clock.is_chandra(table.header)
        and table.has("MEMBER_LOCATION", "MEMBER_CONTENT")
    )


def read(source: Source, account: Account) -> Batches:
    """Yield one row of `observations`."""
    file = open_fits(source, account)
    account.observatory = "chandra"
    table = next(h for h in file.hdus if h.has("MEMBER_LOCATION"))
    members = [
        location
        for block in file.blocks(table)
        for location in block.texts("MEMBER_LOCATION")
    ]
    account.skip("rows of the list of files, kept in `extra`", len(members))
    header = table.header
    edges = [fits_time.keyword_s(header, n) for n in ("TSTART", "TSTOP")]
    seconds = np.array([np.nan if edge is None else edge for edge in edges])
    rule = chandra_clock.rule(table)
    start, stop = times.to_tt(rule, seconds)
    yield rows(
        OBSERVATIONS,
        1,
        obs_id=chandra_clock.obs_id(file, table),
        object=text(header, "OBJECT") or None,
        **position(
            number(header, "RA_NOM") or np.nan, number(header, "DEC_NOM") or np.nan
        ),
        time=start,
        time_stop=stop,
        time_rule=rule,
        exposure_s=number(header, "EXPOSURE"),
        roll_deg=number(header, "ROLL_NOM"),
        instrument=chandra_clock.instrument(table),
        mode=text(header, "GRATING") or None,
        status="archived",
        pi=text(header, "OBSERVER") or None,
        log="oif",
        extra=json.dumps({"title": text(header, "TITLE"), "files": members}),
        simulated=is_simulated(file),
        file_row=0,
    )


READER = Reader("chandra-index", recognises, read, "Chandra observation index file")
