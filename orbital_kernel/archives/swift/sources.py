"""Swift source catalogues: BAT survey lists, XRT's serendipitous sources, Stripe 82.

BAT 70-month (Baumgartner et al. 2013, 14-195 keV, bounds 90 %) and its later editions,
BAT survey input list, the on-board trigger catalogue (HDU TRIG_SOURCE, dumped by
telemetry), bright-source list of the 105-month survey in VizieR's names,
2SXPS and LSXPS under UKSSDC's names (rates of 0.3-10 keV, bounds 68 %, positions 90 %;
www.swift.ac.uk/2SXPS/docs), SDS82 count rates.

Traps handled: the 70-month FLUX is in 1e-12 erg/s/cm2 by its TUNIT, VizieR's in
1e-15 W/m2 (the same size); LUM = -inf and REDSHIFT = 0 where the redshift is unknown;
CATNUM null; later editions are text with a line of units under the names and 'NA', and
only the file's name says which; a rate of 0 with an upper error is a limit; TDISP values that are not formats; SDS82 is ';'-separated, sexagesimal, and
-999 or -9.990E+02 means missing; it has no names, so a source is called by its
position as written; the on-board catalogue gives some names twice, the second time
followed here by the entry's number, and its slots for new bursts, if empty, are at RA 0, dec 89.9.
"""

from orbital_kernel.archives.source_catalog import (
    FluxColumns,
    Form,
    catalog_reader,
)

BAT_SURVEY = (14.0, 195.0)
SDS82 = "countrates_0.3-10kev(ph.s-1)"
SDS82_ERROR = "countrates_error_0.3-10kev(ph.s-1)"


def _sxps(catalog: str) -> Form:
    return Form(
        catalog=catalog,
        observatory="swift",
        needs=frozenset({f"{catalog}_id", "iauname", "ra", "decl", "rate_band0"}),
        source_id=("iauname",),
        ra=("ra",),
        dec=("decl",),
        error_radius=("err90",),
        error_confidence=0.9,
        exposure=("exposure",),
        fluxes=(
            FluxColumns(
                "rate_band0",
                plus="rate_band0_pos",
                minus="rate_band0_neg",
                unit="count / s",
                band="0.3-10 keV",
                kev=(0.3, 10.0),
            ),
        ),
    )


FORMS = (
    Form(
        catalog="bat-70m",
        observatory="swift",
        needs=frozenset({"bat_name", "ra", "dec", "snr", "flux", "flux_lo", "flux_hi"}),
        source_id=("bat_name",),
        ra=("ra",),
        dec=("dec",),
        significance=("snr",),
        kind=("type",),
        fluxes=(
            FluxColumns(
                "flux",
                "flux_lo",
                "flux_hi",
                scale=1e-12,
                band="14-195 keV",
                kev=BAT_SURVEY,
            ),
        ),
        zero_is_missing=frozenset({"redshift", "lum"}),
        edition="bat-{months}m",
    ),
    _sxps("2sxps"),
    _sxps("lsxps"),
    Form(
        catalog="bat-trigger-catalogue",
        observatory="swift",
        needs=frozenset(
            {"name", "catnum", "src_type", "merit", "ra_obj", "dec_obj", "threshold"}
        ),
        source_id=("name",),
        number="catnum",
        ra=("ra_obj",),
        dec=("dec_obj",),
        kind=("src_type",),
        empty_slot=(0.0, 89.9),
    ),
    Form(
        catalog="bat-survey-input",
        observatory="swift",
        needs=frozenset({"catnum", "name", "ra_obj", "dec_obj"}),
        source_id=("name",),
        ra=("ra_obj",),
        dec=("dec_obj",),
    ),
    Form(
        catalog="bat-bright",
        observatory="swift",
        needs=frozenset(
            {"name", "raj2000", "dej2000", "s/n", "flux", "gamma", "otype"}
        ),
        source_id=("name",),
        ra=("raj2000",),
        dec=("dej2000",),
        significance=("s/n",),
        kind=("otype",),
        fluxes=(FluxColumns("flux", scale=1e-12, band="14-195 keV", kev=BAT_SURVEY),),
    ),
    Form(
        catalog="sds82",
        observatory="swift",
        needs=frozenset({"ra", "dec", SDS82, SDS82_ERROR, "exposure_time(s)"}),
        source_id=("ra", "dec"),
        prefix="SDS82 ",
        ra=("ra",),
        dec=("dec",),
        exposure=("exposure_time(s)",),
        missing=(-999.0,),
        fluxes=(
            FluxColumns(
                SDS82,
                error=SDS82_ERROR,
                unit="count / s",
                band="0.3-10 keV",
                kev=(0.3, 10.0),
            ),
        ),
    ),
)


READER = catalog_reader(
    "swift-sources", FORMS, "BAT and XRT source catalogues", version=2
)
