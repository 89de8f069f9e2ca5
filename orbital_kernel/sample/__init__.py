"""The sample sky: a seeded simulator writing files in the archives' real formats.

`write(folder)` makes `folder/archive/` (files as Swift and Chandra publish them, every
one labelled simulated) and `folder/truth/` (what is really in them). The same seed and
size give the same bytes.
"""

from orbital_kernel.sample.truth import Truth, load
from orbital_kernel.sample.writing import Progress, size_bytes, write

__all__ = ["Progress", "Truth", "load", "size_bytes", "write"]
