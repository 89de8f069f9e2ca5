"""Draw the README's picture from real files: `python docs/pictures.py ARCHIVE`.

Needs Chromium. The detector finds the burst in its file.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from orbital_kernel import connect, embedded, plots

FOLDER = Path(__file__).parent
FILE = "grb_211211A_1chan_1s.lc"
CATALOGS = "swift_bat/catalogs"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def main(archive: Path) -> None:
    """Ingest one light curve and the catalogues, scan, plot, and save the picture."""
    with tempfile.TemporaryDirectory() as folder:
        orbital = connect(folder)
        try:
            orbital.storage.apply()
            orbital.ingest(archive / CATALOGS, next(archive.rglob(FILE)))
            bursts = orbital.bursts.scan_store()
            series = orbital.series(FILE.partition(".")[0])
            figure = plots.rates(
                series, bursts=bursts, title="GRB 211211A, Swift/BAT 15-350 keV"
            )
            page = Path(folder) / "burst.html"
            page.write_text(plots.to_html(figure))
            picture = f"--screenshot={FOLDER / 'burst.png'}"
            subprocess.run(
                ["chromium", *FLAGS, picture, "--window-size=1000,430", page.as_uri()],
                check=True,
                capture_output=True,
            )
        finally:
            embedded.stop(Path(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
