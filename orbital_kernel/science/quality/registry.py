"""The checks: names, units, limits with their origin. One place for all of them."""

from collections.abc import Mapping

from orbital_kernel.science.quality import (
    arrivals,
    astrometry,
    clocks,
    contradictions,
    ends,
    grid,
    intervals,
    points,
    rates,
    values,
)
from orbital_kernel.science.quality.check import Check, Limits

SCHEMA = "schema conformance"
NONE_ALLOWED = "no such row may be stored"
CHARTED = "its control chart dates steps and drifts"

_ALL = (
    Check(
        values.IMPOSSIBLE,
        "rows",
        Limits(
            NONE_ALLOWED + "; a rule that is broken is named with its limit", bad_high=0
        ),
        "Rows with values that no observation can have.",
        at_ingest=True,
    ),
    Check(
        values.REPEATED,
        "rows",
        Limits("one measurement is one row", warn_high=0),
        "Rows that repeat another in all that identifies a measurement.",
    ),
    Check(
        values.UNITS,
        "rows",
        Limits("VOUnits 1.1, as astropy reads them", bad_high=0),
        "Rows whose unit astropy does not understand.",
        at_ingest=True,
    ),
    Check(
        SCHEMA,
        "columns",
        Limits("schema.py; `orbital provision apply` adds missing columns", bad_high=0),
        "Columns of the database that differ from the schema in name or type.",
    ),
    Check(
        clocks.AGREES,
        "s",
        Limits(
            "stored times are converted to 1 ns from clocks read to 1 us", bad_high=1e-3
        ),
        "Largest difference of a stored time from its clock value and rule.",
        at_ingest=True,
    ),
    Check(
        clocks.CORRECTION,
        "s",
        Limits(
            "the Swift clock drifts by 0.003 to 0.007 s a day and is never set (time "
            "guide, swift.gsfc.nasa.gov); 0.02 s a day and 0.05 s are allowed",
            bad_high=clocks.JUMP_S,
        ),
        "Largest jump of the clock correction beyond its drift.",
        at_ingest=True,
    ),
    Check(
        grid.JUMPS,
        "s",
        Limits("bins of real files keep their grid to 0.3 us", bad_high=grid.JUMP_S),
        "Largest shift of bins against the grid of the bins before them, or over them.",
    ),
    Check(
        ends.ENDS,
        "s",
        Limits(
            "bins of real files reach the ends of good time to one bin", bad_high=0.0
        ),
        "Time that series lack at their ends, against good time or another channel.",
    ),
    Check(
        rates.GAPS,
        "",
        Limits(
            "series should have no gaps; the SAA and slews cause some", warn_high=0.0
        ),
        "Time between bins that no bin covers, as a share of the series.",
    ),
    Check(
        rates.MISSING,
        "",
        Limits(
            "half of a series without data is not a series",
            warn_high=0.05,
            bad_high=0.5,
        ),
        "Share of bins without data.",
    ),
    Check(
        rates.GLITCHES,
        "1 / h",
        Limits(
            "particle hits in 29 real files of raw BAT and GBM rates: below 5 an hour",
            warn_high=20.0,
            bad_high=100.0,
        ),
        "Single bins above two quiet neighbours, per hour of raw counts.",
    ),
    Check(
        rates.TURN_ON,
        "",
        Limits("every segment may begin with one", bad_high=1.0),
        "Share of segments that begin with a detector turn-on excess of 14 s.",
    ),
    Check(
        rates.SAA,
        "",
        Limits("the SAA takes 10 to 15 % of an orbit", warn_high=0.25, bad_high=0.5),
        "Share of raw time above 1.5 times the median: the SAA and its flanks.",
    ),
    Check(
        rates.BACKGROUND,
        "count / s",
        Limits("counts are not negative; " + CHARTED, bad_low=0.0),
        "Quiet level of raw counts (below the SAA), by orbit, in the unit of the rates.",
    ),
    Check(
        intervals.GTI,
        "",
        Limits("a share is at most 1; " + CHARTED, bad_low=0.0, bad_high=1 + 1e-6),
        "Good time from first start to last stop of each observation.",
        at_ingest=True,
    ),
    Check(
        intervals.LIVE,
        "",
        Limits(
            "ACIS has 0.987, 0.907 with a 1/8 subarray; above 1 is impossible",
            warn_low=0.5,
            bad_low=0.0,
            bad_high=1 + 1e-6,
        ),
        "Live time of good time.",
        at_ingest=True,
    ),
    Check(
        intervals.OVERLAPS,
        "intervals",
        Limits("an instrument observes once at a time", bad_high=0),
        "Good time intervals that begin before an earlier one of the instrument ends.",
        at_ingest=True,
    ),
    Check(
        intervals.REPEATS,
        "intervals",
        Limits(
            "several products of an observation state its intervals again", warn_high=0
        ),
        "Good time intervals stored more than once.",
        at_ingest=True,
    ),
    Check(
        arrivals.LATE,
        "h",
        Limits("none: files of archives are years old; " + CHARTED),
        "Delay from the data to its arrival.",
        at_ingest=True,
    ),
    Check(
        astrometry.OFFSET,
        "arcsec",
        Limits(
            "frames are tied to ICRS to 0.3 arcsec (CSC 2), 1 arcsec (enhanced XRT)",
            warn_high=0.5,
            bad_high=1.5,
        ),
        "Mean offset of the common sources of two catalogues; faults are beyond 5 sigma.",
    ),
    Check(
        astrometry.ROTATION,
        "arcsec / deg",
        Limits(
            "roll is known to 10 arcsec or better: 0.2 arcsec at 1 deg",
            warn_high=0.5,
            bad_high=2.0,
        ),
        "Rotation of one catalogue's fields against another's; faults are beyond 5 sigma.",
    ),
    Check(
        astrometry.FRAME,
        "arcsec",
        Limits(
            "frames are tied to ICRS to 0.3 arcsec (CSC 2), 1 arcsec (enhanced XRT)",
            warn_high=0.5,
            bad_high=1.5,
        ),
        "Rotation of a whole catalogue's frame against another's, about any axis; faults "
        "are beyond 5 sigma.",
    ),
    Check(
        points.CALIBRATOR,
        "",
        Limits(
            "calibrators agree within 10 % (Tsujimoto+ 2011); the Crab itself varies by "
            "7 % (Wilson-Hodge+ 2011)",
            warn_low=0.93,
            warn_high=1.07,
            bad_low=0.9,
            bad_high=1.1,
        ),
        "Last quarter of a calibrator's points to the first quarter.",
        smallest=0.05,
    ),
    Check(
        points.PILE_UP,
        "",
        Limits(
            "a tenth of the rates at which it begins. XRT: 0.6 count/s in PC (Vaughan+ 2006), 100 in WT (Romano+ 2006); ACIS: 0.1 "
            "count a frame is 5 % pile-up (CXC, The Chandra ABC Guide to Pileup)",
            warn_high=0.1,
        ),
        "Share of count rates at which several photons fall into one event.",
    ),
    Check(
        contradictions.REDSHIFT,
        "bursts",
        Limits("0.1 (1 + z) is beyond any photometric error", bad_high=0),
        "Bursts whose catalogues state contradicting firm redshifts.",
    ),
    Check(
        contradictions.POSITION,
        "bursts",
        Limits("5 combined sigma, and 6 arcmin", bad_high=0),
        "Bursts whose catalogues state contradicting positions.",
    ),
    Check(
        contradictions.TIME,
        "bursts",
        Limits("tables round to seconds or minutes; 60 s is beyond that", bad_high=0),
        "Bursts whose catalogues state contradicting trigger times.",
    ),
    Check(
        contradictions.OFFSET,
        "s",
        Limits("tables round to seconds; " + CHARTED, warn_low=-1.0, warn_high=1.0),
        "Median difference of the trigger times of two catalogues, below 5 s.",
    ),
)
CHECKS: Mapping[str, Check] = {check.name: check for check in _ALL}
"""Every check by name, in the order in which the board lists equals."""
