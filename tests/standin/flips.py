"""A campaign of damage: one bit flipped, or one file cut, in a store that is not running.

    python tests/standin/flips.py [--trials 100] [--seed 0]

A store is built with the vendors' clients: tables sorted, projected, changed and deleted
from, a snapshot, objects small, large and in parts; one copy is stopped, one killed. Each
trial damages one file of a copy, starts it and reads everything. Fine is: the same
answers, or a refused start or an error 500 that names the file. A wrong answer in
silence, an error without the name and a dead process are faults.
"""

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError
from tabular import BUCKET, connect
from vastdb import errors

SCHEMA = "flips"
COLUMNS = pa.schema([("n", pa.int64()), ("flux", pa.float64()), ("name", pa.string())])
PARTS = ("tables", "objects", "vms.sqlite", "mark.json", "store.json", "verified.json")
PART_BYTES = 5 << 20
FAILED = (errors.HttpError, ClientError, BotoCoreError, OSError)


@dataclass
class Outcome:
    """What a damaged store answered: values by what was asked, and all that was said."""

    answers: dict = field(default_factory=dict)
    said: list = field(default_factory=list)
    alive: bool = True


def rows(first, count):
    numbers = np.arange(first, first + count)
    names = [f"source {n}" for n in numbers]
    return pa.table([numbers, np.sqrt(numbers), names], schema=COLUMNS)


def build(standin, *, count=60_000):
    """Fill a store with one of everything."""
    session = connect(standin)
    client = standin.s3()
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).create_schema(SCHEMA)
        schema.create_table("ordered", COLUMNS, sorting_key=["n"])
        schema.create_table("plain", COLUMNS).create_projection("p", ["flux"], ["n"])
    for start in range(0, 3 * count, count):
        with session.transaction() as tx:
            schema = tx.bucket(BUCKET).schema(SCHEMA)
            for name in ("ordered", "plain"):
                schema.table(name).insert(rows(start, count))
    _change(session)
    client.put_object(Bucket=BUCKET, Key="small", Body=b"light curve")
    client.put_object(Bucket=BUCKET, Key="large", Body=np.arange(count * 8).tobytes())
    upload = client.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    whole = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload}
    parts = []
    for number, size in ((1, PART_BYTES), (2, 77_777)):
        body = np.random.default_rng(number).bytes(size)
        tag = client.upload_part(**whole, PartNumber=number, Body=body)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    client.complete_multipart_upload(**whole, MultipartUpload={"Parts": parts})
    source = {"Bucket": BUCKET, "Key": "small"}
    client.copy_object(Bucket=BUCKET, Key="copy", CopySource=source)
    client.close()


def _change(session):
    with session.transaction() as tx:
        table = tx.bucket(BUCKET).schema(SCHEMA).table("plain")
        chosen = table.select(
            columns=["flux"], predicate=table["n"] < 100, internal_row_id=True
        ).read_all()
        place = chosen.schema.get_field_index("flux")
        table.update(chosen.set_column(place, "flux", pa.array([-1.0] * len(chosen))))
        gone = table.select(
            columns=["n"], predicate=table["n"] == 500, internal_row_id=True
        )
        table.delete(gone.read_all().select(["$row_id"]))


def ask(standin):
    """Read everything; keep answers and errors."""
    outcome = Outcome()
    questions = {
        **{
            name: lambda name=name: _table(standin, name)
            for name in ("ordered", "plain")
        },
        "near": lambda: _near(standin),
        "views": lambda: [view["path"] for view in standin.vms().views.get()],
        "objects": lambda: _objects(standin),
    }
    for key in ("small", "large", "parts", "copy"):
        questions[key] = lambda key=key: _object(standin, key)
    for name, question in questions.items():
        try:
            outcome.answers[name] = question()
        except FAILED as error:
            outcome.said.append(f"{name}: {error}")
    outcome.alive = standin.process.poll() is None
    if outcome.alive:
        outcome.said += [alarm["alarm_message"] for alarm in standin.vms().alarms.get()]
        outcome.said += standin.note["warnings"]
    return outcome


def _table(standin, name):
    with connect(standin).transaction() as tx:
        table = tx.bucket(BUCKET).schema(SCHEMA).table(name)
        content = table.select().read_all().sort_by("n")
        return content.num_rows, _digest(content)


def _near(standin):
    with connect(standin).transaction() as tx:
        table = tx.bucket(BUCKET).schema(SCHEMA).table("ordered")
        near = (table["n"] >= 70_000) & (table["n"] < 70_010)
        return table.select(predicate=near).read_all().sort_by("n").to_pydict()


