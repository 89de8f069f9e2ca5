"""``python -m vast_standin.coverage``: COVERAGE.md, made from the tables that dispatch."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vast_standin import s3
from vast_standin.data_port import SERVER
from vast_standin.s3.parameters import (
    HARMLESS,
    OPERATIONS,
    PROTOCOL,
    REFUSED,
    VALUES,
    Operation,
)
from vast_standin.tabular import routes as tabular
from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.metrics import METRICS
from vast_standin.vms.particular import CALLS
from vast_standin.vms.resource import Resource

PATH = Path(__file__).with_name("COVERAGE.md")
_HEAD = f"""# What the stand-in supports

Made from the tables that dispatch requests (`python -m vast_standin.coverage`); a test
keeps it in step. It is a stand-in and says so in every response (`x-vast-standin`), and
what is not listed here is refused with 400, 404, 405 or 501, never answered by an empty
success. Advertised on the data port: `Server: {SERVER}`.
"""
_WORDS = {"truncatetable": "truncate"}
_DRIVERS_GAPS = """
The vendor's driver (`adbc-driver-vastdb` 0.0.33) does not send these, so nothing here
can answer them:

- parameters (`?`, `executemany`), prepared statements, a schema without running the query,
  partitions of a result;
- `adbc_ingest` into temporary tables, or into a table whose schema is not named;
- listings of objects whose schema's name holds `_` or `%`: it takes them for patterns;
- statements in a session's own default bucket or schema: names go as they are written.
"""
_CHOSEN = """
## Chosen freely

The real product's behaviour here is not public, or one machine cannot have it:

- A write that a quota blocks fails with 507 `QuotaExceeded`, before anything changes.
- A view that holds tables or objects is not deleted (409).
- Tabular calls are judged by S3 policies as reads and writes of objects in their bucket.
- A statement in SQL is judged table by table, as reads and writes of them; tables that the
  user may not read are hidden. At most 16 queries are open at once, then 503 SlowDown;
  one that is idle for 10 minutes is stopped; DuckDB may use 1 GB per query, then disk.
- Limits of QoS policies are stored and checked; traffic is not shaped.
- Requests of metadata (all but those for rows and for bytes of objects) are counted with
  the others and again separately.
- Samples of metrics are taken every 10 s and kept in memory: they begin with the process.
- One cnode, one dnode, one manager; tenants separate paths, names and quotas.
- VIP pools may name loopback addresses only.
- Webhooks are stored and never called: the stand-in opens no connections.
- Client metrics are a table `client_metrics` in a schema of that name, one row per
  client, view and 10 s with activity; iodata sums the same since the start.
- User quotas count objects for their writer, tables and the bucket's directory for the
  bucket's owner; a group, named by its gid, holds what users with that leading gid hold.
- Objects a snapshot keeps are read and listed below `.snapshot/NAME/` of their bucket.
- A clone of a snapshot creates a directory; its tables and objects are in the bucket of
  the view that is created there (or below, as in the snapshot) and share its files.
  Quotas do not count parts of a clone that have no view yet.
- query_data returns rows as JSON texts, as in the description. Snapshots of the catalogue
  and delta (the last 10,000 changes) begin with the process; the audit log is the last
  100,000 lines of the access log.
- Calls of the public description that are not listed here are refused with 404.
- The stand-in has neither peers, event brokers and topics nor drives and network cards:
  their lists and their pages for Prometheus are empty, and creating one is refused with
  501. Kafka settings of views are stored and have no effect.
- Objects have one version, `null`; other versions, versioning and locks are refused.
- A copy keeps the ETag and the parts of its source; its checksum, too, unless another
  algorithm is asked for.
- A bucket may be named in the Host header, before `localhost` or this machine's name;
  any other Host is path style.
- A form (PostObject) needs a policy signed by either signature version.
- A completed multipart upload is remembered for 10 days, so that a client may repeat its
  completion after a lost reply.
- A projection is a few sorted runs over many segments, which are merged in the background;
  one that is led by a floating-point column stays in up to 32 stretches of its table. A
  merge needs as much disk as the runs it merges, until it is done. The statistics report
  the share that is in step, and as dirty the share that is still to be merged. (The real
  product sorts stretches of 524,288 rows.)
"""
_FOLDER = """
## What a start does with the data folder

A folder has one id, in `store.json`, in its three databases (`tables/catalogue.sqlite`,
`objects/index.sqlite`, `vms.sqlite`) and in the mark beside each of them (`mark.json`),
which holds the number of the last committed change.

- A file that is not named by its database is deleted only if that database is the newest
  of the folder (not older than its mark) and has noted the file as unfinished or dropped.
  This is what a crash leaves behind.
- Any other file moves to `lost/START/`, below its former path. `lost/START/why.txt`,
  the log, `warnings` in `orbital status --json` and the alarm `DATA_SET_ASIDE` (in
  `orbital health`) give the reason.
- Blocks of 64 KiB of segments and objects, and the rows of the databases, have
  checksums, verified at first read, at a start (databases) and by upkeep. A file that is
  damaged or cut is an error 500 with its name and the alarm `DATA_DAMAGED`; files of
  older programs get checksums by upkeep (alarm `DATA_UNVERIFIED`).
- To bring it all back: stop the platform, put the right database back (with its `-wal`,
  if there is one) and start. Files in `lost/` that it names return by themselves. While
  `lost/` exists, dropped files of earlier runs move there, too, so that work done in
  between destroys nothing. Delete `lost/` when nothing is missing.
- A start is refused, with exit code 1 and one sentence, if a database is missing, empty,
  damaged or of another folder while the folder holds data, or if it names files or
  snapshots that are missing or cut short. Nothing is deleted then.
