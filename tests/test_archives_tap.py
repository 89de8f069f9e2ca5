"""Tables out of a TAP service: pages, batches, faults, and a second run offline."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import votable
from astropy.table import Table

from orbital_kernel.__main__ import cli
from orbital_kernel.archives.services import fetching, tap
from orbital_kernel.errors import ArchiveError, ConfigError
from orbital_kernel.model.predicate import Clause, Equal

ALL = "SELECT obsid, name, ra, dec, exposure FROM chanmaster"


@pytest.fixture(scope="module")
def address():
    """Return the address of an archive's server, a process of its own."""
    script = Path(__file__).with_name("tap_server.py")
    server = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    )
    with server.stdout:
        port = server.stdout.readline().strip()
    yield f"http://127.0.0.1:{port}"
    server.kill()
    server.wait()


@pytest.fixture
def service(address, tmp_path):
    """Return a maker of clients to a server that behaves in a certain way."""

    def make(how="ok", **options):
        pauses = []
        client = tap.Tap(
            f"{address}/{how}/tap",
            tmp_path / "cache",
            **{"pause": pauses.append, **options},
        )
        client.pauses = pauses
        return client

    return make


def test_an_answer_has_rows_units_and_nulls(service):
    reply = service().ask(f"{ALL} WHERE obsid < 1012")

    assert 12 == len(reply.table)
    assert "deg" == str(reply.table["ra"].unit)
    assert [0, 10] == np.flatnonzero(reply.table["exposure"].mask).tolist()
    assert not reply.overflow


def test_a_second_run_is_offline_and_gives_the_same_file(service, tmp_path):
    first = fetching.fetch(service(), ALL, tmp_path / "a.vot", page_by="obsid")
    offline = service("ok", offline=True)
    second = fetching.fetch(offline, ALL, tmp_path / "b.vot", page_by="obsid")

    assert 0 == offline.request_count
    assert first.answers == second.cached == second.answers
    assert Path(first.path).read_bytes() == Path(second.path).read_bytes()
    with pytest.raises(ArchiveError, match=r"no answer of .* is in the cache"):
        offline.ask("SELECT obsid FROM chanmaster")


def test_refresh_asks_again(service):
    service().ask(ALL)
    fresh = service("ok", refresh=True)

    assert not fresh.ask(ALL).cached
    assert 1 == fresh.request_count


def test_an_answer_that_was_cut_is_an_error_that_says_how_to_go_on(service, tmp_path):
    with pytest.raises(ArchiveError, match="after 25 rows: ask page by page"):
        fetching.fetch(service("cap"), ALL, tmp_path / "a.vot")

    assert not (tmp_path / "a.vot").exists()


@pytest.mark.parametrize(("how", "page"), [("cap", 1000), ("ok", 30), ("ok", 200)])
@pytest.mark.parametrize("key", ["obsid", "name", "time"])
def test_pages_bring_every_row_once_whatever_the_service_caps(
    service, tmp_path, how, page, key
):
    fetched = fetching.fetch(
        service(how),
        "SELECT obsid, name, time FROM chanmaster;",
        tmp_path / "a.vot",
        page_by=key,
        page_rows=page,
    )

    rows = Table.read(tmp_path / "a.vot")
    assert list(range(1000, 1200)) == sorted(rows["obsid"])
    assert 200 == fetched.rows
    assert fetched.answers >= 200 // min(page, 25 if how == "cap" else page)


@pytest.mark.parametrize(
    ("key", "reason"),
    [("dec", "the same in several rows"), ("exposure", "empty"), ("nope", "refuses")],
)
def test_a_column_that_cannot_page_is_refused(service, tmp_path, key, reason):
    with pytest.raises(ArchiveError, match=reason):
        fetching.fetch(service(), ALL, tmp_path / "a.vot", page_by=key, page_rows=190)


def test_a_table_sent_is_joined_in_batches_and_cut_answers_halve_them(
    service, tmp_path
):
    upload = Table(
        {"label": [f"L{n}" for n in range(90)], "obsid": np.arange(1000, 1090)}
    )
    query = (
        "SELECT m.label, c.obsid, c.ra FROM TAP_UPLOAD.mine AS m "
        "JOIN chanmaster AS c ON c.obsid = m.obsid"
    )

    fetched = fetching.fetch(
        service("cap"), query, tmp_path / "a.vot", upload=upload, batch_rows=40
    )

    rows = Table.read(tmp_path / "a.vot")
    assert {(f"L{n}", 1000 + n) for n in range(90)} == set(
        zip(rows["label"], rows["obsid"], strict=True)
    )
    assert (90, 5) == (fetched.rows, fetched.answers)


