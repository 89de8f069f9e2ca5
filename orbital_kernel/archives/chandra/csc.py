"""Chandra Source Catalog extracts in their several forms, and Chandra's COSMOS list.

Forms: CSCview (CSV or FITS), cscli and TAP (tab-separated under '#Column' lines),
per-observation rows (an ObsID each), VizieR IX/57 (renamed columns), tables derived
from the catalogue that keep its names, positions and classes.
Source: cxc.cfa.harvard.edu/csc2, column descriptions; C-COSMOS: Elvis et al. 2009,
whose fluxes are of 0.5-10 keV, by a photon index of 1.4 from counts of 0.5-7 keV
(irsa.ipac.caltech.edu, C-COSMOS column definitions).

Traps handled: strings padded with blanks; RA in degrees in one form, '11 05 07.45'
hours with a blank in front in another; two columns of one name, the master's first,
the observation's second ('flux_aper90_b' and '.1'): rows with an ObsID take flux,
bounds and significance of the observation and never the master's, which stay in `extra`; 'NaN', blanks and 999999 for a band never observed; flux 0 or null beside a
high limit is an upper limit; booleans ' TRUE' and 'False' stay as written in `extra`;
fluxes of bands b (0.5-7 keV) and w (0.1-10, HRC) are never mixed in one value. Bounds
are 68 %, position ellipses 95 %. C-COSMOS writes a limit as flux 0 with the limit in
the error column.
"""

from orbital_kernel.archives.source_catalog import (
    FluxColumns,
    Form,
    catalog_reader,
)

B, W = (0.5, 7.0), (0.1, 10.0)


def _csc(stem: str, band: str, suffix: str = "", own: str = "") -> FluxColumns:
    kev = B if band == "b" else W
    return FluxColumns(
        value=f"{stem}_{band}{suffix}",
        low=f"{stem}_lolim_{band}{suffix}",
        high=f"{stem}_hilim_{band}{suffix}",
        band=f"CSC {band}",
        kev=kev,
        significance=f"{own}_{band}" if own else "",
    )


OBSERVED = (
    ("obi_flux_aper", ""),
    ("flux_aper90", ".1"),
    ("flux_aper90", "#2"),
    ("flux_aper", ".1"),
    ("flux_aper", "#2"),
)
MASTER = ("flux_aper_avg", "flux_aper", "flux_aper90_avg", "flux_aper90")
ELLIPSE = ("err_ellipse_r0", "err_ellipse_r1", "err_ellipse_ang")
MASTER_FLUXES = tuple(_csc(stem, band) for band in "bw" for stem in MASTER)
OBSERVED_FLUXES = tuple(
    _csc(stem, band, end, "flux_significance")
    for band in "bw"
    for stem, end in OBSERVED
)
OBSERVED_SIGNIFICANCE = ("significance.1", "significance#2")


def _form(
    catalog: str,
    *needs: str,
    fluxes: tuple[FluxColumns, ...],
    significance: tuple[str, ...] = ("significance",),
) -> Form:
    return Form(
        catalog=catalog,
        observatory="chandra",
        needs=frozenset({"name", "ra", "dec", *needs}),
        words=("2CXO",),
        source_id=("name",),
        ra=("ra",),
        dec=("dec",),
        obs_id=("obsid",),
        error_radius=("err_ellipse_r0",),
        ellipse=ELLIPSE,
        error_confidence=0.95,
        significance=significance,
        exposure=("livetime",),
        kind=("master_class",),
        fluxes=fluxes,
        missing=(999999.0,),
    )


FORMS = (
    Form(
        catalog="csc2-vizier",
        observatory="chandra",
        needs=frozenset({"2cxo", "raicrs", "deicrs"}),
        source_id=("2cxo",),
        prefix="2CXO ",
        ra=("raicrs",),
        dec=("deicrs",),
        error_radius=("r0",),
        ellipse=("r0", "r1", "pa"),
        error_confidence=0.95,
        significance=("s/n",),
        exposure=("expac", "exphrc"),
        kind=("class",),
        fluxes=(
            FluxColumns("favgb", "b_favgb", "b_favgb#2", band="CSC b", kev=B),
            FluxColumns("favgw", "b_favgw", "b_favgw#2", band="CSC w", kev=W),
        ),
    ),
    *(
        _form(
            "csc2-observation",
            "obsid",
            band.value,
            fluxes=OBSERVED_FLUXES,
            significance=OBSERVED_SIGNIFICANCE,
        )
        for band in OBSERVED_FLUXES
    ),
    _form("csc2-observation", "obsid", fluxes=MASTER_FLUXES),
    _form("csc2", "err_ellipse_r0", fluxes=MASTER_FLUXES),
    _form("csc2", "flux_aper_b", fluxes=MASTER_FLUXES),
    _form("csc2-derived", "hard_hm", fluxes=()),
    Form(
        catalog="chandra-cosmos",
        observatory="chandra",
        needs=frozenset(
            {"name", "ra", "dec", "flux", "flux_error", "sb_flux", "hb_flux", "snr"}
        ),
        source_id=("name",),
        ra=("ra",),
        dec=("dec",),
        error_radius=("error_radius",),
        significance=("snr",),
        exposure=("exposure",),
        fluxes=(
            FluxColumns(
                "flux",
                error="flux_error",
                band="0.5-10 keV",
                kev=(0.5, 10.0),
                error_is_limit_at_zero=True,
            ),
        ),
    ),
)


READER = catalog_reader("chandra-csc", FORMS, "Chandra Source Catalog extracts")
