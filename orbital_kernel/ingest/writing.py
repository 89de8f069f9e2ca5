"""Parsed files into the store, several small ones a transaction, each verified.

A transaction holds whole files and their ledger rows, or nothing. Before it commits, the
rows of each file are read back: as many as were written, with the same checksum.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from orbital_kernel.ingest.book import Book
from orbital_kernel.ingest.bulk import Bulk
from orbital_kernel.ingest.checksum import SHA, span_of, verify, wider
from orbital_kernel.ingest.ledger import Entry, Noted, note
from orbital_kernel.ingest.lock import Begun
from orbital_kernel.ingest.overlap import put
from orbital_kernel.ingest.parsing import End, Item, Refusal, Rows
from orbital_kernel.ingest.pool import Offered
from orbital_kernel.ingest.purity import Kinds, Purity, kinds_of
from orbital_kernel.ingest.report import FileReport
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal

if TYPE_CHECKING:
    from orbital_kernel.database import Store, Transaction


@dataclass
class Parsed:
    """A file read to its end: its rows, if few enough to hold, and its account."""

    offered: Offered
    outcome: End | Refusal
    rows: Sequence[Rows] = ()


class Writer:
    """Writes parsed files in the order they come."""

    def __init__(
        self,
        store: "Store",
        known: Mapping[str, Entry],
        begun: Begun,
        *,
        again: Collection[str] = (),
    ) -> None:
        """Write into a store; contents `known` to the ledger are replaced.

        `again` are the contents that are all read anew in this run: none of them counts
        as newer than another.
        """
        self._store = store
        self._known = dict(known)
        self._again = frozenset(again)
        self._begun = begun
        self._purity = Purity(store)

    def write(self, files: Iterable[Parsed]) -> list[FileReport]:
        """Write whole files in one transaction; refused ones leave a ledger row."""
        with self._store.transaction() as tx:
            self._begun(tx.number)
            files = [self._pure(file) for file in files]
            books = {
                f.offered.sha256: Book(kinds=_kinds(f.rows))
                for f in files
                if isinstance(f.outcome, End)
            }
            self._forget(tx, books)
            self._write_together(tx, files, books)
            self._write_keyed(tx, files, books)
            reports = [
                self._report(f, books.get(f.offered.sha256, Book())) for f in files
            ]
            self._note(tx, files, reports, books)
        self._learn(reports)
        return reports

    def write_large(
        self, offered: Offered, items: Iterable[Item], bulk: Bulk | None = None
    ) -> FileReport:
        """Write one file as it is read; a transaction of its own, nothing if refused."""
        try:
            with self._store.transaction() as tx:
                self._begun(tx.number)
                report = self._stream(tx, offered, items, bulk)
        except _NotTakenError as error:
            self._purity.ask_again()
            ends = [item.format for item in items if not isinstance(item, Rows)]
            why = replace(error.refusal, format=[*ends, error.refusal.format][0])
            return self.write([Parsed(offered, why)])[0]
        finally:
            if bulk:
                bulk.clear()
        self._learn([report])
        return report

    def _stream(
        self,
        tx: "Transaction",
        offered: Offered,
        items: Iterable[Item],
        bulk: Bulk | None,
    ) -> FileReport:
        sha256, book = offered.sha256, Book()
        self._forget(tx, {sha256: book})
        for item in items:
            if isinstance(item, Refusal):
                raise _NotTakenError(item)
            if isinstance(item, End):
                parsed = Parsed(offered, item)
                continue
            book.kinds |= _kinds([item])
            if why := self._purity.refuses(book.kinds, offered.path.name):
                raise _NotTakenError(Refusal(why))
            self._write_batch(tx, item, sha256, book, bulk)
        if bulk:
            bulk.finish(tx)
        for table, total in book.sums.items():
            verify(tx, table, {sha256: total}, book.spans[table])
        report = self._report(parsed, book)
        self._note(tx, [parsed], [report], {sha256: book})
        return report

    def entry(self, sha256: str) -> Entry | None:
        """Return what the ledger knows of a content by now."""
        return self._known.get(sha256)

    def _pure(self, file: Parsed) -> Parsed:
        """Return the file, refused where its rows are of another kind than those held."""
        if isinstance(file.outcome, Refusal):
            return file
        why = self._purity.refuses(_kinds(file.rows), file.offered.path.name)
        return Parsed(file.offered, Refusal(why, file.outcome.format)) if why else file

    def _forget(self, tx: "Transaction", books: Mapping[str, Book]) -> None:
        """Delete what is stored of contents that are written anew."""
        for sha256, book in books.items():
            known = self._known.get(sha256)
            for table in known.tables if known else ():
                mine = [Clause(SHA, (Equal(sha256),))]
                key = schema.table(table).key
                if key:
                    book.before[table] = frame_of(tx.select(table, mine, columns=key))
                tx.delete(table, mine)

    def _newer(self, sha256: str) -> frozenset[str]:
        """Return the contents first ingested after one that is read anew."""
        mine = self._known.get(sha256)
        if mine is None or mine.state != "ingested" or mine.ingested is None:
            return frozenset()
        return frozenset(
            other
            for other, entry in self._known.items()
            if other not in self._again
            and entry.state == "ingested"
            and entry.ingested is not None
            and entry.ingested > mine.ingested
        )

    def _write_together(
        self, tx: "Transaction", files: Sequence[Parsed], books: Mapping[str, Book]
    ) -> None:
        """Insert the rows of all files into tables without a key, a request a table."""
        batches: dict[str, list[pa.Table]] = {}
        for file, item in _taken(files):
            if not schema.table(item.table).key:
                rows = _stamped(item, file.offered.sha256)
                batches.setdefault(item.table, []).append(rows)
                book = books[file.offered.sha256]
                book.enter(item.table, {"inserted": len(rows)}, rows)
        for table, parts in batches.items():
            rows = pa.concat_tables(parts)
            tx.insert(table, rows)
            expected = {
                sha: book.sums[table]
                for sha, book in books.items()
                if table in book.sums
            }
            verify(tx, table, expected, span_of(table, rows))

    def _write_keyed(
        self, tx: "Transaction", files: Sequence[Parsed], books: Mapping[str, Book]
    ) -> None:
        """Put the rows of tables with a key, file by file, in order."""
        for file in files:
            tables: dict[str, list[pa.Table]] = {}
            for _, item in _taken([file]):
                if schema.table(item.table).key:
                    rows = _stamped(item, file.offered.sha256)
                    tables.setdefault(item.table, []).append(rows)
            book = books.get(file.offered.sha256, Book())
            for table, parts in tables.items():
                newer = self._newer(file.offered.sha256)
                _put(tx, table, pa.concat_tables(parts), book, newer)
                expected = {file.offered.sha256: book.sums[table]}
                verify(tx, table, expected, [])

    def _write_batch(
        self,
        tx: "Transaction",
        item: Rows,
        sha256: str,
        book: Book,
        bulk: Bulk | None,
    ) -> None:
        rows = _stamped(item, sha256)
        if schema.table(item.table).key:
            _put(tx, item.table, rows, book, self._newer(sha256))
            book.spans[item.table] = []
            return
        if bulk:
            bulk.add(tx, item.table, rows)
        else:
            tx.insert(item.table, rows)
        book.enter(item.table, {"inserted": len(rows)}, rows)
        book.spans[item.table] = wider(
            book.spans.get(item.table), span_of(item.table, rows)
        )

    def _report(self, file: Parsed, book: Book) -> FileReport:
        offered, outcome = file.offered, file.outcome
        if isinstance(outcome, Refusal):
            return FileReport(
                str(offered.path),
                outcome.format,
                None,
                "refused",
                0,
                reason=outcome.reason,
                sha256=offered.sha256 or None,
                offset=outcome.offset,
                size_bytes=offered.size,
            )
        written = sum(c["inserted"] + c["updated"] for c in book.counts.values())
        return FileReport(
            str(offered.path),
            outcome.format,
            outcome.observatory,
            "ingested",
            written,
            tables=book.counts,
            skipped=book.left_out(outcome.skipped),
            sha256=offered.sha256,
            seconds=round(outcome.seconds, 3),
            size_bytes=offered.size,
        )

    def _note(
        self,
        tx: "Transaction",
        files: Sequence[Parsed],
        reports: Sequence[FileReport],
        books: Mapping[str, Book],
    ) -> None:
        rows: dict[str, tuple[FileReport, Noted]] = {}
        for file, report in zip(files, reports, strict=True):
            sha256 = file.offered.sha256
            known = self._known.get(sha256)
            if isinstance(file.outcome, End):
                noted = Noted(
                    file.outcome.version,
                    file.outcome.understood,
                    books[sha256].sums,
                    known.ingested if known and known.state == "ingested" else None,
                    next(iter(books[sha256].kinds), None),
                )
                rows[sha256] = report, noted
            elif sha256 and (known is None or _refused_otherwise(known, report)):
                rows[sha256] = report, Noted()
        note(tx, rows.values(), set(self._known))

    def _learn(self, reports: Iterable[FileReport]) -> None:
        for report in reports:
            before = self._known.get(report.sha256 or "")
            if report.sha256 and (
                before is None
                or before.state == "refused"
                or report.state == "ingested"
            ):
                self._known[report.sha256] = Entry(
                    report.sha256,
                    report.path,
                    report.size_bytes,
                    report.state,
                    report.format,
                    report.observatory,
                    report.rows,
                    report.tables,
                    report.reason,
                    {},
                    report.offset,
                    before.ingested if before and before.state == "ingested" else None,
                )


class _NotTakenError(Exception):
    """Rolls back the rows of a file that turned out broken."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def _kinds(items: Iterable[Rows]) -> Kinds:
    return kinds_of(item.data for item in items)


def _refused_otherwise(known: Entry, report: FileReport) -> bool:
    return known.state == "refused" and known.reason != report.reason


def _taken(files: Iterable[Parsed]) -> Iterable[tuple[Parsed, Rows]]:
    for file in files:
        if isinstance(file.outcome, End):
            for item in file.rows:
                yield file, item


def _put(
    tx: "Transaction",
    table: str,
    rows: pa.Table,
    book: Book,
    newer: frozenset[str],
) -> None:
    done = put(tx, table, rows, newer=newer)
    book.enter(table, done.counts, done.written)
    keys = schema.table(table).key
    told = {
        f"repeated with the same {', '.join(keys)}": done.repeated,
        "told otherwise by a file ingested later, which stands": done.outdated,
    }
    book.leave_out({why: n for why, n in told.items() if n})
    book.has_again(table, frame_of(rows.select(list(keys))))


def _stamped(item: Rows, sha256: str) -> pa.Table:
    """Return the rows with all columns of their table, and the file they are from."""
    table = schema.table(item.table)
    rows = item.data
    if SHA in {column.name for column in table.columns}:
        rows = rows.append_column(SHA, pa.repeat(sha256, len(rows)))
    return schema.conform(rows, table)
