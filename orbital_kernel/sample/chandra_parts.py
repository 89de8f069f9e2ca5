"""What Chandra's event lists and light curves share: header values, chips, GTIs."""

from typing import Any

import numpy as np
from astropy.io import fits as afits

from orbital_kernel.sample import clock, fits
from orbital_kernel.sample.acis import CHIPS, DTCOR, FRAME_S, Observation


def subspace(header: Any, time: str) -> None:
    """Write the data subspace that links time to each chip's intervals."""
    header["DSTYP1"], header["DSVAL1"] = time, "TABLE"
    header["DSFORM1"], header["DSUNIT1"] = "D", "s"
    header["DSTYP2"], header["DSFORM2"] = "ccd_id", "I"
    for number, chip in enumerate(CHIPS, 1):
        lead = "" if number == 1 else str(number)
        header[f"{lead}DSREF1"] = f":GTI{chip}"
        header[f"{lead}DSVAL2"] = f"{chip}:{chip}"


def by_chip(header: Any, observation: Observation) -> None:
    """Write each chip's on-time, live time and exposure."""
    seconds = observation.frames * FRAME_S
    for chip in CHIPS:
        header[f"ONTIME{chip}"] = seconds - chip * FRAME_S
        header[f"LIVTIME{chip}"] = (seconds - chip * FRAME_S) * DTCOR
        header[f"EXPOSUR{chip}"] = (seconds - chip * FRAME_S) * DTCOR


def gtis(observation: Observation, values: fits.Values) -> list[Any]:
    """Return one GTI extension a chip; chip n lost n frames, as telemetry loses them."""
    begin, end = observation.good_s
    tables = []
    for chip in CHIPS:
        lost = begin + FRAME_S * observation.lost_frames(chip)
        start = np.concatenate([[begin], lost + FRAME_S])
        stop = np.concatenate([lost, [end]])
        columns = [
            afits.Column("START", "1D", "s", array=start),
            afits.Column("STOP", "1D", "s", array=stop),
        ]
        gti = fits.table("GTI", columns, ["chandra_gti"], values)
        gti.header["EXTVER"] = chip
        gti.header["HDUNAME"] = f"GTI{chip}"
        gti.header["CCD_ID"] = chip
        tables.append(gti)
    return tables


def column(
    name: str,
    form: str,
    unit: str | None,
    values: Any,
    *,
    null: int | None = None,
    dim: str | None = None,
) -> Any:
    """Return a FITS column of that format, the values cast to it."""
    kinds = {"D": "f8", "E": "f4", "J": "i4", "I": "i2"}
    array = np.asarray(values).astype(kinds[form[-1]])
    return afits.Column(name, form, unit, null=null, dim=dim, array=array)


def header_values(observation: Observation) -> dict[str, object]:
    """Return what an observation fills into headers.toml."""
    on = observation.frames * FRAME_S
    tdb = observation.barycentred
    return {
        "obs_id": str(observation.obs_id),
        "seq_num": "999999",
        "ds_ident": f"simulated/{observation.obs_id}",
        "object": observation.object,
        "ra": observation.ra_deg,
        "dec": observation.dec_deg,
        "ra_pnt": observation.ra_pnt_deg,
        "dec_pnt": observation.dec_pnt_deg,
        "roll": observation.roll_deg,
        "tstart": observation.start_s,
        "tstop": observation.stop_s,
        "date_obs": clock.chandra_date(observation.start_s),
        "date_end": clock.chandra_date(observation.stop_s),
        "date": clock.chandra_date(observation.stop_s + 10 * 86400),
        "mjd_obs": clock.chandra_mjd(observation.start_s),
        "timesys": "TDB" if tdb else "TT",
        "timeref": "SOLARSYSTEM" if tdb else "LOCAL",
        "timedel": FRAME_S,
        "exptime": 3.1,
        "ontime": on,
        "livetime": on * DTCOR,
        "exposure": on * DTCOR,
        "dtcor": DTCOR,
        "detnam": "ACIS-0123",
        "datamode": "FAINT",
        "fep_ccd": "x3210x",
    }
