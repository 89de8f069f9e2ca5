"""Every table Orbital keeps: columns, Arrow types, units, UCDs and sort keys.

One database, a schema an observatory, `cross` for what is derived from several,
`ops` for the ledger. Positions are ICRS degrees with a HEALPix index (nested, order
29) beside them. Time is one column `time`, timestamp[ns] on the TT scale, with the
original clock value and its correction kept as `met_s` and `utcf_s`.
UCDs follow UCD1+ 1.5 (IVOA, ivoa.net/documents/UCD1+).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from orbital_kernel.errors import SchemaMismatch
from orbital_kernel.model.layout import Projection, layout

TT = pa.timestamp("ns")


@dataclass(frozen=True)
class Column:
    """One column: its type, unit ('' where there is none), UCD and meaning."""

    name: str
    type: pa.DataType
    unit: str = ""
    ucd: str = ""
    doc: str = ""

    def field(self) -> pa.Field:
        """Return the Arrow field, with unit, UCD and meaning as metadata."""
        notes = {"unit": self.unit, "ucd": self.ucd, "doc": self.doc}
        return pa.field(
            self.name, self.type, metadata={k: v for k, v in notes.items() if v}
        )


@dataclass(frozen=True)
class Table:
    """One table's columns in order, what it is sorted by, and what makes a row itself.

    Without a `key` rows are told apart by the file and row they came from.
    """

    name: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...] = ()
    doc: str = ""
    key: tuple[str, ...] = ()
    projections: tuple[Projection, ...] = ()

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, fields carrying their metadata."""
        return pa.schema([column.field() for column in self.columns])

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError names the table."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")


def _text(name: str, doc: str = "", ucd: str = "") -> Column:
    return Column(name, pa.string(), "", ucd, doc)


def _real(name: str, unit: str = "", ucd: str = "", doc: str = "") -> Column:
    return Column(name, pa.float64(), unit, ucd, doc)


def _count(name: str, doc: str = "", ucd: str = "") -> Column:
    return Column(name, pa.int64(), "", ucd, doc)


def _flag(name: str, doc: str = "", ucd: str = "meta.code") -> Column:
    return Column(name, pa.bool_(), "", ucd, doc)


def _time(name: str, doc: str, ucd: str = "time.epoch") -> Column:
    return Column(name, TT, "", ucd, f"{doc}, TT")


SKY = (
    _real("ra", "deg", "pos.eq.ra;meta.main", "right ascension, ICRS"),
    _real("dec", "deg", "pos.eq.dec;meta.main", "declination, ICRS"),
    _count("healpix", "HEALPix index, nested, order 29", "pos.healpix"),
)
CLOCK = (
    _real("met_s", "s", "time", "the observatory's own clock, as in the file"),
    _real("utcf_s", "s", "arith.diff", "clock correction to UTC; null if none applies"),
    _text("time_rule", "which rule of times.py made `time`", "meta.note"),
)
BAND = (
    _text("band", "band as the source names it", "instr.bandpass"),
    _real("band_low_kev", "keV", "em.energy;stat.min", "lower band edge"),
    _real("band_high_kev", "keV", "em.energy;stat.max", "upper band edge"),
    _real("band_low_nm", "nm", "em.wl;stat.min", "optical band's lower edge"),
    _real("band_high_nm", "nm", "em.wl;stat.max", "optical band's upper edge"),
)
SIMULATED = _flag(
    "simulated", "true for rows of the sample sky, never of an observatory"
)
PROVENANCE = (
    SIMULATED,
    _text("file_sha256", "content of the file the row came from", "meta.id"),
    _count("file_row", "row in that file, from 0", "meta.record"),
)
EXTRA = (_text("extra", "JSON of the file's other columns, as written", "meta.note"),)

