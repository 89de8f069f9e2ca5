"""Curves of the Chandra Source Catalog get place and name of its list, in any order."""

import numpy as np
import pytest
from archive_files import CHANDRA, rows_of, table, write
from astropy.io import fits

from orbital_kernel import connect, embedded

NAME, OTHER = "2CXO J010337.5-720133", "2CXO J010400.0-720500"
HEADER = "name,ra,dec,obsid,obi,region_id,flux_aper_b\n"
LISTED = (
    f"{NAME},15.90645,-72.02591,2841,1,9,1e-13\n"
    f"{OTHER},16.0,-72.08,2841,0,9,1e-13\n"
    f"{OTHER},16.0,-72.08,2841,1,10,1e-13\n"
)


def curve(path, **keywords):
    """Write a level-3 curve of ObsID 2841, obi 1, region 9; return the path."""
    columns = [
        fits.Column("Time", "1D", array=np.array([1005.0, 1015.0])),
        fits.Column("COUNT_RATE", "1D", array=np.array([0.1, 0.2])),
        fits.Column("COUNT_RATE_ERR", "1D", array=np.array([0.01, 0.01])),
    ]
    about = CHANDRA | {
        "OBS_ID": "2841", "TIMEDEL": 10.0, "TIMEPIXR": 0.5, "BAND": "broad",
        "STACK_ID": "acisfJ0105129m720304_001",
    }  # fmt: skip
    light = table("LIGHTCURVE", columns, keywords=about | keywords)
    return write(path, light, TELESCOP="CHANDRA")


@pytest.mark.parametrize("keywords", [{"OBI_NUM": 1, "REGIONID": "0009"}, {}])
def test_header_or_name_of_a_level_3_curve_gives_obi_and_region(tmp_path, keywords):
    path = curve(tmp_path / "acisf02841_001N021_r0009b_lc3.fits", **keywords)

    points = rows_of(path)[0]["photometry"]

    assert all(
        '"obi": 1, "region_id": 9' in text for text in points["extra"].to_pylist()
    )


@pytest.mark.parametrize("curve_first", [True, False])
def test_a_level_3_curve_is_of_its_source_whichever_file_came_first(
    tmp_path, curve_first
):
    keywords = {"OBI_NUM": 1, "REGIONID": "0009"}
    light = curve(tmp_path / "acisf02841_001N021_r0009b_lc3.fits", **keywords)
    listed = tmp_path / "per_obi.csv"
    listed.write_text(HEADER + LISTED)
    session = connect(tmp_path / "home")
    session.storage.apply()
    for path in (light, listed) if curve_first else (listed, light):
        assert () == session.ingest(path).in_state("refused")

    points = session.light_curve(NAME)
    known = session.known_at((15.90645, -72.02591), radius_arcmin=0.2)
    names = session.objects.names()
    other = session.known_at((16.0, -72.08), radius_arcmin=0.2)
    embedded.stop(tmp_path / "home")

    assert [NAME] * 2 == points["object"].to_list()
    assert [(NAME, 15.90645, 0.0)] * 2 == known.tables["chandra.photometry"].select(
        "object", "ra", "separation_arcmin"
    ).rows()
    assert [NAME] == names["object"].to_list()
    assert "chandra.photometry" not in other.tables
