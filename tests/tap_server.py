"""A small archive that speaks TAP: `python tests/tap_server.py`; prints its port.

It answers sync queries in ADQL over 200 made-up observations with VOTables in the shape
the archives' services give, uploads included. The first part of the path says how it
behaves: ok, cap (25 rows at most), busy, cut, chopped, html, hostile, gone, broken.
"""

import io
import sys
from collections import Counter
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import duckdb
import sqlglot
from astropy.table import Table

CAP = 25
ROWS = 200
FIELDS = {
    "obsid": 'datatype="int" ucd="meta.id"',
    "name": 'datatype="char" arraysize="*"',
    "ra": 'datatype="double" unit="deg" ucd="pos.eq.ra"',
    "dec": 'datatype="double" unit="deg" ucd="pos.eq.dec"',
    "exposure": 'datatype="double" unit="s"',
    "time": 'datatype="double" unit="d"',
    "flux": 'datatype="double" unit="erg/cm**2/s"',
    "label": 'datatype="char" arraysize="*"',
    "n": 'datatype="long"',
}
SEEN = Counter()


def observations():
    db = duckdb.connect(":memory:")
    db.execute(
        "CREATE TABLE chanmaster AS SELECT (1000 + i)::INT AS obsid, "
        "'TARGET ' || i AS name, (i * 7.3) % 360 AS ra, (i % 170) - 85.0 AS dec, "
        "CASE WHEN i % 10 = 0 THEN NULL ELSE 100.0 * i END AS exposure, "
        f"55000.0 + i AS time FROM range({ROWS}) r(i)"
    )
    return db


def answer(parameters, uploads, most):
    db = observations()
    for name, content in uploads.items():
        table = Table.read(io.BytesIO(content), format="votable")
        columns = {n: table[n].tolist() for n in table.colnames}
        db.execute("CREATE SCHEMA IF NOT EXISTS TAP_UPLOAD")
        kinds = ", ".join(
            f'"{n}" {"VARCHAR" if isinstance(v[0], str) else "DOUBLE"}'
            for n, v in columns.items()
        )
        db.execute(f"CREATE TABLE TAP_UPLOAD.{name} ({kinds})")
        marks = ", ".join("?" * len(columns))
        db.executemany(
            f"INSERT INTO TAP_UPLOAD.{name} VALUES ({marks})",
            [list(row) for row in zip(*columns.values(), strict=True)],
        )
    adql = sqlglot.transpile(parameters["QUERY"], read="tsql", write="duckdb")[0]
    cursor = db.execute(adql)
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    return votable(names, rows[:most], overflow=len(rows) > most)


def votable(names, rows, *, overflow):
    fields = "".join(f'<FIELD name="{n}" {FIELDS[n]}/>' for n in names)
    cells = "".join(
        "<TR>"
        + "".join(f"<TD>{'' if c is None else escape(str(c))}</TD>" for c in row)
        + "</TR>"
        for row in rows
    )
    more = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>' if overflow else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><VOTABLE version="1.4" '
        'xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="OK"/><TABLE>{fields}<DATA><TABLEDATA>{cells}'
        f"</TABLEDATA></DATA></TABLE>{more}</RESOURCE></VOTABLE>"
    )


def refusal(text):
    return (
        '<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">{escape(text)}'
        "</INFO></RESOURCE></VOTABLE>"
    )


class Archive(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        how = self.path.split("/")[1]
        if not self.path.endswith("/tap/sync"):
            return self.reply(404, b"no such page", "text/plain")
        parameters, uploads = self.form()
        SEEN[how, parameters["QUERY"]] += 1
        number = SEEN[how, parameters["QUERY"]]
        fault = FAULTS.get(how)
        if fault is not None and fault(self, number):
            return None
        most = min(int(parameters.get("MAXREC", 10**9)), CAP if how == "cap" else 10**9)
        try:
            body, status = answer(parameters, uploads, most), 200
        except (duckdb.Error, sqlglot.errors.SqlglotError) as error:
            body, status = refusal(str(error).splitlines()[0]), 400
        content = body.encode()
        if how == "cut" and number == 1:
            return self.reply(status, content[: len(content) // 2], length=len(content))
        if how == "chopped" and number == 1:
            return self.reply(status, content[: len(content) // 2])
        return self.reply(status, content)

    def form(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        if not kind.startswith("multipart/"):
            return {k: v[0] for k, v in parse_qs(body.decode()).items()}, {}
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        parameters, uploads = {}, {}
        for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if part.get_filename():
                uploads[name] = content
            else:
                parameters[name] = content.decode()
        return parameters, uploads

    def reply(
        self, status, body, kind="application/x-votable+xml", *, length=None, **more
    ):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        if length and length != len(body):
            self.close_connection = True
        return True

    def log_message(self, *_):
        """Say nothing."""


def busy(archive, number):
    return number <= 2 and archive.reply(
        503, b"busy", "text/plain", Retry_After="7" if number == 1 else "soon"
    )


def gone(archive, _number):
    return archive.reply(503, b"closed for the night", "text/plain")


def html(archive, _number):
    return archive.reply(
        200, b"<html><body>We are upgrading</body></html>", "text/html"
    )


def hostile(archive, _number):
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><VOTABLE>&a;</VOTABLE>'
    )
    return archive.reply(200, bomb.encode())


def broken(archive, _number):
    return archive.reply(
        200, b'<?xml version="1.0"?><VOTABLE version="1.4"><RESOURCE/></VOTABLE>'
    )


FAULTS = {
    "busy": busy,
    "gone": gone,
    "html": html,
    "hostile": hostile,
    "broken": broken,
}

if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.close()
    server.serve_forever()