OBSERVATIONS = Table(
    "observations",
    (
        _text("obs_id", "ObsID, leading zeros kept", "meta.id;obs"),
        _text("target_id", "target number", "meta.id"),
        _text("object", "target name as the log writes it", "meta.id;src"),
        *SKY,
        _time("time", "start; null while not yet observed", "time.start;obs"),
        _time("time_stop", "end, where the log tells", "time.end;obs"),
        _real("exposure_s", "s", "time.duration;obs.exposure", "good exposure"),
        _real("roll_deg", "deg", "pos.posAng", "roll angle"),
        _text("instrument", "detector or instruments", "instr"),
        _text("mode", "grating or read-out mode", "instr.setup"),
        _text("status", "archived, observed, scheduled, …", "meta.code.status"),
        _text("category", "science category or kind of observation", "meta.note"),
        _text("pi", "principal investigator", "meta.id.PI"),
        _time("time_public", "end of the proprietary period", "time.release"),
        _text("log", "kind of log the newest row came from", "meta.ref"),
        *EXTRA,
        *PROVENANCE,
    ),
    ("healpix", "time"),
    "A row an ObsID. An ObsID is a bag of snapshots: use `intervals` for exposure.",
    ("obs_id",),
)
GRBS = Table(
    "grbs",
    (
        _text("catalog", "catalogue the row stands in", "meta.ref"),
        _text("name", "burst name, e.g. GRB 130427A", "meta.id;src"),
        _text("trigger_id", "trigger number or who triggered", "meta.id"),
        _text("obs_id", "ObsID of the trigger, where known", "meta.id;obs"),
        _time("time", "trigger time", "time.epoch"),
        *CLOCK,
        *SKY,
        _real("error_radius_arcsec", "arcsec", "stat.error;pos.eq", "position error"),
        _real("error_confidence", "", "stat.probability", "confidence of that radius"),
        _real("t90_s", "s", "time.duration", "T90, 15-350 keV"),
        _real("t90_err_s", "s", "stat.error;time.duration", "1-sigma error of T90"),
        _text("t90_limit", "'<', '>' or '~' where T90 is so given", "meta.code"),
        _real("t90_start_s", "s", "time.start", "start of T90 from the trigger"),
        _real("t90_stop_s", "s", "time.end", "end of T90 from the trigger"),
        _real("t50_s", "s", "time.duration", "T50, 15-350 keV"),
        _real("fluence_erg_cm2", "erg / cm2", "phys.fluence", "15-150 keV fluence"),
        _real("fluence_err_erg_cm2", "erg / cm2", "stat.error", "its 90 % error"),
        _real("peak_flux_ph_cm2_s", "ph / (cm2 s)", "phot.count", "1-s peak flux"),
        _real("peak_flux_err_ph_cm2_s", "ph / (cm2 s)", "stat.error", "its 90 % error"),
        _real("photon_index", "", "spect.index", "photon index, 15-150 keV"),
        _real("snr", "", "stat.snr", "significance of the image or rate"),
        _real("redshift", "", "src.redshift", "redshift where one number is given"),
        _text("redshift_text", "redshift as written", "meta.note"),
        *EXTRA,
        *PROVENANCE,
    ),
    ("time",),
    "Burst catalogues, a row a burst and catalogue.",
    ("catalog", "name", "trigger_id"),
)
INTERVALS = Table(
    "intervals",
    (
        _text("obs_id", "ObsID", "meta.id;obs"),
        _text("object", "target name", "meta.id;src"),
        _time("time", "start of the interval", "time.start"),
        _time("time_stop", "end of the interval", "time.end"),
        _real("met_start_s", "s", "time.start", "start on the observatory's clock"),
        _real("met_stop_s", "s", "time.end", "end on the observatory's clock"),
        _real("utcf_s", "s", "arith.diff", "clock correction; null if none applies"),
        _text("time_rule", "which rule of times.py made the times", "meta.note"),
        _text("kind", "gti, snapshot or planned", "meta.code"),
        _text("instrument", "instrument, and CCD where GTIs differ by it", "instr"),
        *SKY,
        *EXTRA,
        *PROVENANCE,
    ),
    ("time",),
    "What was really exposed: GTIs and snapshots.",
)
SOURCES = Table(
    "sources",
    (
        _text("catalog", "catalogue the row stands in", "meta.ref"),
        _text("source_id", "the catalogue's own name of the source", "meta.id;src"),
        _text("obs_id", "ObsID, for rows of one observation", "meta.id;obs"),
        *SKY,
        _real("error_radius_arcsec", "arcsec", "stat.error;pos.eq", "position error"),
        _real("error_major_arcsec", "arcsec", "phys.angSize.smajAxis", "ellipse"),
        _real("error_minor_arcsec", "arcsec", "phys.angSize.sminAxis", "ellipse"),
        _real("error_angle_deg", "deg", "pos.posAng", "ellipse, east of north"),
        _real("error_confidence", "", "stat.probability", "confidence of the errors"),
        _real("significance", "", "stat.snr", "detection significance"),
        _real("flux", "", "phot.flux", "in `flux_unit`; null where not detected"),
        _real("flux_low", "", "phot.flux;stat.min", "lower confidence bound"),
        _real("flux_high", "", "phot.flux;stat.max", "upper bound, or upper limit"),
        _flag("is_limit", "true: not detected, `flux_high` is an upper limit"),
        _text("flux_unit", "unit of flux, low and high", "meta.unit"),
        *BAND,
        _real("exposure_s", "s", "time.duration;obs.exposure", "exposure"),
        _text("kind", "class, where the catalogue tells", "src.class"),
        *EXTRA,
        *PROVENANCE,
    ),
    ("healpix",),
    "Source catalogues; the flux of the broadest band, other bands in `extra`.",
    ("catalog", "source_id", "obs_id"),
)
PHOTOMETRY = Table(
    "photometry",
    (
        _text(
            "object", "object the points are of, as the file names it", "meta.id;src"
        ),
        _text("obs_id", "ObsID, where the point is of one", "meta.id;obs"),
        _time("time", "middle of the bin; null where the file has no T0"),
        _real("time_err_plus_s", "s", "stat.error;time", "half-width later"),
        _real("time_err_minus_s", "s", "stat.error;time", "half-width earlier, >= 0"),
        _real("since_t0_s", "s", "time.epoch;arith.diff", "time since the file's T0"),
        *CLOCK,
        *SKY,
        _real("value", "", "phot", "in `unit`; the limit itself if `is_limit`"),
        _real("value_err_plus", "", "stat.error", "upper error, 1 sigma, >= 0"),
        _real("value_err_minus", "", "stat.error", "lower error, 1 sigma, >= 0"),
        _flag("is_limit", "true for an upper limit"),
        _real("limit_confidence", "", "stat.probability", "confidence of the limit"),
        _text("unit", "unit of value and errors, FITS style", "meta.unit"),
        *BAND,
        _text("instrument", "instrument or telescope", "instr"),
        _text("mode", "read-out mode, e.g. WT or PC", "instr.setup"),
        _real("exposure_s", "s", "time.duration;obs.exposure", "exposure"),
        *EXTRA,
        *PROVENANCE,
    ),
    ("time",),
    "Light-curve points: detections with asymmetric errors, and upper limits.",
)
RATES = Table(
    "rates",
    (
        _text("series", "one file's series: file name without endings", "meta.id"),
        _text("obs_id", "ObsID", "meta.id;obs"),
        _text("object", "target name", "meta.id;src"),
        _time("time", "start of the bin", "time.start"),
        *CLOCK,
        _real("bin_s", "s", "time.interval", "bin width"),
        Column("channel", pa.int16(), "", "em.bin", "channel in the file, from 0"),
        *BAND,
        _real("rate", "", "phot.count", "in `unit`; null where there is no data"),
        _real("rate_err", "", "stat.error", "1 sigma; null where there is no data"),
        _real("counts", "count", "phot.count", "counts, where the file has them"),
        _text("unit", "unit of rate", "meta.unit"),
        _text("kind", "net (background-subtracted) or raw (whole array)", "meta.code"),
        _real("exposure_fraction", "", "obs.exposure;arith.ratio", "as in the file"),
        _text("instrument", "instrument", "instr"),
        *PROVENANCE,
    ),
    ("time",),
    "Binned count rates, a row a bin and channel.",
)
EVENTS = Table(
    "events",
    (
        _text("obs_id", "ObsID", "meta.id;obs"),
        _text("object", "target name", "meta.id;src"),
        _time("time", "arrival"),
        _real("met_s", "s", "time", "the observatory's own clock, as in the file"),
        _text("time_rule", "which rule of times.py made `time`", "meta.note"),
        *SKY,
        _real("x_pix", "pixel", "pos.cartesian.x", "sky x"),
        _real("y_pix", "pixel", "pos.cartesian.y", "sky y"),
        Column("ccd_id", pa.int16(), "", "instr.det", "chip"),
        Column("pi", pa.int32(), "", "phys.pulseHeight", "pulse invariant channel"),
        _real("energy_ev", "eV", "em.energy", "nominal energy"),
        Column("grade", pa.int16(), "", "meta.code", "event grade"),
        Column(
            "status", pa.int64(), "", "meta.code.qual", "status bits, first bit highest"
        ),
        _text("instrument", "instrument", "instr"),
        *PROVENANCE,
    ),
    ("time",),
    "Photons.",
)
NOTICES = Table(
    "notices",
    (
        _text("notice_id", "identifier the sender gave", "meta.id"),
        _text("kind", "e.g. swift.bat.guano", "meta.code.class"),
        _text("role", "observation, test, utility", "meta.code"),
        _text("alert_type", "initial, update, retraction", "meta.code"),
        _text("trigger_id", "trigger number or name", "meta.id"),
        _time("time", "trigger time"),
        _time("time_sent", "when the notice was issued", "time.creation"),
        *SKY,
        _real("error_radius_arcsec", "arcsec", "stat.error;pos.eq", "position error"),
        _real("error_confidence", "", "stat.probability", "confidence of that radius"),
        _real("significance", "", "stat.snr", "image or rate significance"),
        _text("classification", "what the sender says it is", "src.class"),
        _text(
            "payload", "the notice as sent, JSON or XML, without binary", "meta.note"
        ),
        *PROVENANCE,
    ),
    ("time",),
    "Alerts of the observatories as they were sent.",
)

