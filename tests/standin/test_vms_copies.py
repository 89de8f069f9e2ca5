"""Copies of the data folder: one at a time, for managers only, gone at the next start."""

import base64
import http.client
import ssl
from pathlib import Path


def call(standin, method, body=None, password=None):
    """Send one request; return its status."""
    user = f"{standin.user}:{standin.password if password is None else password}"
    code = base64.b64encode(user.encode()).decode()
    connection = http.client.HTTPSConnection(
        standin.vms_address,
        context=ssl.create_default_context(cafile=standin.cert_file),
    )
    headers = {"Authorization": f"Basic {code}", "Content-Type": "application/json"}
    connection.request(method, "/api/standin_copies/", body, headers)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply.status


def test_a_copy_is_made_replaced_and_removed(standin, vms):
    copies = vms.standin_copies
    first = copies.post()
    folder = Path(first["folder"])
    databases = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*.sqlite")
    }
    second = copies.post()

    assert {
        "vms.sqlite",
        "objects/index.sqlite",
        "tables/catalogue.sqlite",
    } <= databases
    assert first["moment"] < second["moment"]
    assert ([], []) == (second["missing"], second["damaged"])
    assert 204 == call(standin, "DELETE")
    assert not folder.exists()
    assert 204 == call(standin, "DELETE")


def test_only_managers_copy_and_only_without_fields(standin):
    assert 401 == call(standin, "POST", password="wrong")
    assert 405 == call(standin, "GET")
    assert 400 == call(standin, "POST", body=b'{"folder": "/tmp"}')
    assert not (Path(standin.data) / "copying").exists()


def test_a_copy_that_nobody_removed_is_gone_after_the_next_start(fresh_standin):
    standin = fresh_standin()
    folder = Path(standin.vms().standin_copies.post()["folder"])
    assert folder.is_dir()
    standin.kill()
    standin.start()

    assert not folder.exists()