def _digest(content):
    names = content["name"].to_pylist()
    numbers = content["n"].to_numpy()
    fluxes = content["flux"].to_numpy()
    return hash((numbers.tobytes(), fluxes.tobytes(), "".join(map(str, names))))


def _objects(standin):
    listing = standin.s3().list_objects_v2(Bucket=BUCKET)["Contents"]
    return [(entry["Key"], entry["Size"], entry["ETag"]) for entry in listing]


def _object(standin, key):
    reply = standin.s3().get_object(Bucket=BUCKET, Key=key)
    return reply["ETag"], hash(reply["Body"].read())


def files_of(data):
    """List the files of a store that hold something."""
    files = []
    for part in PARTS:
        path = data / part
        files += path.rglob("*") if path.is_dir() else [path]
    return sorted(p for p in files if p.is_file() and p.stat().st_size)


def damage(path, dice):
    """Flip a bit of a file, or cut it; say what was done."""
    content = bytearray(path.read_bytes())
    at = dice.randrange(len(content))
    if dice.random() < 0.25:
        path.write_bytes(content[:at])
        return f"cut at {at} of {len(content)}"
    bit = dice.randrange(8)
    content[at] ^= 1 << bit
    path.write_bytes(content)
    return f"bit {bit} of byte {at} of {len(content)} flipped"


def verdict(expected, outcome, name):
    """Return 'harmless', 'reported', or the fault."""
    said = " ".join(outcome.said)
    names = {name, name.removesuffix("-wal").removesuffix("-shm")}
    named = any(part in said for part in names)
    if not outcome.alive:
        return "FAULT: the process ended"
    wrong = [k for k, v in outcome.answers.items() if v != expected[k]]
    unanswered = expected.keys() - outcome.answers.keys()
    if not wrong and not unanswered:
        return "harmless"
    if named:
        return "reported"
    return f"FAULT: wrong {wrong}, unanswered {sorted(unanswered)}: {said[:300]}"


def stores(make, folder, **size):
    """Build the store, stopped and killed; return both with the right answers."""
    standin = make(folder / "stopped")
    build(standin, **size)
    standin.stop()
    killed = folder / "killed"
    shutil.copytree(standin.data, killed, copy_function=shutil.copy2)
    expected = ask(standin.start()).answers
    standin.stop()
    again = make(killed)
    with connect(again).transaction() as tx:
        tx.bucket(BUCKET).create_schema("late")
    again.s3().put_object(Bucket=BUCKET, Key="small", Body=b"light curve")
    again.kill()
    (killed / "standin.json").unlink(missing_ok=True)
    return [standin.data, killed], expected


def trial(make, store, expected, dice, scratch):
    """Damage a file of a copy of a store, and look; returns file, deed and verdict."""
    shutil.copytree(store, scratch, copy_function=shutil.copy2)
    path = dice.choice(files_of(scratch))
    deed = damage(path, dice)
    name = path.relative_to(scratch).as_posix()
    try:
        standin = make(scratch)
    except RuntimeError as error:
        named = path.name.removesuffix("-wal").removesuffix("-shm") in str(error)
        found = "reported" if named else f"FAULT: refused without the name: {error}"
        return name, deed, found
    try:
        outcome = ask(standin)
    finally:
        if standin.process.poll() is None:
            standin.kill()
    return name, deed, verdict(expected, outcome, path.name)


def campaign(make, folder, *, trials, seed, **size):
    """Run trials; returns (file, deed, verdict) of each."""
    dice = random.Random(seed)
    built, expected = stores(make, folder, **size)
    results = []
    for number in range(trials):
        scratch = folder / f"trial-{number}"
        results.append(trial(make, dice.choice(built), expected, dice, scratch))
        shutil.rmtree(scratch, ignore_errors=True)
    return results


def main():
    """Run a campaign; exit code 1 if a fault was found."""
    from conftest import Standin  # noqa: PLC0415  only where this is the program

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flips-") as folder:
        results = campaign(
            lambda data: Standin(data).start(),
            Path(folder),
            trials=given.trials,
            seed=given.seed,
        )
    faults = [result for result in results if result[2].startswith("FAULT")]
    kinds = Counter(
        (Path(name).suffix or "object", found.partition(":")[0])
        for name, _, found in results
    )
    for name, deed, found in faults:
        print(f"{found} ({name}: {deed})")
    for (kind, found), count in sorted(kinds.items()):
        print(f"{kind}: {count} {found}")
    print(
        f"seed {given.seed}: {len(results)} trials in {time.monotonic() - begun:.0f} s, "
        f"{len(faults)} faults"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
