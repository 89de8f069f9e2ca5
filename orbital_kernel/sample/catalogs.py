"""Catalogues as the missions publish them: GRB table, BAT catalogue, XRT and CSC sources.

The quirks are kept: 'n/a', mixed encoding, times of day without a date, a date without
dashes, -9.990E+02 for missing, NaN columns, the '#Column' header of cscli.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from orbital_kernel.sample import clock
from orbital_kernel.sample.bat import LEAD_S, SPAN_S
from orbital_kernel.sample.curves import BAND_SHARE, ERG_PER_XRT_COUNT
from orbital_kernel.sample.field import Field, sexagesimal
from orbital_kernel.sample.plan import Burst
from orbital_kernel.sample.truth import Ledger

FACTS = Path(__file__).with_name("facts")
LABEL = "SIMULATED by orbital sample"
GRB_COLUMNS = (
    "GRB",
    "Time [UT]",
    "Trigger Number",
    "BAT RA (J2000)",
    "BAT Dec (J2000)",
    "BAT 90% Error Radius [arcmin]",
    "BAT T90 [sec]",
    "BAT Fluence (15-150 keV) [10^-7 erg/cm^2]",
    "BAT Fluence 90% Error (15-150 keV) [10^-7 erg/cm^2]",
    "BAT 1-sec Peak Photon Flux (15-150 keV) [ph/cm^2/sec]",
    "BAT 1-sec Peak Photon Flux 90% Error (15-150 keV) [ph/cm^2/sec]",
    "BAT Photon Index (15-150 keV) (PL = simple power-law, CPL = cutoff power-law)",
    "BAT Photon Index 90% Error (15-150 keV)",
    "XRT RA (J2000)",
    "XRT Dec (J2000)",
    "XRT 90% Error Radius [arcsec]",
    "XRT Time to First Observation [sec]",
    "XRT Early Flux (0.3-10 keV) [10^-11 erg/cm^2/s]",
    "XRT 11 Hour Flux (0.3-10 keV) [10^-11 erg/cm^2/s]",
    "XRT 24 Hour Flux (0.3-10 keV) [10^-11 erg/cm^2/s]",
    "XRT Initial Temporal Index",
    "XRT Spectral Index (Gamma)",
    "XRT Column Density (NH) [10^21 cm^-2]",
    "UVOT RA (J2000)",
    "UVOT Dec (J2000)",
    "UVOT 90% Error Radius [arcsec]",
    "UVOT Time to First Observation [sec]",
    "UVOT Magnitude",
    "UVOT Other Filter Magnitudes",
    "Other Observatory Detections",
    "Redshift",
    "Host Galaxy",
    "Comments",
    "References",
    "Burst Advocate",
)


def write_text(
    path: Path, lines: Iterable[bytes | str], kind: str, rows: int, ledger: Ledger
) -> int:
    """Write lines, each ended by a newline; return the bytes written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = b"".join(
        (line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines
    )
    path.write_bytes(content)
    return ledger.add_file(path, kind, size=len(content), rows=rows)


def write_grb_table(path: Path, bursts: Sequence[Burst], ledger: Ledger) -> int:
    """Write the Swift GRB table: newest first, time of day only, mixed encoding."""
    newest = sorted(bursts, key=lambda burst: -burst.trigger_met_s)
    lines: list[bytes | str] = ["\t".join(GRB_COLUMNS)]
    lines.extend(_grb_row(burst, number) for number, burst in enumerate(newest))
    return write_text(path, lines, "swift grb table", len(newest), ledger)


def _grb_row(burst: Burst, number: int) -> bytes:
    start, stop = burst.t90_s()
    value = burst.fluence_erg_cm2() / 1e-7
    ra = sexagesimal(burst.ra_deg, hours=True, digits=2)
    dec = sexagesimal(burst.dec_deg, hours=False, digits=1)
    time = clock.iso(burst.utc_s)[11:]
    cells = dict.fromkeys(GRB_COLUMNS, "n/a")
    row = [
        burst.name,
        time.removeprefix("0"),
        str(burst.target_id),
        f"{burst.ra_deg:.3f}",
        f"{burst.dec_deg:.3f}",
        f"{burst.error_arcmin:.1f}",
        f"{stop - start:.2f}" if number % 5 else f"~{stop - start:.0f}",
        f"{value:.3g}",
        f"{value * 0.06:.2g}",
        f"{burst.peak * 8:.2f}",
        f"{burst.peak * 0.4:.2f}",
        f"{burst.photon_index}, PL",
        "0.11",
        ra,
        dec,
        "1.5",
        "80.00",
    ]
    cells |= dict(zip(GRB_COLUMNS, row, strict=False))
    cells["Redshift"] = f"{burst.redshift} (SIM: absorption)" if burst.redshift else ""
    cells["UVOT Other Filter Magnitudes"] = "U>20.2|B>19.8"
    cells["Comments"] = "SIMULATED|not a real burst"
    cells["Host Galaxy"] = cells["References"] = ""
    cells["Other Observatory Detections"] = ""
    advocate = b"SIM Andr\xc3\xa9" if number % 2 else b"SIM Andr\xe9"
    return "\t".join([*cells.values()][:-1]).encode() + b"\t" + advocate


def write_bat_catalog(folder: Path, bursts: Sequence[Burst], ledger: Ledger) -> int:
    """Write the BAT catalogue's three text files; return the bytes written."""
    newest = sorted(bursts, key=lambda burst: -burst.trigger_met_s)
    general = [_general_row(burst, number) for number, burst in enumerate(newest)]
    known = [burst for burst in newest if burst.redshift]
    files = (
        ("summary_general", GENERAL, general),
        ("summary_burst_durations", DURATIONS, [_durations_row(b) for b in newest]),
        (
            "GRBlist_redshift_BAT",
            REDSHIFT,
            [
                f"GRB{b.name}  |   {b.redshift}   | ba |   N/A   |   SIM  "
                for b in known
            ],
        ),
    )
    total = 0
    for stem, columns, rows in files:
        rule = "#" * 85
        lines = [f"## {LABEL}", rule, f"## {columns}", *rows]
        path = folder / f"sim_{stem}.txt"
        total += write_text(path, lines, "bat catalogue", len(rows), ledger)
    return total


GENERAL = (
    "GRBname | Trig_ID | Trig_time_met |       Trig_time_UTC        |  RA_ground   |"
    "  DEC_ground   | Image_position_err |   Image_SNR  |     T90      |   T90_err    |"
    "     T50      |   T50_err    | Evt_start_sincetrig | Evt_stop_sincetrig | pcode  |"
    " Trigger_method | XRT_detection | comment"
)
DURATIONS = (
    "GRBname | Trig_ID | Trig_time_met | T100_start | T100_stop | T90_start | T90_stop |"
    " T50_start | T50_stop | 1s_peak_start | 1s_peak_stop "
)
REDSHIFT = (
    "GRBname | z | Method | Uncertainty (when available; mostly for photo-z) | Ref."
)


def _general_row(burst: Burst, number: int) -> str:
    t90, t50 = burst.t90_s(), burst.t50_s()
    long90, long50 = t90[1] - t90[0], t50[1] - t50[0]
    utc = clock.iso(burst.utc_s, 6)
    if number == 1:
        day, _, clock_time = utc.partition("T")
        utc = f"{day.replace('-', '')}T{clock_time[:-3]}"
    cells = [
        f"GRB{burst.name}   ",
        f"   {burst.target_id}   ",
        f" {burst.trigger_met_s:.3f} ",
        f" {utc} ",
        f" {burst.ra_deg:.6e} ",
        f" {burst.dec_deg: .6e} ",
        f"    {burst.error_arcmin:.6e}    ",
        f" {10 + 20 * burst.peak:.6e} ",
        f" {long90:.6e} ",
        f" {long90 * 0.08:.6e} ",
        f" {long50:.6e} ",
        f" {long50 * 0.08:.6e} ",
        f"         {-LEAD_S:.0f}        ",
        f"         {SPAN_S - LEAD_S:.0f}        ",
        " 0.9531 ",
        " rate trigger ",
        " Yes " if number % 3 else " N/A ",
        "    SIMULATED",
    ]
    return "|".join(cells)


def _durations_row(burst: Burst) -> str:
    whole = burst.profile.quantile_s(0.001, 0.999)
    top = burst.profile.peak()[0]
    numbers = (*whole, *burst.t90_s(), *burst.t50_s(), top - 0.5, top + 0.5)
    cells = " | ".join(f"{number:.6f}" for number in numbers)
    head = f"GRB{burst.name}   |   {burst.target_id}   | {burst.trigger_met_s:.6f}"
    return f"{head} | {cells} |"


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
    exposure = float(rng.uniform(8000, 120_000))
    true = float(sky.flux[row]) / BAND_SHARE / ERG_PER_XRT_COUNT
    counts = max(int(rng.poisson(true * exposure)), 4)
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
    """Return a name in the catalogue's style, labelled: 'SIM J000012.3-002107'."""
    ra = sexagesimal(ra_deg, hours=True, digits=1).replace(":", "")
    dec = sexagesimal(dec_deg, hours=False, digits=0).replace(":", "")
    return f"SIM J{ra}{dec}"


def write_csc(
    path: Path,
    sky: Field,
    obs_ids: Sequence[int],
    rng: np.random.Generator,
    ledger: Ledger,
) -> int:
    """Write a CSC extract as cscli prints it: a row a source and observation."""
    with (FACTS / "csc_columns.csv").open(encoding="utf-8", newline="") as file:
        columns = list(csv.DictReader(line for line in file if line[0] != "#"))
    lines = [f"# {LABEL}"]
    for column in columns:
        name, form, origin = column["name"], column["format"], column["origin"]
        unit, ucd = column["unit"], column["ucd"]
        lines.append(f'#Column\t{name}\t({form})\t\t({origin})\t["{unit}"]\t[{ucd}]')
    lines.append("\t".join(column["name"] for column in columns))
    before = len(lines)
    for row in np.flatnonzero(sky.in_chandra):
        lines.extend(
            "\t".join(_cell(cells, column) for column in columns)
            for cells in _csc_rows(sky, int(row), obs_ids, rng)
        )
    return write_text(path, lines, "csc extract", len(lines) - before, ledger)


def _csc_rows(
    sky: Field, row: int, obs_ids: Sequence[int], rng: np.random.Generator
) -> Iterable[dict[str, object]]:
    seen = rng.choice(obs_ids, size=int(rng.integers(1, 3)), replace=False)
    flux = float(sky.flux[row])
    ra, dec = float(sky.chandra_ra[row]), float(sky.chandra_dec[row])
    share = 0.03 + 0.2 * rng.random() * min(1.0, np.sqrt(3e-14 / flux))
    best = float(rng.normal(flux, flux * share))
    for obs_id in np.sort(seen):
        once = float(rng.normal(flux, flux * share * 1.3))
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
            "phi": float(rng.uniform(0, 360)),
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
