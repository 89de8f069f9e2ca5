"""Tables in VAST: the only package that imports vastdb.

All access is through transactions of the vendor's client. Table metadata is loaded once
per table and session, as the vendor advises, and dropped if a table is created again.
"""

from orbital_kernel.config.pandas_spared import spare_pandas

spare_pandas()  # before vastdb makes arrays

from orbital_kernel.database.client import ReadCounts  # noqa: E402
from orbital_kernel.database.database import Store  # noqa: E402
from orbital_kernel.database.transaction import Transaction  # noqa: E402

__all__ = ["ReadCounts", "Store", "Transaction"]
