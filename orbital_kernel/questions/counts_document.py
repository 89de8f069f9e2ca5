"""Binned counts as one JSON document."""

from orbital_kernel.questions.counts import UNITS, Counted

SHOWN = (
    *("start_s", "stop_s", "counts", "background_counts", "exposure_s", "rate"),
    *("rate_err_plus", "rate_err_minus", "is_limit", "net_rate"),
)


def document(counted: Counted, observatory: str) -> dict[str, object]:
    """Return binned counts as one JSON document."""
    frame = counted.frame
    shared = ("obs_id", "object", "instrument", "time_rule", "limit_confidence")
    first = frame.head(1).to_dicts()[0] if len(frame) else dict.fromkeys(shared)
    return {
        "observatory": observatory,
        **{name: first[name] for name in shared},
        "band_kev": list(counted.band_kev),
        "bins": frame.select(SHOWN).to_dicts(),
        "area_arcsec2": counted.area_arcsec2,
        "background_arcsec2": counted.background_arcsec2,
        "backscale": counted.backscale,
        "units": {name: UNITS.get(name, "") for name in SHOWN},
        "notes": list(counted.notes),
        "not_corrected": list(counted.not_corrected),
        "simulated": bool(frame["simulated"].any()),
    }
