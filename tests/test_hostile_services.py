"""Services of strangers: refused with a reason, in bounded bytes, nothing fetched or kept."""

import pytest
from hostile_server import (
    END,
    FIELD,
    HEAD,
    OK,
    rows,
    serving,
    stream,
    table,
)

from orbital_kernel.archives.services import fetching, tap
from orbital_kernel.archives.services.streams import Limits
from orbital_kernel.errors import ArchiveError

ADQL = "SELECT a FROM t"
LIMITS = Limits(size_bytes=4 << 20, seconds=2.0)
DEEP = "<GROUP>" * 100_000

ANSWERS = {
    "href": stream('href="file:///etc/passwd"'),
    "hrefweb": stream('href="{address}/secret"'),
    "hrefbinary2": stream('href="{address}/secret" encoding="gzip"', "BINARY2"),
    "hreffits": table('<DATA><FITS><STREAM href="{address}/secret"/></FITS></DATA>'),
    "hrefprefixed": table(
        '<DATA><BINARY><STREAM xmlns:x="http://www.w3.org/1999/xlink" '
        'x:href="{address}/secret"/></BINARY></DATA>'
    ),
    "fitsinside": table(
        '<DATA><FITS><STREAM encoding="base64">AAAA</STREAM></FITS></DATA>'
    ),
    "entity": '<?xml version="1.0"?><!DOCTYPE V [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    f"<VOTABLE>&x;{FIELD}</VOTABLE>",
    "entityweb": '<?xml version="1.0"?><!DOCTYPE V SYSTEM "{address}/secret"><VOTABLE/>',
    "laughs": '<?xml version="1.0"?><!DOCTYPE V [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    + "]><VOTABLE>&a8;</VOTABLE>",
    "parameter": '<!DOCTYPE V [<!ENTITY % x SYSTEM "{address}/secret"> %x;]><VOTABLE/>',
    "deep": HEAD + DEEP,
    "manyrows": table(rows(), attributes=' nrows="99999999999999"'),
    "widefield": table(
        rows(), '<FIELD name="a" datatype="char" arraysize="2000000000"/>'
    ),
    "widedims": table(
        rows(), '<FIELD name="a" datatype="double" arraysize="90000x90000x9"/>'
    ),
    "endlessdigits": table(rows(), attributes=f' nrows="{"9" * 5000}"'),
    "manyfields": table(rows(), FIELD * 9000),
    "otherroot": f"<html><!-- VOTABLE -->{END}",
    "notable": f'{HEAD}<RESOURCE type="results">{OK}{END}',
    "badnumber": table(rows("<TR><TD>one</TD></TR>") + "<DATA>"),
    "unknowntype": table(rows(), '<FIELD name="a" datatype="virus"/>'),
    "binarycut": table(
        '<DATA><BINARY><STREAM encoding="base64">AAA!</STREAM></BINARY></DATA>'
    ),
    "zeros": HEAD.encode() + bytes(5000),
}
NAMES = {
    "href": "data are elsewhere",
    "hrefweb": "data are elsewhere",
    "hrefbinary2": "data are elsewhere",
    "hreffits": "around a FITS file",
    "hrefprefixed": "data are elsewhere",
    "fitsinside": "around a FITS file",
    "entity": "document type or entities",
    "entityweb": "document type or entities",
    "laughs": "document type or entities",
    "parameter": "document type or entities",
    "deep": "nested deeper",
    "manyrows": "claims 99,999,999,999,999 rows",
    "widefield": "of 8,000,000,000 bytes|refused",
    "widedims": "refused",
    "endlessdigits": "refused",
    "manyfields": "more than 4,096 columns",
    "otherroot": "not VOTABLE",
    "notable": "broken VOTable",
    "badnumber": "in 2 tries",
    "unknowntype": "broken VOTable",
    "binarycut": "broken VOTable",
    "zeros": "in 2 tries: the answer is cut or broken",
    "endless": "more than 4,194,304 bytes",
    "slow": "not complete after 2 s",
    "slowheaders": "not complete after 2 s|in 2 tries",
    "silent": "not complete after 2 s",
    "manyheaders": "in 2 tries: the connection broke",
    "longheader": "in 2 tries: the connection broke",
    "nothttp": "in 2 tries: the connection broke",
    "nothing": "not with a VOTable",
    "hangup": "in 2 tries",
    "gzipbomb": "more than 4,194,304 bytes",
    "tofile": "redirects to .*file:///etc/passwd.*refused",
    "toftp": "redirects to .*refused",
    "togopher": "redirects to .*refused",
    "todata": "redirects to .*refused",
    "loop": "cannot be asked: Exceeded 5 redirects",
    "redirectbody": "redirects with an endless page",
    "controls": "not with a VOTable",
    "errorcontrols": "refuses the query: no .*table",
}


@pytest.fixture(scope="module")
def server():
    with serving({}) as running:
        running.answers = {
            name: text.replace("{address}", running.address)
            if isinstance(text, str)
            else text
            for name, text in ANSWERS.items()
        }
        yield running


def client(server, how, folder):
    return tap.Tap(
        f"{server.address}/{how}/tap",
        folder / "cache",
        tries=2,
        pause=lambda _seconds: None,
        limits=LIMITS,
    )


@pytest.mark.parametrize("how", NAMES)
def test_an_answer_that_harms_is_refused_and_never_kept(server, tmp_path, how):
    with pytest.raises(ArchiveError, match=NAMES[how]) as caught:
        fetching.fetch(client(server, how, tmp_path), ADQL, tmp_path / "a.vot")

    assert str(caught.value).isprintable()
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]
    assert 0 == server.seen["/secret"]


def test_an_endless_answer_is_read_up_to_the_limit_only(server, tmp_path):
    server.sent = 0

    with pytest.raises(ArchiveError, match="more than 4,194,304 bytes"):
        client(server, "endless", tmp_path).ask(ADQL)

    assert 64 << 20 > server.sent


def test_pages_without_end_are_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(fetching, "MOST_ANSWERS", 5)
    pages = iter(range(1, 1000))

    class Endless(dict):
        def __getitem__(self, _name):
            return table(rows(f"<TR><TD>{next(pages)}</TD></TR>"), more=OVERFLOW)

    with serving(Endless()) as server:
        endless = client(server, "pages", tmp_path)
        with pytest.raises(ArchiveError, match="goes on after 5 pages"):
            fetching.fetch(endless, ADQL, tmp_path / "a.vot", page_by="a")

    assert not (tmp_path / "a.vot").exists()


OVERFLOW = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>'


def test_a_redirect_to_the_same_scheme_is_followed(tmp_path):
    with serving({"good": table(rows())}) as server:
        server.RequestHandlerClass._moved = lambda service: service.to("/good/tap/sync")

        reply = client(server, "moved", tmp_path).ask(ADQL)

    assert [1] == reply.table["a"].tolist()


def test_a_cached_answer_that_was_tampered_with_is_refused(server, tmp_path):
    with serving({"good": table(rows())}) as good:
        asking = client(good, "good", tmp_path)
        asking.ask(ADQL)
        (cached,) = (tmp_path / "cache").glob("*.vot")
        cached.write_text(ANSWERS["href"])

        with pytest.raises(ArchiveError, match="data are elsewhere"):
            asking.ask(ADQL)


def test_a_table_to_send_that_names_another_file_is_refused(tmp_path):
    path = tmp_path / "mine.vot"
    path.write_text(ANSWERS["href"])

    with pytest.raises(ArchiveError, match="data are elsewhere"):
        fetching.upload_of(path)
