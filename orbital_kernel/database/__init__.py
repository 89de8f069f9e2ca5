"""Tables in VAST: the only package that imports vastdb (and ibis).

Everything goes through a transaction of the vendor's client. Table metadata is loaded
once a table and session, as the vendor advises, and dropped when a table is made anew.
"""

import logging

from orbital_kernel.database.client import ReadCounts
from orbital_kernel.database.database import Store
from orbital_kernel.database.transaction import Transaction

__all__ = ["ReadCounts", "Store", "Transaction"]

logging.getLogger("vastdb").setLevel(logging.CRITICAL)
