"""Simulated FITS files have the headers of archive files, but for differences named here."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from orbital_kernel import sample

# Simulated file, archive file of the same kind.
PAIRS = {
    "bat 1 s": (
        "swift_bat/grb_lightcurves_1s/*.lc",
        "swift_bat/grb_lightcurves_1s/grb_130427A_1chan_1s.lc",
    ),
    "bat 64 ms": (
        "swift_bat/grb_lightcurves_64ms/*.lc",
        "swift_bat/grb_lightcurves_64ms/grb_130603B_1chan_64ms.lc",
    ),
    "rates 1 s": (
        "swift_bat/rates_1s/*.lc.gz",
        "swift_bat/rates_1s/sw00016869002brt1s.lc.gz",
    ),
    "rates 64 ms": (
        "swift_bat/rates_64ms/*.lc.gz",
        "swift_bat/rates_64ms/sw00074025063brtms.lc.gz",
    ),
    "events": (
        "chandra/evt2/sim_acisf90001N001_evt2.fits",
        "chandra/evt2/M82_obs10027_stingray_chandra_test.fits",
    ),
    "events at the barycentre": (
        "chandra/evt2/sim_acisf90003N001_evt2.fits",
        "chandra/sgra_evt2/11843_sgra_evt2.fits",
    ),
    "light curve": (
        "chandra/lightcurves/sim_90001_lc500.fits",
        "chandra/lightcurves/CDF-S_XT1_xt_lc.fits",
    ),
}
# Twenty columns, as the Galactic Centre files have; the M82 file was cut to eight.
COLUMNS_OF = {"events": "chandra/sgra_evt2/11843_sgra_evt2.fits"}
SHAPE = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d?|PCOUNT|GCOUNT|TFIELDS|EXTEND|END|COMMENT|HISTORY|"
    r"CONTINUE|T(TYPE|FORM|UNIT|NULL|ZERO|SCAL|DIM|LMIN|LMAX)\d+|"
)
# The label; and checksums where the archive's cut or edited files have none.
ONLY_SIMULATED = {"SIMULATE", "CREATOR", "CHECKSUM", "DATASUM"}
# The archive writes a whole second without a point in some files.
WHOLE_OR_REAL = {"TRIGTIME"}
ONLY_ARCHIVE = re.compile(
    r"LDPNA\d+|"  # as many telemetry files as were processed
    r"\d?DS(TYP|VAL|FORM|UNIT|REF)\d+|"  # how an extract was cut
    r"(BIASFIL|XPOSUR|XPOSURE|TIMSYER)\d?|"  # calibration that nothing simulated has
    r"TC\w+\d+A?|"  # coordinates other than the sky's; the sky's are tested apart
    r"(ONTIME|LIVTIME|EXPOSUR)\d|"  # one a chip, and chips differ
    r"XPOSURE|TIMSYER"
)


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample.write(tmp_path_factory.mktemp("sky")).archive


def opened(root: Path, pattern: str) -> fits.HDUList:
    return fits.open(min(root.glob(pattern)))


def keywords(header: fits.Header) -> dict[str, type]:
    return {
        card.keyword: type(card.value)
        for card in header.cards
        if not SHAPE.fullmatch(card.keyword)
    }


def twins(sky: Path, archive: Path, kind: str) -> Iterator[tuple[fits.Header, ...]]:
    """Yield HDUs of both files; of repeated GTI extensions the first is compared."""
    simulated, real = (
        opened(r, p) for r, p in zip((sky, archive), PAIRS[kind], strict=True)
    )
    with simulated, real:
        for name in dict.fromkeys(hdu.name for hdu in real):
            yield simulated[name].header, real[name].header


@pytest.mark.parametrize("kind", PAIRS)
def test_hdus_have_the_archive_names_in_its_order(
    sky: Path, archive: Path, kind: str
) -> None:
    simulated, real = (
        opened(r, p) for r, p in zip((sky, archive), PAIRS[kind], strict=True)
    )
    with simulated, real:
        names = [
            list(dict.fromkeys(hdu.name for hdu in file)) for file in (simulated, real)
        ]
        assert names[0] == names[1]


@pytest.mark.parametrize("kind", PAIRS)
def test_headers_have_the_archive_keywords(sky: Path, archive: Path, kind: str) -> None:
    for simulated, real in twins(sky, archive, kind):
        missing = keywords(real).keys() - keywords(simulated).keys()
        assert {key for key in missing if not ONLY_ARCHIVE.fullmatch(key)} == set()


@pytest.mark.parametrize("kind", PAIRS)
def test_headers_have_no_keywords_of_their_own_but_the_label(
    sky: Path, archive: Path, kind: str
) -> None:
    for simulated, real in twins(sky, archive, kind):
        extra = keywords(simulated).keys() - keywords(real).keys()
        ours = {key for key in extra if not ONLY_ARCHIVE.fullmatch(key)}
        assert "SIMULATE" in ours
        assert ours - ONLY_SIMULATED == set()


@pytest.mark.parametrize("kind", PAIRS)
def test_keyword_values_have_the_archive_types(
    sky: Path, archive: Path, kind: str
) -> None:
    for simulated, real in twins(sky, archive, kind):
        ours, theirs = keywords(simulated), keywords(real)
        shared = ours.keys() & theirs.keys() - WHOLE_OR_REAL
        assert {k: ours[k] for k in shared} == {k: theirs[k] for k in shared}


@pytest.mark.parametrize("kind", PAIRS)
def test_columns_have_the_archive_names_formats_units_and_nulls(
    sky: Path, archive: Path, kind: str
) -> None:
    simulated = opened(sky, PAIRS[kind][0])
    real = opened(archive, COLUMNS_OF.get(kind, PAIRS[kind][1]))
    with simulated, real:
        for name in dict.fromkeys(hdu.name for hdu in real[1:]):
            ours, theirs = (
                [
                    (c.name, c.format, c.unit, c.null, c.bzero, c.dim)
                    for c in file.columns
                ]
                for file in (simulated[name], real[name])
            )
            assert ours == theirs


@pytest.mark.parametrize("kind", PAIRS)
def test_time_keywords_have_the_archive_values(
    sky: Path, archive: Path, kind: str
) -> None:
    same = (
        "MJDREF",
        "MJDREFI",
        "MJDREFF",
        "TIMESYS",
        "TIMEREF",
        "TIMEPIXR",
        "CLOCKAPP",
    )
    same += ("TIMEZERO", "TIMEUNIT", "HDUCLAS1", "HDUCLAS2", "HDUCLAS3", "TELESCOP")
    for simulated, real in twins(sky, archive, kind):
        assert [simulated.get(key) for key in same] == [real.get(key) for key in same]


def test_each_chip_has_its_gti_extension(sky: Path) -> None:
    with opened(sky, PAIRS["events"][0]) as file:
        gtis = [hdu for hdu in file if hdu.name == "GTI"]
        assert [gti.header["CCD_ID"] for gti in gtis] == [3, 2, 1, 0]
        assert [len(gti.data) for gti in gtis] == [4, 3, 2, 1]


def test_sky_coordinates_put_the_source_where_the_target_is(sky: Path) -> None:
    with opened(sky, PAIRS["events"][0]) as file:
        header, events = file["EVENTS"].header, file["EVENTS"].data
        step = header["TCDLT12"]
        north = np.median(events["y"]) - header["TCRPX12"]
        east = (np.median(events["x"]) - header["TCRPX11"]) * header["TCDLT11"]
        stretch = np.cos(np.radians(header["DEC_TARG"]))
        dec = header["TCRVL12"] + north * step
        ra = header["TCRVL11"] + east / stretch
        away = np.hypot((ra - header["RA_TARG"]) * stretch, dec - header["DEC_TARG"])
        assert away * 3600 == pytest.approx(0, abs=1.0)


def test_checksums_hold(sky: Path) -> None:
    for path in sorted(sky.rglob("*.fits")) + sorted(sky.rglob("*.lc*")):
        with fits.open(path, checksum=True) as file:
            assert [hdu.verify_checksum() for hdu in file] == [1] * len(file)
