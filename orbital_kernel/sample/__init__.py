"""The sample sky: a seeded simulator writing files in the archives' real formats.

`write(folder)` writes `folder/archive/` (files as Swift and Chandra publish them, each
marked as simulated) and `folder/truth/` (what they contain). The same seed and
size give the same bytes.
"""

from orbital_kernel.sample.truth import Truth, load
from orbital_kernel.sample.writing import Progress, size_bytes, write

__all__ = ["Progress", "Truth", "load", "size_bytes", "write"]
