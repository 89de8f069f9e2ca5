"""A real stand-in process, and the vendors' clients that judge it.

With ORBITAL_TEST_CLUSTER=1 the clients go where the vendors' variables point instead;
what needs the stand-in's own process or folder is skipped then.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
import vastpy
from botocore.config import Config

START_SECONDS = 30
CLUSTER = os.environ.get("ORBITAL_TEST_CLUSTER") == "1"


class Clients:
    """The vendors' clients of something that has addresses and keys."""

    def s3(self, access: str = "", secret: str = "", **config):
        """Return a boto3 client that does not retry."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=access or self.access,
            aws_secret_access_key=secret or self.secret,
            region_name="us-east-1",
            config=Config(
                signature_version=config.pop("signature_version", "s3v4"),
                retries={"total_max_attempts": 1, "mode": "standard"},
                s3={"addressing_style": "path"},
                **config,
            ),
        )

    def vms(self, **changes):
        """Return a vastpy client that verifies the certificate."""
        settings = {
            "user": self.user,
            "password": self.password,
            "address": self.vms_address,
            "cert_file": self.cert_file,
        }
        return vastpy.VASTClient(**{**settings, **changes})


@dataclass
class Standin(Clients):
    """One stand-in process on a data folder; can be killed and started again."""

    data: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen | None = None
    note: dict = field(default_factory=dict)

    def start(self) -> "Standin":
        command = [sys.executable, "-m", "vast_standin", "--data", str(self.data)]
        log = self.data.parent / f"{self.data.name}.log"
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                [*command, *self.arguments], stdout=sink, stderr=sink
            )
        self.note = self._awaited(log)
        return self

    def kill(self) -> None:
        """End the process as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def stop(self) -> int:
        """End the process politely and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def _awaited(self, log: Path) -> dict:
        path = self.data / "standin.json"
        for _ in range(START_SECONDS * 100):
            if self.process.poll() is not None:
                raise RuntimeError(f"the stand-in ended: {log.read_text()[-2000:]}")
            # The note of a killed one may go away at any moment.
            with contextlib.suppress(FileNotFoundError):
                note = json.loads(path.read_bytes())
                if note["pid"] == self.process.pid:
                    return note
            time.sleep(0.01)
        raise RuntimeError(f"not listening after {START_SECONDS} s: {log.read_text()}")

    @property
    def endpoint(self) -> str:
        return self.note["endpoint"]

    @property
    def vms_address(self) -> str:
        return self.note["vms_address"]

    @property
    def credentials(self) -> dict:
        return json.loads((self.data / "credentials.json").read_bytes())

    @property
    def access(self) -> str:
        return self.credentials["access_key"]

    @property
    def secret(self) -> str:
        return self.credentials["secret_key"]

    @property
    def user(self) -> str:
        return self.credentials["vms_user"]

    @property
    def password(self) -> str:
        return self.credentials["vms_password"]

    @property
    def cert_file(self) -> str:
        return self.credentials["cert_file"]


class Cluster(Clients):
    """A cluster, or anything else the vendors' variables point to."""

    endpoint = property(lambda _: os.environ["AWS_S3_ENDPOINT_URL"])
    access = property(lambda _: os.environ["AWS_ACCESS_KEY_ID"])
    secret = property(lambda _: os.environ["AWS_SECRET_ACCESS_KEY"])
    vms_address = property(lambda _: os.environ["VMS_ADDRESS"])
    user = property(lambda _: os.environ["VMS_USER"])
    password = property(lambda _: os.environ["VMS_PASSWORD"])
    cert_file = property(lambda _: os.environ.get("VMS_CERT_FILE"))

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        pytest.skip(f"{name} is of the stand-in's own process: a cluster is tested")


@pytest.fixture(scope="session")
def standin(tmp_path_factory):
    """One stand-in for all tests that do not end it; faults can be asked for."""
    if CLUSTER:
        yield Cluster()
        return
    data = tmp_path_factory.mktemp("standin") / "data"
    running = Standin(data, ("--faults",)).start()
    yield running
    running.stop()


@pytest.fixture
def fresh_standin(tmp_path):
    """Make stand-ins of their own folders: call it with further arguments."""
    if CLUSTER:
        pytest.skip("this is about the stand-in's own process: a cluster is tested")
    started = []

    def make(*arguments: str, name: str = "data") -> Standin:
        running = Standin(tmp_path / name, arguments).start()
        started.append(running)
        return running

    yield make
    for running in started:
        if running.process.poll() is None:
            running.kill()


@pytest.fixture(scope="session")
def s3(standin):
    """Return a boto3 client of the shared stand-in; making one takes 0.2 s."""
    client = standin.s3()
    yield client
    client.close()


@pytest.fixture
def vms(standin):
    """Return a vastpy client of the shared stand-in."""
    return standin.vms()


@pytest.fixture
def bucket(s3, request):
    """Return an empty bucket of the test's own, emptied and removed afterwards."""
    name = f"b-{abs(hash(request.node.nodeid)) % 10**12}"
    s3.create_bucket(Bucket=name)
    yield name
    for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
        s3.abort_multipart_upload(
            Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"]
        )
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for entry in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=entry["Key"])
    s3.delete_bucket(Bucket=name)