- `orbital up --accept-loss` (`python -m vast_standin --accept-loss`) starts all the same:
  a database that cannot be used moves to `lost/`, and reading what is missing fails with
  500 (alarm `DATA_MISSING`). Drop what cannot be read, or restore the files: until then
  every start needs the option.
- A folder written by an earlier version gets its id at the first start. Files that its
  catalogue does not name move to `lost/` at that start.

## Copies of the data folder

`POST /api/standin_copies/` (managers only, not a call of the real product) makes the folder
`copying/` with the three databases as they were together at one moment, between commits,
and hard links to all files they name; nothing is removed from the data while it is made.
Then it reads all of that against the checksums. It replies with `folder`, `moment`,
`store`, `version`, `missing` (named files that are not there) and `damaged` (files that
are not as they were written; alarm `DATA_DAMAGED`). `DELETE` removes the folder, as do the
next copy and the next start.
`orbital backup` copies it.
"""


def document() -> str:
    """Return COVERAGE.md."""
    sections = [*_tabular(), *_sql(), *_objects(), *_management()]
    parts = [_HEAD, *sections, _CHOSEN, _FOLDER]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _tabular() -> Iterable[str]:
    yield f"## Database protocol ({len(tabular.ROUTES)} commands)\n"
    rows = [
        (f"`{method} ?{command}`", _sentence(handler))
        for (method, command), handler in tabular.ROUTES.items()
    ]
    yield _table(("command", "what it does"), rows)


def _sql() -> Iterable[str]:
    """Yield the SQL section; imported here, as the server does."""
    from vast_standin.sql.changing import CHANGES  # noqa: PLC0415
    from vast_standin.sql.statements import READING  # noqa: PLC0415

    yield f"## SQL ({len(CHANGES)} statements that change something)\n"
    yield (
        "DuckDB's dialect, one statement per call, in the transaction the call names; "
        'tables are `"bucket/schema".table`, also below the catalogue `vastdb`. '
        f"Read: {', '.join(sorted(READING))}. A change returns the number of rows it wrote; "
        "INSERT, UPDATE and DELETE also the rows that RETURNING names. All else is refused with "
        "501: views, indexes, constraints (so ON CONFLICT, too), defaults, temporary "
        "tables, MERGE with `*` or RETURNING, COPY, settings and PRAGMA.\n"
    )
    rows = [
        (f"`{_WORDS.get(kind.key, kind.key).upper()}`", _sentence(handler))
        for kind, handler in CHANGES.items()
    ]
    yield _table(("statement", "what it does"), rows)
    yield _DRIVERS_GAPS


def _objects() -> Iterable[str]:
    yield f"## S3 ({len(s3.ROUTES)} calls)\n"
    rows = [
        (
            f"`{method}` {level}{f' `?{sub}`' if sub else ''}",
            _sentence(handler),
            _served(OPERATIONS[method, level, sub], sub),
        )
        for (method, level, sub), handler in s3.ROUTES.items()
    ]
    yield _table(("call", "what it does", "headers and parameters served"), rows)
    yield "Without effect in this store, so accepted:\n"
    yield _table(("header or parameter", "reason"), _coded(HARMLESS))
    yield "Served with these values only, else 501:\n"
    values = {name: ", ".join(sorted(values)) for name, values in VALUES.items()}
    yield _table(("header", "values"), _coded(values))
    yield (
        "Every other `x-amz-` header, condition and query parameter is refused with 501 "
        "by its name. Of those that S3 has for these calls:\n"
    )
    yield _table(("header", "reason"), _coded(REFUSED))


def _served(operation: Operation, sub: str) -> str:
    routing = {*sub.split(), "x-amz-copy-source"}
    names = (operation.headers | operation.query) - PROTOCOL - routing
    return " ".join(sorted(names)) or "none"


def _coded(reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"`{name}`", reason) for name, reason in reasons.items()]


def _management() -> Iterable[str]:
    yield f"## Management, VMS REST ({len(RESOURCES)} resources)\n"
    rows = [_resource(kind) for _, kind in sorted(RESOURCES.items())]
    yield _table(("resource", "calls", "may be written", "filters"), rows)
    yield f"## Management, further calls ({len(CALLS)})\n"
    yield "\n".join(f"- `{method} /{route}/`" for method, route in sorted(CALLS)) + "\n"
    yield (
        "Managers authenticate by password (Basic), by API token (`Api-Token`), or by the JSON "
        "web tokens (`Bearer`) of `POST /token/` and `POST /token/refresh/`, which end with "
        "the process. Lists are filtered by every field of the answers, by `other__name` and "
        "`other__id` of what a record belongs to, and by these with suffixes such as "
        "`__contains`; `page_size` and `page` bring one page, whose links are addresses.\n"
    )
    yield f"## Metrics ({len(METRICS)})\n"
    yield "\n".join(f"- `{name}` ({m.units})" for name, m in METRICS.items()) + "\n"


def _resource(kind: Resource) -> tuple[str, ...]:
    written = [
        f"**{field.name}**" if field.required else field.name
        for field in kind.fields
        if field.creatable or field.patchable
    ]
    calls = ("list", "get", "create", "patch", "delete")
    return (
        f"`{kind.name}`",
        ", ".join(call for call in calls if call in kind.calls),
        ", ".join(written) or "nothing",
        ", ".join(sorted(kind.filters)) or "none",
    )


def _sentence(handler: Callable[..., object]) -> str:
    text = re.sub(r"\s+", " ", (handler.__doc__ or "").strip())
    return text.partition(". ")[0].rstrip(".").replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(document())