OBSERVATORY_TABLES = (
    OBSERVATIONS,
    GRBS,
    INTERVALS,
    SOURCES,
    PHOTOMETRY,
    RATES,
    EVENTS,
    NOTICES,
)

CROSS_TABLES = (
    Table(
        "objects",
        (
            _text(
                "object_id", "stable identity of the object", "meta.id;src;meta.main"
            ),
            _text("name", "preferred name", "meta.id;src"),
            *SKY,
            _real("error_radius_arcsec", "arcsec", "stat.error;pos.eq", "95 % radius"),
            _text("kind", "grb, source, transient", "src.class"),
            _text("observatories", "who has seen it, comma-separated", "meta.note"),
            SIMULATED,
        ),
        ("healpix",),
        "Object identity: a row here, never a name.",
    ),
    Table(
        "associations",
        (
            _text("object_id", "row in cross.objects", "meta.id;src"),
            _text("table", "table of the member, e.g. chandra.sources", "meta.table"),
            _text("key", "the member's own key in that table", "meta.id"),
            _real("separation_arcsec", "arcsec", "pos.angDistance", "from the object"),
            _real(
                "normalised_separation", "", "stat.fit.goodness", "in combined sigma"
            ),
            _real(
                "chance_probability", "", "stat.probability", "of an unrelated match"
            ),
            _text("method", "how the match was made", "meta.note"),
            SIMULATED,
        ),
        ("object_id",),
        "Which catalogue rows are which object, and how surely.",
    ),
    Table(
        "bursts",
        (
            _text("burst_id", "identity: series, start and timescale", "meta.id"),
            _text("observatory", "observatory of the series", "instr.obsty"),
            _text("series", "series of rates it was found in", "meta.id"),
            _text("obs_id", "ObsID", "meta.id;obs"),
            _text("object", "target of the pointing", "meta.id;src"),
            _time("time", "start of the reported window"),
            *CLOCK,
            _real("significance", "", "stat.snr", "sigma of the best window"),
            _real("timescale_s", "s", "time.duration", "length of the best window"),
            _text("band", "band of the best window", "instr.bandpass"),
            _real("t90_s", "s", "time.duration", "T90 of this series; null if unsure"),
            _real("t90_err_s", "s", "stat.error;time.duration", "its 1-sigma error"),
            _real("t50_s", "s", "time.duration", "T50 of this series"),
            _real("t90_start_s", "s", "time.start", "T90 start from `met_s`"),
            _real("peak", "", "phot.count;stat.max", "peak above background, `unit`"),
            _real("fluence", "", "phot.count", "sum above background, `unit` x s"),
            _real("background", "", "phot.count;instr.background", "level, in `unit`"),
            _text("unit", "unit of peak and background", "meta.unit"),
            _text(
                "cause",
                "burst, glitch, turn-on, saa, known-source, unknown",
                "meta.code",
            ),
            _text("evidence", "why that cause", "meta.note"),
            _text("matches", "JSON list of catalogue bursts and notices", "meta.note"),
            _text("detector", "detector version and settings", "meta.software"),
            *PROVENANCE,
        ),
        ("time",),
        "Excursions found in rates, each with one cause.",
    ),
    Table(
        "lags",
        (
            _text("object_id", "object both series are of", "meta.id;src"),
            _text("first", "series taken as reference", "meta.id"),
            _text("second", "series compared with it", "meta.id"),
            _real("lag_s", "s", "time.interval", "second minus first"),
            _real("lag_err_s", "s", "stat.error;time.interval", "1-sigma error"),
            _real("correlation", "", "stat.correlation", "at that lag"),
            _real("chance_probability", "", "stat.probability", "of such a peak"),
            _text("method", "estimator and settings", "meta.note"),
            SIMULATED,
        ),
        ("object_id",),
        "Time lags between two series.",
    ),
)

