"""Run the vendor SDK's own suite where the vendors' variables point, against the ledger.

`make conformance` runs all of it on an embedded platform of its own; `--subset` is what
`make test` runs. Against a cluster: set AWS_S3_ENDPOINT_URL and the keys, and name in
ORBITAL_TEST_BUCKET a bucket of which EVERY SCHEMA MAY BE DROPPED, for the suite does.
"""

import argparse
import collections
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
import ledger as ledgers

FOLDER = Path(__file__).parent
NEEDED = ("AWS_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
TIMEOUT_S = 600


def main() -> int:
    """Run and print the result; 0 if it agrees with the ledger, else 1 or 2."""
    given = _parser().parse_args()
    ledger = ledgers.read(ledgers.FILE)
    complaint = _unfit(ledger)
    if complaint:
        print(complaint, file=sys.stderr)
        return 2
    _make_bucket()
    results = _run(given)
    complaints = ledgers.complaints(results["outcomes"], ledger, results["chosen"])
    if not given.files and results["collected"] != ledger.tests:
        complaints.append(f"{results['collected']} tests are there, not {ledger.tests}")
    counts = dict(collections.Counter(results["outcomes"].values()))
    print(
        f"vendor suite: {counts} of {len(results['chosen'])} chosen",
        *complaints,
        sep="\n",
    )
    return 1 if complaints else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subset", action="store_true", help="the quick ones only")
    parser.add_argument(
        "--whole-sleeps", action="store_true", help="wait as long as the vendor does"
    )
    parser.add_argument("files", nargs="*", help="e.g. test_tables.py; default: all")
    return parser


def _unfit(ledger: ledgers.Ledger) -> str:
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        return f"set {', '.join(missing)} first, or use `make conformance`"
    installed = importlib.metadata.version("vastdb")
    if installed != ledger.version:
        return f"the ledger is about vastdb {ledger.version}, here is {installed}"
    return ""


def _bucket() -> str:
    return os.environ.get("ORBITAL_TEST_BUCKET", "conformance")


def _make_bucket() -> None:
    client = boto3.client(
        "s3",
        endpoint_url=os.environ["AWS_S3_ENDPOINT_URL"],
        region_name=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
    )
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=_bucket())


def _run(given: argparse.Namespace) -> dict[str, object]:
    """Run pytest on the installed suite, in a process and a folder of its own."""
    suite = Path(importlib.util.find_spec("vastdb").origin).parent / "tests"
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.json"
        command = [
            *(sys.executable, "-m", "pytest", "-p", "vendor_suite"),
            *("-c", os.devnull, "--rootdir", str(suite.parent)),
            *("-p", "no:cacheprovider", "-q", "--tb=short"),
            *("--timeout", str(TIMEOUT_S), "--disable-warnings", "--durations=8"),
            *("--tabular-endpoint-url", os.environ["AWS_S3_ENDPOINT_URL"]),
            *("--tabular-bucket-name", _bucket(), "--result", str(result)),
            *(["--subset"] if given.subset else []),
            *(["--whole-sleeps"] if given.whole_sleeps else []),
            *[str(suite / name) for name in given.files or [""]],
        ]
        # Keys go by the environment: they are not for the list of processes.
        subprocess.run(command, cwd=scratch, env=_environment(), check=False)
        return json.loads(result.read_text())


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(FOLDER), os.environ.get("PYTHONPATH", "")))
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
