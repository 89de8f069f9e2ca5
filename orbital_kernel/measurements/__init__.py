"""Published measurements that come with Orbital, as small tables with their papers.

Each CSV is one object: its first lines name the papers, each row is one point with time,
unit, band and the paper's bibcode. `archives/mapped/published/orbital-measurements.toml`
reads them. They are real: `orbital.ingest_published()` puts them into a database that
holds no simulated rows.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "tables"
"""The folder of the tables."""
DATABASE = "published"
"""The database that holds them, beside the sample's."""
