"""Catalogues of the same bursts that disagree as the real ones do, as files."""

GRB_TABLE = (
    *("GRB", "Time [UT]", "Trigger Number", "BAT RA (J2000)", "BAT Dec (J2000)"),
    *("BAT 90% Error Radius [arcmin]", "BAT T90 [sec]"),
    *("BAT Fluence (15-150 keV) [10^-7 erg/cm^2]", "XRT RA (J2000)"),
    *("XRT Dec (J2000)", "XRT 90% Error Radius [arcsec]", "UVOT RA (J2000)"),
    *("UVOT Dec (J2000)", "UVOT 90% Error Radius [arcsec]", "Redshift"),
)
FILES = {
    "a_grb_table.tsv": (
        "|".join(GRB_TABLE),
        (
            "250101S|07:47:57|900001|100.010|20.010|1.0|162.83|3100|n/a|n/a|n/a"
            "|06:40:00.48|+20:00:07.2|n/a|0.34 (VLT: emission)"
        ),
        (
            "250102S|10:14:47|900002|110.020|-5.020|1.0|~60|12|07:20:00.00|-05:00:00.0"
            "|1.5|n/a|n/a|n/a|0.5 (NOT: tentative)"
        ),
        "250103S|n/a|900003|120.000|35.000|2.0|>300|5|n/a|n/a|n/a|n/a|n/a|n/a|",
    ),
    "b_xrt_list.csv": (
        "GRB;numbreaks;lc type;NH_gal;Redshift",
        "GRB250101S;1;canonical;1e20;0.33",
    ),
    "c_bat_redshift.txt": (
        "## GRBname | z | Method | Uncertainty | Ref.",
        "GRB250101S|0.228?|ba|N/A|x",
        "GRB250102S|0.61|ba|N/A|x",
    ),
    "d_bat_summary.txt": (
        (
            "## GRBname | Trig_ID | Trig_time_met | Trig_time_UTC | RA_ground"
            " | DEC_ground | Image_position_err | Image_SNR | T90 | T90_err | T50"
        ),
        "GRB250101S|900001|1|2025-01-01T07:47:57.970|100.01|20.01|3.0|9|244.3|4.7|9",
        "GRB250102S|900002|2|2025-01-02T10:13:40.290|110.03|-5.03|2.0|9|50.0|4.7|9",
    ),
}
NAMES = tuple(f"GRB 25010{day}S" for day in (1, 2, 3))


def write(folder):
    """Write the catalogues; return their paths in order of name."""
    folder.mkdir()
    for name, lines in FILES.items():
        text = "\n".join((*lines, ""))
        tabs = text.replace("|", "\t") if name.endswith(".tsv") else text
        (folder / name).write_text(tabs)
    return sorted(folder.iterdir())
