"""The process: one owner per folder, clean ends, crashes that lose nothing, loopback only."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from tabular import BUCKET, connect, make_table


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "vast_standin", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_second_process_is_refused_and_ends_with_1(fresh_standin):
    first = fresh_standin()

    second = run("--data", str(first.data))

    assert 1 == second.returncode
    assert str(first.process.pid) in second.stderr
    assert first.s3().list_buckets()["Buckets"] == []


def test_sigterm_ends_cleanly_and_the_folder_opens_again(fresh_standin):
    standin = fresh_standin()
    standin.s3().create_bucket(Bucket="kept")
    keys = standin.credentials

    assert 0 == standin.stop()
    assert not (standin.data / "standin.json").exists()

    standin.start()
    assert keys == standin.credentials
    assert ["kept"] == [b["Name"] for b in standin.s3().list_buckets()["Buckets"]]
    assert ["/kept"] == [view["path"] for view in standin.vms().views.get()]


def test_a_crash_loses_nothing_that_was_acknowledged(fresh_standin):
    standin = fresh_standin()
    s3 = standin.s3()
    s3.create_bucket(Bucket="kept")
    policy = standin.vms().viewpolicies.get(name="default")[0]["id"]
    for number in range(20):
        s3.put_object(Bucket="kept", Key=f"k{number}", Body=bytes([number]) * 100)
    standin.vms().views.post(path="/v", policy_id=policy, create_dir=True)
    (standin.data / "objects" / "data" / "00").mkdir(exist_ok=True)
    orphan = standin.data / "objects" / "data" / "00" / "00half-written"
    orphan.write_bytes(b"x" * 1000)

    standin.kill()
    standin.start()

    s3 = standin.s3()
    for number in range(20):
        got = s3.get_object(Bucket="kept", Key=f"k{number}")["Body"].read()
        assert bytes([number]) * 100 == got
    assert {"/kept", "/v"} == {view["path"] for view in standin.vms().views.get()}
    assert not orphan.exists()


def test_the_note_says_where_and_holds_no_secret(fresh_standin):
    standin = fresh_standin()
    path = standin.data / "standin.json"

    keys = {"pid", "endpoint", "vms_address", "version", "started", "warnings"}
    assert keys == set(standin.note)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert standin.secret not in path.read_text()
    assert standin.password not in path.read_text()


def test_other_addresses_need_a_word():
    refused = run("--data", "/nowhere", "--host", "0.0.0.0")

    assert 2 == refused.returncode
    assert "--listen-on-network" in refused.stderr


def test_a_port_in_use_is_reported_in_one_sentence(fresh_standin, tmp_path):
    port = fresh_standin().endpoint.rpartition(":")[2]

    refused = run("--data", str(tmp_path / "second"), "--port", port)

    assert 1 == refused.returncode
    assert "Traceback" not in refused.stderr


def test_it_leaves_pandas_where_it_is(fresh_standin):
    standin = fresh_standin()
    session = connect(standin)
    with session.transaction() as tx:
        tx.bucket(BUCKET).create_schema("s")
    make_table(session, "s", pa.table({"n": [1]}))

    mapped = Path(f"/proc/{standin.process.pid}/maps").read_text()

    assert "/pyarrow/" in mapped
    assert "/pandas/" not in mapped


def test_tls_on_the_data_port_is_verified_by_clients(fresh_standin):
    standin = fresh_standin("--tls")
    s3 = boto3.client(
        "s3",
        endpoint_url=standin.endpoint,
        aws_access_key_id=standin.access,
        aws_secret_access_key=standin.secret,
        region_name="us-east-1",
        verify=standin.cert_file,
    )
    s3.create_bucket(Bucket="safe")
    s3.put_object(Bucket="safe", Key="k", Body=b"x" * 3_000_000)

    assert standin.endpoint.startswith("https://")
    assert 3_000_000 == len(s3.get_object(Bucket="safe", Key="k")["Body"].read())
    s3.close()


def test_every_request_is_one_line_of_the_access_log(fresh_standin):
    standin = fresh_standin()
    s3 = standin.s3()
    s3.create_bucket(Bucket="logged")
    s3.put_object(Bucket="logged", Key="k", Body=b"12345")
    with pytest.raises(s3.exceptions.ClientError):
        s3.get_object(Bucket="logged", Key="none")
    standin.stop()

    lines = (standin.data / "access.log").read_text().splitlines()
    entries = [json.loads(line) for line in lines]

    assert ["PUT", "PUT", "GET"] == [entry["method"] for entry in entries]
    assert [200, 200, 404] == [entry["status"] for entry in entries]
    assert 5 == entries[1]["bytes_in"]
    assert "standin" == entries[1]["user"]
    assert {"auth", "answer", "send"} <= set(entries[1]["stages_ms"])
    assert entries[2]["error"].startswith("NoSuchKey")
