"""The last line of the demo opens JupyterLab on the demo's data."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack, contextmanager

import pytest
import urllib3
import websocket

from orbital_kernel import connect, embedded, reports
from orbital_kernel.commands.demo import _print
from orbital_kernel.reports import lab
from orbital_kernel.reports.demo import Summary

TOKEN = "first-hour"
NOTIFICATIONS = "@jupyterlab/apputils-extension:notification"
TABLES = "from orbital_kernel import connect; print(connect().home, connect().tables())"


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    """Return the folder of a platform with tables that no variable of the shell names."""
    folder = tmp_path_factory.mktemp("demo folder") / "platform"
    connect(folder).storage.apply()
    yield folder
    embedded.stop(folder)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Return the environment of a new shell, with separate folders for JupyterLab."""
    for name in ("ORBITAL_HOME", "JUPYTER_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VMS_"))}
    return {
        **outer,
        **{f"JUPYTER_{name}": str(tmp_path / name.lower()) for name in places},
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server(line, environment, log):
    """Run a shell line that opens JupyterLab from the root folder; give its address."""
    port = free_port()
    options = ("--no-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0")
    command = [*shlex.split(line), *options, f"--IdentityProvider.token={TOKEN}"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd="/", env=environment, stdout=out, stderr=out
        )
    http = Http(f"http://127.0.0.1:{port}")
    try:
        while not http.answers():
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield http
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


class Http:
    """The REST interface of a Jupyter server."""

    def __init__(self, url):
        self.url = url
        self._pool = urllib3.PoolManager(headers={"Authorization": f"token {TOKEN}"})

    def ask(self, method, path, **fields):
        return self._pool.request(method, self.url + path, **fields)

    def answers(self):
        try:
            return 200 == self.ask("GET", "/api/status", retries=False).status
        except urllib3.exceptions.HTTPError:
            return False

    def run(self, code):
        """Run code in a new kernel and return what it prints."""
        kernel = self.ask("POST", "/api/kernels", body=b"{}").json()["id"]
        where = f"{self.url}/api/kernels/{kernel}/channels?token={TOKEN}"
        with ExitStack() as stack:
            channel = websocket.create_connection(where.replace("http", "ws", 1))
            stack.callback(channel.close)
            message_id = uuid.uuid4().hex
            channel.send(json.dumps(request(message_id, code)))
            printed = []
            while True:
                reply = json.loads(channel.recv())
                if reply["parent_header"].get("msg_id") != message_id:
                    continue
                assert "error" != reply["msg_type"], reply["content"]
                if "stream" == reply["msg_type"]:
                    printed.append(reply["content"]["text"])
                if "idle" == reply["content"].get("execution_state"):
                    return "".join(printed)


def request(number, code):
    header = {"msg_id": number, "msg_type": "execute_request", "session": number}
    return {
        "channel": "shell",
        "header": {**header, "username": "", "version": "5.3"},
        "parent_header": {},
        "metadata": {},
        "content": {"code": code, "silent": False, "allow_stdin": False},
    }


def last_line(folder, tmp_path, monkeypatch, capsys):
    """Return the last line the demo prints for a platform's folder."""
    monkeypatch.setenv("ORBITAL_HOME", str(folder))
    summary = Summary("sample sky", simulated=True)
    summary.light_curve = {"object": "GRB", "points": {}}
    _print(summary, tmp_path / "demo")
    monkeypatch.delenv("ORBITAL_HOME")
    return capsys.readouterr().out.splitlines()[-1]


def test_the_demos_last_line_opens_jupyterlab_on_its_data(
    demo_folder, shell, tmp_path, monkeypatch, capsys
):
    line = last_line(demo_folder, tmp_path, monkeypatch, capsys)

    with server(line, shell, tmp_path / "jupyter.log") as jupyter:
        landed = jupyter.ask("GET", "/")
        settings = jupyter.ask("GET", f"/lab/api/settings/{NOTIFICATIONS}").json()
        contents = jupyter.ask("GET", "/api/contents").json()["content"]
        printed = jupyter.run(TABLES)

    assert f"{demo_folder} {connect(demo_folder).tables()}" == printed.strip()
    assert f"/lab/tree/{lab.FIRST}" == landed.geturl().rstrip("?")
    assert lab.FIRST in {entry["name"] for entry in contents}
    defaults = settings["schema"]["properties"]
    assert "false" == defaults["fetchNews"]["default"]
    assert {} == settings["settings"]


def test_settings_of_the_user_take_precedence(demo_folder, shell, tmp_path):
    settings_folder = tmp_path / "settings" / "@jupyterlab" / "apputils-extension"
    settings_folder.mkdir(parents=True)
    text = '{"fetchNews": "true"}'
    (settings_folder / "notification.jupyterlab-settings").write_text(text)
    line = shlex.join(
        [sys.executable, "-m", "orbital_kernel", "lab", "--data", str(demo_folder)]
    )

    with server(line, shell, tmp_path / "jupyter.log") as jupyter:
        settings = jupyter.ask("GET", f"/lab/api/settings/{NOTIFICATIONS}").json()

    assert {"fetchNews": "true"} == settings["settings"]
    assert text == (settings_folder / "notification.jupyterlab-settings").read_text()


def test_the_line_has_absolute_paths_and_quotes_them(tmp_path, monkeypatch):
    script = tmp_path / "bin" / "orbital"
    script.parent.mkdir()
    script.touch()
    monkeypatch.setattr(sys, "argv", ["bin/orbital", "demo"])
    monkeypatch.chdir(tmp_path)

    words = shlex.split(lab.shell_line(tmp_path / "a b"))

    assert [str(script), "lab", "--data", str(tmp_path / "a b")] == words


def test_an_option_of_the_caller_replaces_ours():
    command = lab.command(("--ServerApp.root_dir=/mine", "--no-browser"))

    assert ["--ServerApp.root_dir=/mine"] == [w for w in command if "root_dir" in w]
    assert any(word.startswith("--LabApp.default_url=") for word in command)


def test_on_a_cluster_the_line_names_no_folder():
    assert lab.shell_line(None).endswith(" lab")


def test_paths_of_settings_that_are_set_remain():
    environment = lab.environment({"JUPYTER_CONFIG_PATH": "/etc/mine"}, lab.SETTINGS)

    assert f"/etc/mine{os.pathsep}{lab.SETTINGS}" == environment["JUPYTER_CONFIG_PATH"]


def test_the_first_notebook_exists():
    assert (reports.NOTEBOOKS / lab.FIRST).is_file()