OPS_TABLES = (
    Table(
        "files",
        (
            _text("sha256", "content of the file", "meta.id;meta.file"),
            _text("name", "file name when it was ingested", "meta.file"),
            _count("size_bytes", "size of the file", "phys.size;meta.file"),
            _text("format", "reader that took it", "meta.code.mime"),
            _text("observatory", "whose data", "instr.obsty"),
            _text("state", "ingested or refused", "meta.code.status"),
            _count("rows", "rows written, all tables", "meta.number"),
            _text(
                "tables",
                "JSON: rows inserted, updated, unchanged by table",
                "meta.note",
            ),
            _text(
                "account", "JSON: what was understood, skipped, and why", "meta.note"
            ),
            _text("reason", "why it was refused", "meta.note"),
            _count("reader_version", "version of the reader", "meta.version"),
            _text("checksum", "content hash of the rows as read back", "meta.checksum"),
            Column("ingested", TT, "", "time.creation", "when, UTC"),
            _real("seconds", "s", "time.duration", "how long it took"),
        ),
        (),
        "The ingest ledger, a row a file.",
    ),
    Table(
        "queries",
        (
            Column("asked", TT, "", "time.creation", "when, UTC"),
            _text("who", "user or report", "meta.id"),
            _text("kind", "cone, time, object, sql, …", "meta.code"),
            _text("table", "table asked", "meta.table"),
            _text("predicate", "what was asked", "meta.note"),
            _text("predicate_json", "JSON of the conditions, versioned", "meta.note"),
            _text("pushed", "what the server evaluated", "meta.note"),
            _text("residual", "what was evaluated here", "meta.note"),
            _count("rows_returned", "rows of the answer", "meta.number"),
            _count(
                "rows_read", "rows of row groups opened; null if untold", "meta.number"
            ),
            _count("rows_stored", "rows of the table", "meta.number"),
            _count("bytes", "bytes of the answer", "phys.size"),
            _real("milliseconds", "ms", "time.duration", "from question to frame"),
            _text("stages", "JSON: milliseconds by stage", "meta.note"),
            _text("engine", "embedded or cluster", "meta.note"),
            _flag("cold", "true: the table's columns had to be asked for first"),
            _text("sorted_by", "JSON: the sort key that was followed", "meta.note"),
            _text("projection", "projection read; '' for the table", "meta.table"),
        ),
        (),
        "The latency ledger, a row a query.",
    ),
    Table(
        "quality",
        (
            Column("checked", TT, "", "time.creation", "when, UTC"),
            _text("subject", "file, table or series", "meta.id"),
            _text("check", "what was checked", "meta.code"),
            _text("state", "ok, warn, bad or unknown", "meta.code.qual"),
            _real("value", "", "meta.number", "what was measured"),
            _real("limit", "", "meta.number", "what was allowed"),
            _text("unit", "unit of value and limit", "meta.unit"),
            _text("reason", "in words", "meta.note"),
        ),
        (),
        "Checks of data quality.",
    ),
    Table(
        "storage",
        (
            Column("sampled", TT, "", "time.creation", "when, UTC"),
            _text("resource", "quota, view or cluster", "meta.code"),
            _text("name", "its name", "meta.id"),
            _text("path", "its path", "meta.file"),
            _count("used_bytes", "bytes in use", "phys.size"),
            _count("soft_limit_bytes", "soft limit", "phys.size"),
            _count("hard_limit_bytes", "hard limit", "phys.size"),
            _text("state", "as the VMS tells it", "meta.code.status"),
        ),
        (),
        "Capacity samples.",
    ),
    Table(
        "actions",
        (
            Column("done", TT, "", "time.creation", "when, UTC"),
            _text("actor", "which automation or user", "meta.id"),
            _text("action", "what was done", "meta.code"),
            _text("resource", "to what", "meta.id"),
            _text("before", "JSON of the state before", "meta.note"),
            _text("after", "JSON of the state after", "meta.note"),
            _text("evidence", "why, with numbers", "meta.note"),
        ),
        (),
        "What automation did, and why.",
    ),
)