def test_a_cut_answer_of_one_row_is_reported(service, tmp_path):
    upload = Table({"obsid": [1000.0]})

    with pytest.raises(ArchiveError, match="for a single row of the table sent"):
        fetching.fetch(
            service("cap"),
            "SELECT c.obsid FROM TAP_UPLOAD.mine AS m, chanmaster AS c",
            tmp_path / "a.vot",
            upload=upload,
        )


def test_a_busy_service_is_asked_again_after_as_long_as_it_wants(service):
    client = service("busy")

    assert 200 == len(client.ask(ALL).table)
    assert [7.0, 2.0] == client.pauses


@pytest.mark.parametrize("how", ["cut", "chopped"])
def test_a_stream_that_breaks_off_is_asked_again_and_never_kept(service, how):
    client = service(how)

    assert 200 == len(client.ask(ALL).table)
    assert 2 == client.request_count


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("gone", "in 3 tries: 503 Service Unavailable"),
        ("html", "text/html, not with a VOTable.*We are upgrading"),
        ("hostile", "hostile VOTable: XML that declares a document type"),
        ("broken", "broken VOTable"),
    ],
)
def test_an_invalid_answer_is_reported_and_not_cached(service, tmp_path, how, reason):
    with pytest.raises(ArchiveError, match=reason):
        service(how, tries=3).ask(ALL)

    assert (
        [] == list((tmp_path / "cache").glob("*"))
        if (tmp_path / "cache").exists()
        else True
    )


def test_a_wrong_query_is_sent_once_and_reported_in_the_services_words(service):
    client = service()

    with pytest.raises(ArchiveError, match=r"refuses the query.*nope"):
        client.ask("SELECT nope FROM chanmaster")
    assert 1 == client.request_count


def test_an_address_without_a_service_is_reported(address, tmp_path):
    with pytest.raises(
        ArchiveError, match=r"404 .* is it the address of a TAP service"
    ):
        tap.Tap(f"{address}/ok/elsewhere", tmp_path).ask(ALL)
    with pytest.raises(ArchiveError, match="in 2 tries: the connection broke"):
        tap.Tap("http://127.0.0.1:9/tap", tmp_path, tries=2, pause=lambda _s: None).ask(
            ALL
        )
    with pytest.raises(ConfigError, match="heasarc, csc2"):
        tap.Tap("nowhere", tmp_path)


def test_the_file_states_the_origin_of_its_rows(service, tmp_path):
    fetched = fetching.fetch(service(), ALL, tmp_path / "a.vot")

    infos = {i.name: i.value for i in votable.parse(fetched.path).resources[0].infos}
    provenance = json.loads((tmp_path / "a.vot.provenance.json").read_text())
    assert ALL == infos["provenance_query"] == provenance["query"]
    assert fetched.service == infos["provenance_service"]
    assert list(fetched.replies_sha256) == provenance["replies_sha256"]


MAPPING = """\
table = "sources"
observatory = "chandra"
format = "votable"
[columns]
source_id = "name"
ra = "ra"
dec = "dec"
value = "flux"
[unit]
value = "erg / (cm2 s)"
[band]
kev = [0.5, 7.0]
[limit]
convention = "none"
"""


def test_what_was_fetched_is_ingested_by_a_mapping(real, service, tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING)
    fetching.fetch(
        service(),
        "SELECT name, ra, dec, exposure * 1e-15 AS flux FROM chanmaster WHERE exposure > 0",
        tmp_path / "a.vot",
    )

    report = real.ingest(tmp_path / "a.vot", mapping=mapping)
    clauses = [Clause("file_sha256", (Equal(report.files[0].sha256),))]
    rows = real.store.read("chandra.sources", clauses)
    with real.store.transaction() as tx:
        tx.delete("chandra.sources", clauses)

    assert [("ingested", 180)] == [(f.state, f.rows) for f in report.files]
    assert 1e-13 == pytest.approx(min(rows["flux"].to_pylist()))


def test_without_pyvo_it_says_how_to_install_it(monkeypatch, service):
    monkeypatch.setitem(sys.modules, "pyvo", None)

    with pytest.raises(ConfigError, match=r"pip install 'orbital\[archives\]'"):
        service().ask(ALL)


def test_the_shell_fetches_a_table_and_lists_services(
    address, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("ORBITAL_HOME", str(tmp_path / "home"))
    out = tmp_path / "a.vot"
    arguments = ["fetch", f"{address}/ok/tap", ALL, "--out", str(out), "--json"]

    cli(arguments, standalone_mode=False)
    document = json.loads(capsys.readouterr().out)
    cli(["fetch"], standalone_mode=False)

    assert 200 == document["rows"] == len(Table.read(out))
    assert "heasarc" in capsys.readouterr().out
