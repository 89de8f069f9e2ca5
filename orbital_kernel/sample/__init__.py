"""The sample sky: a seeded simulator writing files in the archives' real formats.

`write(folder)` writes `folder/archive/` (files as Swift and Chandra publish them, each
marked as simulated) and `folder/truth/` (what they contain). The same seed and
size give the same bytes.

`MEASUREMENTS` is the folder of published measurements that come with Orbital: real, one
CSV for each object, with the papers in its first lines and in each row.
`archives/mapped/published/orbital-measurements.toml` reads them.
"""

from pathlib import Path

from orbital_kernel.sample.truth import Truth, load
from orbital_kernel.sample.writing import Progress, size_bytes, write

MEASUREMENTS = Path(__file__).parent / "measurements"

__all__ = ["MEASUREMENTS", "Progress", "Truth", "load", "size_bytes", "write"]