def tables(observatories: Mapping[str, object] | tuple[str, ...]) -> dict[str, Table]:
    """Return every table by full name ('swift.rates') for these observatories."""
    catalogue = {
        f"{o}.{t.name}": _laid_out(f"{o}.{t.name}", t)
        for o in observatories
        for t in OBSERVATORY_TABLES
    }
    catalogue |= {f"cross.{t.name}": t for t in CROSS_TABLES}
    return catalogue | {f"ops.{t.name}": t for t in OPS_TABLES}


def table(full_name: str) -> Table:
    """Return the table of a full name such as 'swift.rates'.

    Raises SchemaMismatch for a name no schema has.
    """
    schema, _, name = full_name.partition(".")
    rooms = {"cross": CROSS_TABLES, "ops": OPS_TABLES}
    for candidate in rooms.get(schema, OBSERVATORY_TABLES):
        if candidate.name == name:
            return _laid_out(full_name, candidate)
    raise SchemaMismatch(
        f"there is no table {full_name!r}; names are OBSERVATORY."
        f"{{{','.join(t.name for t in OBSERVATORY_TABLES)}}}, cross.… or ops.…"
    )


def _laid_out(full_name: str, table: Table) -> Table:
    """Return the table with the sort key and projections of layout.py."""
    own = layout(full_name)
    return replace(table, sort=own.sort or table.sort, projections=own.projections)


def conform(data: pa.Table, wanted: Table) -> pa.Table:
    """Return the data with exactly the table's columns and types, absent ones null.

    Raises SchemaMismatch for a column the table does not have or cannot hold.
    """
    strangers = set(data.column_names) - {c.name for c in wanted.columns}
    if strangers:
        raise SchemaMismatch(f"{wanted.name} has no columns {sorted(strangers)}")
    arrays = [
        data.column(c.name)
        if c.name in data.column_names
        else pa.nulls(len(data), c.type)
        for c in wanted.columns
    ]
    try:
        return pa.Table.from_arrays(
            arrays, names=[c.name for c in wanted.columns]
        ).cast(wanted.arrow)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaMismatch(
            f"{wanted.name} cannot hold these values: {error}"
        ) from error
