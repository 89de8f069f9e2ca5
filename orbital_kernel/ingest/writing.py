"""Parsed files written to the store: several small ones per transaction, each verified.

A transaction writes whole files and their ledger rows, or nothing. Before it commits, the
rows of each file are read back and must have the same number and checksum.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from orbital_kernel.ingest import versions
from orbital_kernel.ingest.bulk import Bulk
from orbital_kernel.ingest.checksum import SHA, span_of, verify, wider
from orbital_kernel.ingest.due import joint
from orbital_kernel.ingest.gathered import gathered
from orbital_kernel.ingest.items import SENT_AHEAD, End, Item, Refusal, Rows
from orbital_kernel.ingest.ledger import Ledger, Noted
from orbital_kernel.ingest.lock import Begun
from orbital_kernel.ingest.names import Names
from orbital_kernel.ingest.offered import Offered
from orbital_kernel.ingest.overlap import put
from orbital_kernel.ingest.overlapped import Inserts
from orbital_kernel.ingest.purity import Purity, kinds_of
from orbital_kernel.ingest.report import FileReport
from orbital_kernel.ingest.stamped import stamped
from orbital_kernel.ingest.succession import Holder, Succession
from orbital_kernel.ingest.tally import Parsed, Tally, report_of
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal

if TYPE_CHECKING:
    from orbital_kernel.database import Store, Transaction


class Writer:
    """Writes parsed files in the order they arrive."""

    def __init__(
        self,
        store: "Store",
        ledger: Ledger,
        begun: Begun,
        mapping: str | None = None,
    ) -> None:
        """Write into a store; contents that the ledger has are replaced.

        `mapping` is the hash of the mapping by which the files are read, if any.
        """
        self.ledger = ledger
        self._mapping = mapping
        self._succession = Succession(ledger)
        self._store = store
        self._begun = begun
        self._purity = Purity(store)

    def write(self, files: Iterable[Parsed]) -> list[FileReport]:
        """Write whole files in one transaction; refused ones leave a ledger row."""
        with self._store.transaction() as tx:
            self._begun(tx.number)
            files = [self._pure(file) for file in files]
            tallies = {
                f.offered.sha256: Tally(kinds=kinds_of(r.data for r in f.rows))
                for f in files
                if isinstance(f.outcome, End)
            }
            names = Names(tx)
            self._forget(tx, tallies, names)
            self._write_keyed(tx, files, tallies, names)
            names.register()
            self._write_together(tx, files, tallies, names)
            for file in files:
                if isinstance(file.outcome, End):
                    self._settle(tx, file.offered, tallies)
            names.finish()
            reports = [
                report_of(f, tallies.get(f.offered.sha256, Tally())) for f in files
            ]
            self._note(tx, files, reports, tallies)
        self.ledger.learn(reports)
        return reports

    def write_large(
        self, offered: Offered, items: Iterable[Item], bulk: Bulk | None = None
    ) -> FileReport:
        """Write one file as it is read, in its own transaction; nothing if it is refused."""
        try:
            with self._store.transaction() as tx:
                self._begun(tx.number)
                report = self._stream(tx, offered, items, bulk)
        except _RefusedError as error:
            self._purity.reset()
            formats = [item.format for item in items if not isinstance(item, Rows)]
            why = replace(error.refusal, format=[*formats, error.refusal.format][0])
            return self.write([Parsed(offered, why)])[0]
        finally:
            if bulk:
                bulk.clear()
        self.ledger.learn([report])
        return report

    def _stream(
        self,
        tx: "Transaction",
        offered: Offered,
        items: Iterable[Item],
        bulk: Bulk | None,
    ) -> FileReport:
        sha256, tally, names = offered.sha256, Tally(), Names(tx)
        self._forget(tx, {sha256: tally}, names)
        with Inserts(tx) as inserts:
            for item in gathered(items):
                if isinstance(item, Refusal):
                    raise _RefusedError(item)
                if isinstance(item, End):
                    parsed = Parsed(offered, item)
                    continue
                tally.kinds |= kinds_of([item.data])
                if why := self._purity.refuses(tally.kinds, offered.path.name):
                    raise _RefusedError(Refusal(why))
                self._write_batch(tx, item, sha256, tally, bulk, names, inserts)
            inserts.finish()
        if bulk:
            bulk.finish(tx)
        for table, total in tally.sums.items():
            verify(tx, table, {sha256: total}, tally.spans[table])
        self._settle(tx, offered, {sha256: tally})
        names.finish()
        report = report_of(parsed, tally)
        self._note(tx, [parsed], [report], {sha256: tally})
        return report

    def _pure(self, file: Parsed) -> Parsed:
        """Return the file, refused if its rows are of another kind than the stored ones."""
        if isinstance(file.outcome, Refusal):
            return file
        why = self._purity.refuses(
            kinds_of(r.data for r in file.rows), file.offered.path.name
        )
        return Parsed(file.offered, Refusal(why, file.outcome.format)) if why else file

    def adopt(self, files: Sequence[Offered]) -> None:
        """Note the unpacked bytes of files whose packed bytes the ledger has."""
        entries = [(f, self.ledger.find(*f.hashes)) for f in files]
        unpacked = {
            entry.sha256: file.sha256
            for file, entry in entries
            if entry and entry.sha256 != file.sha256 and entry.unpacked is None
        }
        if unpacked:
            with self._store.transaction() as tx:
                self._begun(tx.number)
                self.ledger.note_unpacked(tx, unpacked)

    def _settle(
        self, tx: "Transaction", offered: Offered, tallies: Mapping[str, Tally]
    ) -> None:
        """Compare the curves of a file just written with those of other files."""
        tally = tallies[offered.sha256]
        tally.curves = versions.settled(tally.curves)
        curves = frozenset(curve for found in tally.curves.values() for curve in found)
        if curves:
            holder = Holder(
                offered.sha256, offered.path.name, tuple(tally.counts), curves
            )
            self._succession.settle(tx, holder, tally, tallies)

    def _forget(
        self, tx: "Transaction", tallies: Mapping[str, Tally], names: Names
    ) -> None:
        """Delete the stored rows of contents that are written again."""
        for sha256, tally in tallies.items():
            entry = self.ledger.entry(sha256)
            if entry is None:
                continue
            self._succession.forget(entry.sha256)
            reason = "rows that were read from this file before"
            if self._mapping and entry.mapping and self._mapping != entry.mapping:
                reason = "rows that another mapping to its table gave of this file"
            for table in entry.tables:
                of_file = [Clause(SHA, (Equal(entry.sha256),))]
                key = schema.table(table).key
                if key:
                    rows = tx.select(table, of_file, columns=key)
                    tally.before[table] = frame_of(rows)
                names.forget(table, of_file)
                if deleted := tx.delete(table, of_file):
                    tally.replace(reason, deleted)

    def _write_together(
        self,
        tx: "Transaction",
        files: Sequence[Parsed],
        tallies: Mapping[str, Tally],
        names: Names,
    ) -> None:
        """Insert the rows of all files into tables without a key, one request per table."""
        batches: dict[str, list[pa.Table]] = {}
        for file, item in _readable(files):
            if not schema.table(item.table).key:
                rows = stamped(item, file.offered.sha256)
                batches.setdefault(item.table, []).append(rows)
                tally = tallies[file.offered.sha256]
                tally.add(item.table, {"inserted": len(rows)}, rows)
        for table, parts in batches.items():
            rows = names.placed(table, pa.concat_tables(parts), tallies)
            tx.insert(table, rows)
            expected = {
                sha: tally.sums[table]
                for sha, tally in tallies.items()
                if table in tally.sums
            }
            verify(tx, table, expected, span_of(table, rows))

    def _write_keyed(
        self,
        tx: "Transaction",
        files: Sequence[Parsed],
        tallies: Mapping[str, Tally],
        names: Names,
    ) -> None:
        """Write the rows of tables with a key, file by file, in order."""
        for file in files:
            tables: dict[str, list[pa.Table]] = {}
            for _, item in _readable([file]):
                if schema.table(item.table).key:
                    rows = stamped(item, file.offered.sha256)
                    tables.setdefault(item.table, []).append(rows)
            tally = tallies.get(file.offered.sha256, Tally())
            for table, parts in tables.items():
                newer = self.ledger.newer_than(file.offered.sha256)
                rows = pa.concat_tables(parts)
                tally.add_put(table, put(tx, table, rows, newer=newer), rows)
                names.add(table, rows)
                expected = {file.offered.sha256: tally.sums[table]}
                verify(tx, table, expected, [])

    def _write_batch(
        self,
        tx: "Transaction",
        item: Rows,
        sha256: str,
        tally: Tally,
        bulk: Bulk | None,
        names: Names,
        inserts: Inserts,
    ) -> None:
        is_sent_ahead = versions.kind_of(item.table) in SENT_AHEAD
        rows = stamped(item, sha256, runs=is_sent_ahead and bulk is None)
        if not is_sent_ahead:
            inserts.finish()
        if schema.table(item.table).key:
            newer = self.ledger.newer_than(sha256)
            tally.add_put(item.table, put(tx, item.table, rows, newer=newer), rows)
            names.add(item.table, rows)
            tally.spans[item.table] = []
            return
        placed = names.placed(item.table, rows, {sha256: tally})
        if bulk:
            bulk.add(tx, item.table, placed)
        else:
            inserts.add(item.table, placed)
        tally.add(item.table, {"inserted": len(rows)}, rows)
        tally.spans[item.table] = wider(
            tally.spans.get(item.table), span_of(item.table, placed)
        )

    def _note(
        self,
        tx: "Transaction",
        files: Sequence[Parsed],
        reports: Sequence[FileReport],
        tallies: Mapping[str, Tally],
    ) -> None:
        rows: dict[str, tuple[FileReport, Noted]] = {}
        for file, report in zip(files, reports, strict=True):
            sha256 = file.offered.sha256
            if isinstance(file.outcome, End):
                noted = Noted(
                    file.outcome.version,
                    file.outcome.understood,
                    tallies[sha256].sums,
                    self.ledger.ingested(sha256),
                    next(iter(tallies[sha256].kinds), None),
                    self._mapping,
                    tuple(sorted(set().union(*tallies[sha256].curves.values()))),
                    tallies[sha256].superseded,
                    joint(tallies[sha256].cells),
                )
                rows[sha256] = report, noted
            elif self.ledger.lacks(report):
                rows[sha256] = report, Noted()
        self.ledger.note(tx, list(rows.values()))


class _RefusedError(Exception):
    """Rolls back the rows of a file that turned out broken."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def _readable(files: Iterable[Parsed]) -> Iterable[tuple[Parsed, Rows]]:
    for file in files:
        if isinstance(file.outcome, End):
            for item in file.rows:
                yield file, item
