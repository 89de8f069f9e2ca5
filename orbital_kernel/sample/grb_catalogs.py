"""Burst catalogues as the mission publishes them: Swift GRB table and BAT catalogue.

The quirks are kept: 'n/a', times of day without a date and without a leading zero,
UTF-8 and latin-1 in one file, '~16' for a T90, one trigger date without dashes.
"""

from collections.abc import Sequence
from pathlib import Path

from orbital_kernel.sample import clock
from orbital_kernel.sample.bat import LEAD_S, SPAN_S
from orbital_kernel.sample.field import sexagesimal
from orbital_kernel.sample.plan import Burst
from orbital_kernel.sample.text import LABEL, write_text
from orbital_kernel.sample.truth import Ledger

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
    measured = [burst for burst in newest if burst.redshift]
    files = (
        ("summary_general", GENERAL, general),
        ("summary_burst_durations", DURATIONS, [_durations_row(b) for b in newest]),
        (
            "GRBlist_redshift_BAT",
            REDSHIFT,
            [
                f"GRB{b.name}  |   {b.redshift}   | ba |   N/A   |   SIM  "
                for b in measured
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
    span = burst.profile.quantile_s(0.001, 0.999)
    top = burst.profile.peak()[0]
    numbers = (*span, *burst.t90_s(), *burst.t50_s(), top - 0.5, top + 0.5)
    cells = " | ".join(f"{number:.6f}" for number in numbers)
    head = f"GRB{burst.name}   |   {burst.target_id}   | {burst.trigger_met_s:.6f}"
    return f"{head} | {cells} |"
