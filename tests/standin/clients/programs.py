"""Programs: awscli, rclone, s3cmd and vastpy-cli."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from place import ACCESS, ENDPOINT, HOST, LARGE, REGION, SECRET, SMALL, bucket_of
from tried import Client, Skipped, same

FOLDER = Path(tempfile.mkdtemp(prefix="clients-"))
SECONDS = 120
BESIDE = Path(sys.executable).parent


def run(*command: str, **variables: str) -> str:
    """Run a program to its end; return what it printed."""
    done = subprocess.run(
        command,
        env={**os.environ, **variables},
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"exit {done.returncode}: {done.stderr[-250:]}{done.stdout[-50:]}"
        )
    return done.stdout


def _program(name: str, option: str) -> str:
    if shutil.which(name) is None:
        raise Skipped(f"{name} is not installed: apt-get install {name}")
    return run(name, option).split("\n")[0].split()[-1].removeprefix("v")


def _files() -> Path:
    """Return a folder of two files, a small and a large one."""
    folder = FOLDER / "files"
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "small").write_bytes(SMALL)
    (folder / "deep" / "large").write_bytes(LARGE)
    return folder


def _same_files(folder: Path) -> None:
    same(SMALL, (folder / "small").read_bytes())
    same(LARGE, (folder / "deep" / "large").read_bytes())


# ── awscli
AWSCLI = Client("awscli", lambda: version("awscli"))


def _aws(*words: str) -> str:
    return run(
        str(BESIDE / "aws"),
        "--endpoint-url",
        ENDPOINT,
        *words,
        AWS_DEFAULT_REGION=REGION,
    )


@AWSCLI.operation("s3 mb and ls")
def _() -> None:
    bucket_of("awscli")
    same(True, "clients-awscli" in _aws("s3", "ls"))


@AWSCLI.operation("s3 cp, in parts too")
def _() -> None:
    for name in ("small", "deep/large"):
        _aws("s3", "cp", str(_files() / name), f"s3://clients-awscli/{name}")
        _aws("s3", "cp", f"s3://clients-awscli/{name}", str(FOLDER / "back"))
        same((_files() / name).read_bytes(), (FOLDER / "back").read_bytes())


@AWSCLI.operation("s3 sync there and back, with delete")
def _() -> None:
    _aws("s3", "sync", str(_files()), "s3://clients-awscli/sync")
    _aws("s3", "sync", "s3://clients-awscli/sync", str(FOLDER / "synced"), "--delete")
    _same_files(FOLDER / "synced")


@AWSCLI.operation("s3 mv and rm")
def _() -> None:
    _aws("s3", "mv", "s3://clients-awscli/small", "s3://clients-awscli/moved")
    same(True, "moved" in _aws("s3", "ls", "s3://clients-awscli/"))
    _aws("s3", "rm", "s3://clients-awscli/sync", "--recursive")
    same(
        ["moved"],
        [
            row.split()[-1]
            for row in _aws(
                "s3", "ls", "--recursive", "s3://clients-awscli/"
            ).splitlines()
            if "deep" not in row
        ],
    )


@AWSCLI.operation("s3api with checksums and conditions")
def _() -> None:
    place = ("--bucket", "clients-awscli", "--key", "sum")
    body = ("--body", str(_files() / "small"))
    reply = json.loads(
        _aws("s3api", "put-object", *place, *body, "--checksum-algorithm", "SHA256")
    )
    head = json.loads(
        _aws("s3api", "head-object", *place, "--checksum-mode", "ENABLED")
    )
    same(reply["ChecksumSHA256"], head["ChecksumSHA256"])
    _aws("s3api", "get-object", *place, "--if-match", head["ETag"], str(FOLDER / "sum"))


@AWSCLI.operation("s3 presign")
def _() -> None:
    from urllib.request import urlopen  # noqa: PLC0415

    with urlopen(_aws("s3", "presign", "s3://clients-awscli/moved").strip()) as reply:
        same(SMALL, reply.read())


@AWSCLI.operation("s3 rb --force")
def _() -> None:
    _aws("s3", "rb", "--force", "s3://clients-awscli")
    same(False, "clients-awscli" in _aws("s3", "ls"))


# ── rclone
RCLONE = Client("rclone", lambda: _program("rclone", "version"))


def _rclone(*words: str) -> str:
    return run(
        "rclone",
        *words,
        RCLONE_CONFIG=str(FOLDER / "rclone.conf"),
        RCLONE_CONFIG_VAST_TYPE="s3",
        RCLONE_CONFIG_VAST_PROVIDER="Other",
        RCLONE_CONFIG_VAST_ENDPOINT=ENDPOINT,
        RCLONE_CONFIG_VAST_ACCESS_KEY_ID=ACCESS,
        RCLONE_CONFIG_VAST_SECRET_ACCESS_KEY=SECRET,
        RCLONE_CONFIG_VAST_REGION=REGION,
        RCLONE_S3_UPLOAD_CUTOFF="5Mi",
    )


@RCLONE.operation("mkdir and lsd")
def _() -> None:
    _rclone("mkdir", "vast:clients-rclone")
    same(True, "clients-rclone" in _rclone("lsd", "vast:"))


@RCLONE.operation("copy there and back, in parts too")
def _() -> None:
    _rclone("copy", str(_files()), "vast:clients-rclone/a")
    _rclone("copy", "vast:clients-rclone/a", str(FOLDER / "rclone"))
    _same_files(FOLDER / "rclone")


@RCLONE.operation("check by checksums")
def _() -> None:
    _rclone("check", "--checksum", str(_files()), "vast:clients-rclone/a")
    _rclone("check", "--download", str(_files()), "vast:clients-rclone/a")


@RCLONE.operation("lsjson, size and cat")
def _() -> None:
    entries = json.loads(
        _rclone("lsjson", "-R", "--files-only", "vast:clients-rclone/a")
    )
    same(
        {"small": len(SMALL), "deep/large": len(LARGE)},
        {e["Path"]: e["Size"] for e in entries},
    )
    same(2, json.loads(_rclone("size", "--json", "vast:clients-rclone"))["count"])
    same(SMALL.decode(), _rclone("cat", "vast:clients-rclone/a/small"))


@RCLONE.operation("sync that deletes")
def _() -> None:
    _rclone("sync", str(_files() / "deep"), "vast:clients-rclone/a")
    same(["large"], _rclone("lsf", "vast:clients-rclone/a").split())


@RCLONE.operation("moveto and copyto on the server")
def _() -> None:
    _rclone("copyto", "vast:clients-rclone/a/large", "vast:clients-rclone/b")
    _rclone("moveto", "vast:clients-rclone/b", "vast:clients-rclone/c")
    same(["a/", "c"], sorted(_rclone("lsf", "vast:clients-rclone").split()))


@RCLONE.operation("rcat, touch, cleanup and purge")
def _() -> None:
    _rclone("touch", "vast:clients-rclone/empty")
    _rclone("cleanup", "vast:clients-rclone")
    _rclone("purge", "vast:clients-rclone")
    same(False, "clients-rclone" in _rclone("lsd", "vast:"))


# ── s3cmd
S3CMD = Client("s3cmd", lambda: _program("s3cmd", "--version"))


def _s3cmd(*words: str) -> str:
    return run(
        "s3cmd",
        "--config=/dev/null",
        f"--host={HOST}",
        f"--host-bucket={HOST}",
        "--no-ssl",
        f"--access_key={ACCESS}",
        f"--secret_key={SECRET}",
        f"--region={REGION}",
        "--no-progress",
        "--multipart-chunk-size-mb=5",
        *words,
    )


@S3CMD.operation("mb and ls")
def _() -> None:
    _s3cmd("mb", "s3://clients-s3cmd")
    same(True, "s3://clients-s3cmd" in _s3cmd("ls"))


@S3CMD.operation("put and get, in parts too")
def _() -> None:
    for name in ("small", "deep/large"):
        _s3cmd("put", str(_files() / name), f"s3://clients-s3cmd/{name}")
        _s3cmd("get", "--force", f"s3://clients-s3cmd/{name}", str(FOLDER / "back"))
        same((_files() / name).read_bytes(), (FOLDER / "back").read_bytes())


@S3CMD.operation("sync there and back")
def _() -> None:
    _s3cmd("sync", f"{_files()}/", "s3://clients-s3cmd/sync/")
    (FOLDER / "s3cmd").mkdir(exist_ok=True)
    _s3cmd("sync", "s3://clients-s3cmd/sync/", f"{FOLDER / 's3cmd'}/")
    _same_files(FOLDER / "s3cmd")


@S3CMD.operation("cp, mv and modify")
def _() -> None:
    _s3cmd("cp", "s3://clients-s3cmd/small", "s3://clients-s3cmd/copy")
    _s3cmd("mv", "s3://clients-s3cmd/copy", "s3://clients-s3cmd/moved")
    _s3cmd("modify", "--add-header=x-amz-meta-band:x", "s3://clients-s3cmd/moved")
    same(True, "band" in _s3cmd("info", "s3://clients-s3cmd/moved"))


@S3CMD.operation("du, info of a bucket and multipart")
def _() -> None:
    expected = 2 * (len(SMALL) + len(LARGE)) + len(SMALL)
    same(expected, int(_s3cmd("du", "s3://clients-s3cmd").split()[0]))
    _s3cmd("info", "s3://clients-s3cmd")
    _s3cmd("multipart", "s3://clients-s3cmd")


@S3CMD.operation("del and rb")
def _() -> None:
    _s3cmd("del", "--recursive", "--force", "s3://clients-s3cmd")
    _s3cmd("rb", "s3://clients-s3cmd")
    same(False, "s3://clients-s3cmd" in _s3cmd("ls"))


# ── vastpy-cli
VASTPY = Client("vastpy-cli", lambda: version("vastpy"))


def _vms(*words: str) -> object:
    text = run(
        str(BESIDE / "vastpy-cli"),
        "--json",
        *words,
        VMS_ADDRESS=os.environ["VMS_ADDRESS"],
        VMS_CERT_FILE=os.environ.get("VMS_CERT_FILE", ""),
    )
    return json.loads(text) if text.strip() else None


@VASTPY.operation("get: clusters, views and quotas")
def _() -> None:
    for resource in ("clusters", "views", "quotas", "viewpolicies", "tenants", "vips"):
        same(True, isinstance(_vms("get", resource), list))


@VASTPY.operation("post, get by name, patch and delete")
def _() -> None:
    policies = _vms("get", "viewpolicies")
    _vms(
        *("post", "views", "path=/clients-vastpy", f"policy_id={policies[0]['id']}"),  # type: ignore[index]
        *("create_dir=true", 'protocols=["NFS"]'),
    )
    (view,) = _vms("get", "views", "path=/clients-vastpy")  # type: ignore[misc]
    same("/clients-vastpy", view["path"])
    _vms("delete", f"views/{view['id']}")
    same([], _vms("get", "views", "path=/clients-vastpy"))


@VASTPY.operation("quotas")
def _() -> None:
    _vms(
        "post",
        "quotas",
        "name=clients",
        "path=/clients-q",
        "hard_limit=1000000",
        "create_dir=true",
    )
    (quota,) = _vms("get", "quotas", "name=clients")  # type: ignore[misc]
    _vms("patch", f"quotas/{quota['id']}", "hard_limit=2000000")
    same(2_000_000, _vms("get", f"quotas/{quota['id']}")["hard_limit"])  # type: ignore[index]
    _vms("delete", f"quotas/{quota['id']}")


ALL = (AWSCLI, RCLONE, S3CMD, VASTPY)
