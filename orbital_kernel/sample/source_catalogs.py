"""Source catalogues of one field: XRT count rates and a Chandra Source Catalog extract.

XRT: ';' between cells, sexagesimal, -9.990E+02 where a value is missing. Chandra: the
'#Column' header and the fixed widths that cscli prints, NaN for what HRC would fill.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from orbital_kernel.sample import facts
from orbital_kernel.sample.curves import BAND_SHARE, ERG_PER_XRT_COUNT
from orbital_kernel.sample.field import Field, sexagesimal
from orbital_kernel.sample.rounding import degrees, measured, modelled, seconds
from orbital_kernel.sample.text import LABEL, write_text
from orbital_kernel.sample.truth import Ledger


def write_xrt_sources(
    path: Path, sky: Field, rng: np.random.Generator, ledger: Ledger
) -> int:
    """Write an XRT source catalogue (';', sexagesimal, -9.990E+02 is missing)."""
    bands = ("0.3-10keV", "0.3-1keV", "1-2keV", "2-10keV")
    header = ["RA", "DEC"]
    header += [f"countrates_{bands[0]}(ph.s-1)", f"countrates_error_{bands[0]}(ph.s-1)"]
    header.append("exposure_time(s)")
    for band in bands[1:]:
        header += [
            f"countrates_{band}(ph.s-1)",
            f"countrates_error_{band}(ph.s-1)",
            f"upper_limit_{band}(ph.s-1)",
        ]
    lines = [";".join(header)]
    lines.extend(_xrt_row(sky, int(row), rng) for row in np.flatnonzero(sky.in_swift))
    return write_text(path, lines, "xrt source catalogue", len(lines) - 1, ledger)


def _xrt_row(sky: Field, row: int, rng: np.random.Generator) -> str:
    exposure = seconds(float(rng.uniform(8000, 120_000)))
    true = float(sky.flux[row]) / BAND_SHARE / ERG_PER_XRT_COUNT
    counts = max(int(rng.poisson(modelled(true * exposure))), 4)
    rate, error = counts / exposure, np.sqrt(counts) / exposure
    cells = [
        sexagesimal(float(sky.swift_ra[row]), hours=True, digits=3),
        sexagesimal(float(sky.swift_dec[row]), hours=False, digits=3, sign=False),
        f"{rate:.3E}",
        f"{error:.3E}",
        f"{exposure:.1f}",
    ]
    for share in (0.25, 0.4, 0.35):
        got = int(rng.binomial(counts, share))
        if got < 2:
            cells += ["-9.990E+02", "-9.990E+02", f"{6 / exposure:.3E}"]
        else:
            deviation = np.sqrt(got) / exposure
            cells += [f"{got / exposure:.3E}", f"{deviation:.3E}", "-9.990E+02"]
    return ";".join(cells)


def csc_name(ra_deg: float, dec_deg: float) -> str:
    """Return the catalogue's kind of name, labelled: 'SIM 2CXO J000012.3-002107'."""
    ra = sexagesimal(ra_deg, hours=True, digits=1).replace(":", "")
    dec = sexagesimal(dec_deg, hours=False, digits=0).replace(":", "")
    return f"SIM 2CXO J{ra}{dec}"


def write_csc(
    path: Path,
    sky: Field,
    obs_ids: Sequence[int],
    rng: np.random.Generator,
    ledger: Ledger,
) -> int:
    """Write a CSC extract as cscli prints it: one row per source and observation."""
    columns = facts.table("csc_columns").fill_null("").to_dicts()
    # cscli's first line is a column's: the label is in the place of its meaning.
    notes = {columns[0]["name"]: LABEL, "name": "2CXO name, with SIM in front"}
    lines = [_column_line(column, notes) for column in columns]
    lines.append("\t".join(column["name"] for column in columns))
    before = len(lines)
    for row in np.flatnonzero(sky.in_chandra):
        lines.extend(
            "\t".join(_cell(cells, column) for column in columns)
            for cells in _csc_rows(sky, int(row), obs_ids, rng)
        )
    return write_text(path, lines, "csc extract", len(lines) - before, ledger)


def _column_line(column: dict[str, str], notes: dict[str, str]) -> str:
    name, form, origin = column["name"], column["format"], column["origin"]
    unit, ucd, note = column["unit"], column["ucd"], notes.get(column["name"], "")
    return f'#Column\t{name}\t({form})\t{note}\t({origin})\t["{unit}"]\t[{ucd}]'


def _csc_rows(
    sky: Field, row: int, obs_ids: Sequence[int], rng: np.random.Generator
) -> Iterable[dict[str, object]]:
    seen = rng.choice(obs_ids, size=int(rng.integers(1, 3)), replace=False)
    flux = float(sky.flux[row])
    ra, dec = float(sky.chandra_ra[row]), float(sky.chandra_dec[row])
    share = modelled(0.03 + 0.2 * rng.random() * min(1.0, np.sqrt(3e-14 / flux)))
    best = measured(float(rng.normal(flux, flux * share)))
    for obs_id in np.sort(seen):
        once = measured(float(rng.normal(flux, flux * share * 1.3)))
        yield {
            "sepn": 0.0,
            "name": csc_name(ra, dec),
            "ra": ra,
            "dec": dec,
            "err_ellipse_r0": 2.448 * float(sky.chandra_sigma[row]),
            "conf_flag": "FALSE",
            "sat_src_flag": "FALSE",
            "extent_flag": "FALSE",
            "significance": 1 / share,
            "flux_aper_b": best,
            "flux_aper_lolim_b": best * (1 - share),
            "flux_aper_hilim_b": best * (1 + share),
            "var_intra_index_b": 0,
            "var_inter_index_b": 0,
            "match_type": "u",
            "obsid": int(obs_id),
            "obi": 0,
            "region_id": row + 1,
            "instrument": "ACIS",
            "theta": 8 * float(sky.chandra_sigma[row]),
            "phi": degrees(float(rng.uniform(0, 360))),
            "livetime": 20000.0,
            "conf_code": 0,
            "obi_sat_src_flag": "FALSE",
            "flux_significance_b": 1 / (1.3 * share),
            "detector": "ACIS-0123",
            "extent_code": 0,
            "cnts_aper_b": int(1 / share**2),
            "src_rate_aper_b": once / 1e-11,
            "obi_flux_aper_b": once,
            "obi_flux_aper_lolim_b": once * (1 - 1.3 * share),
            "obi_flux_aper_hilim_b": once * (1 + 1.3 * share),
            "var_index_b": 0,
            "detect_stack_id": "simulated_001",
        }


def _cell(cells: dict[str, object], column: dict[str, str]) -> str:
    """Print one value in the catalogue's fixed width; what is not there is NaN."""
    kind, _, size = column["format"].partition(".")
    width = int(kind[1:])
    value = cells.get(column["name"])
    if value is None:
        return "NaN".rjust(width)
    if kind[0] == "E":
        return f"{float(str(value)):.{size}e}".rjust(width)
    if kind[0] == "F":
        return f"{float(str(value)):.{size}f}".rjust(width)
    return str(value).rjust(width)
