"""Which files a start may remove, must set aside, or refuses to serve.

A file goes away only if the database beside it has noted it as unfinished or dropped,
and that database is the newest of its folder. Everything else moves to `lost/`, and
returns from there when a database that names it is put back.
"""

from vast_standin.custody.database import admit_database, readable
from vast_standin.custody.home import Home, Refused
from vast_standin.custody.ledger import Ledger
from vast_standin.custody.sums import RowSums, begin_sums

__all__ = [
    "Home",
    "Ledger",
    "Refused",
    "RowSums",
    "admit_database",
    "begin_sums",
    "readable",
]
