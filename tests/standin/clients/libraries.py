"""Libraries over S3: obstore, pyarrow, polars, s3fs and minio."""

import io
import tempfile
from importlib.metadata import version
from pathlib import Path

import obstore
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import s3fs
from minio import Minio
from minio.commonconfig import CopySource, Tags
from minio.deleteobjects import DeleteObject
from obstore.store import S3Store
from place import ACCESS, ENDPOINT, HOST, LARGE, REGION, SECRET, SMALL, bucket_of
from pyarrow import fs
from tried import Client, same

FRAME = pl.DataFrame({"n": range(1000), "flux": [n / 7 for n in range(1000)]})

# ── obstore
OBSTORE = Client("obstore", lambda: version("obstore"))


def _store() -> S3Store:
    return S3Store(
        bucket_of("obstore"),
        endpoint=ENDPOINT,
        access_key_id=ACCESS,
        secret_access_key=SECRET,
        region=REGION,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


@OBSTORE.operation("put, get and head")
def _() -> None:
    reply = obstore.put(_store(), "a/small", SMALL)
    same(SMALL, bytes(obstore.get(_store(), "a/small").bytes()))
    same(reply["e_tag"], obstore.head(_store(), "a/small")["e_tag"])


@OBSTORE.operation("put in parts")
def _() -> None:
    obstore.put(_store(), "a/large", io.BytesIO(LARGE), chunk_size=5 << 20)
    same(LARGE, bytes(obstore.get(_store(), "a/large").bytes()))


@OBSTORE.operation("ranges")
def _() -> None:
    parts = obstore.get_ranges(
        _store(), "a/large", starts=[0, 9_000_000], ends=[9, 9_000_009]
    )
    same([LARGE[:9], LARGE[9_000_000:9_000_009]], [bytes(part) for part in parts])


@OBSTORE.operation("stream")
def _() -> None:
    same(
        LARGE,
        b"".join(bytes(part) for part in obstore.get(_store(), "a/large").stream()),
    )


@OBSTORE.operation("list, with and without delimiter")
def _() -> None:
    names = [entry["path"] for page in obstore.list(_store()) for entry in page]
    same(["a/large", "a/small"], sorted(names))
    same(
        ["a"],
        [str(p) for p in obstore.list_with_delimiter(_store())["common_prefixes"]],
    )


@OBSTORE.operation("put only if absent")
def _() -> None:
    try:
        obstore.put(_store(), "a/small", b"other", mode="create")
    except obstore.exceptions.AlreadyExistsError:
        return
    raise AssertionError("it was replaced")


@OBSTORE.operation("put only if unchanged")
def _() -> None:
    first = obstore.put(_store(), "version", b"1")
    obstore.put(_store(), "version", b"2", mode={"e_tag": first["e_tag"]})
    try:
        obstore.put(_store(), "version", b"3", mode={"e_tag": first["e_tag"]})
    except obstore.exceptions.PreconditionError:
        same(b"2", bytes(obstore.get(_store(), "version").bytes()))
        return
    raise AssertionError("it was replaced")


@OBSTORE.operation("copy and rename")
def _() -> None:
    obstore.copy(_store(), "a/small", "copy")
    obstore.rename(_store(), "copy", "renamed")
    same(SMALL, bytes(obstore.get(_store(), "renamed").bytes()))


@OBSTORE.operation("signed address")
def _() -> None:
    from datetime import timedelta  # noqa: PLC0415
    from urllib.request import urlopen  # noqa: PLC0415

    address = obstore.sign(_store(), "GET", "a/small", timedelta(seconds=60))
    with urlopen(address) as reply:
        same(SMALL, reply.read())


@OBSTORE.operation("delete many")
def _() -> None:
    obstore.delete(_store(), ["a/small", "a/large", "renamed", "version"])
    same([], [entry for page in obstore.list(_store()) for entry in page])


# ── pyarrow
PYARROW = Client("pyarrow", lambda: version("pyarrow"))


def _arrow() -> fs.S3FileSystem:
    return fs.S3FileSystem(
        endpoint_override=ENDPOINT,
        access_key=ACCESS,
        secret_key=SECRET,
        region=REGION,
        allow_bucket_creation=True,
        allow_bucket_deletion=True,
    )


@PYARROW.operation("create a bucket")
def _() -> None:
    _arrow().create_dir("clients-pyarrow")
    same(fs.FileType.Directory, _arrow().get_file_info("clients-pyarrow").type)


@PYARROW.operation("write and read streams, several parts")
def _() -> None:
    for name, content in (("small", SMALL), ("large", LARGE)):
        with _arrow().open_output_stream(f"clients-pyarrow/a/{name}") as stream:
            stream.write(content)
        with _arrow().open_input_stream(f"clients-pyarrow/a/{name}") as stream:
            same(content, stream.read())


@PYARROW.operation("read at positions")
def _() -> None:
    with _arrow().open_input_file("clients-pyarrow/a/large") as file:
        same(len(LARGE), file.size())
        same(LARGE[9_000_000:9_000_100], file.read_at(100, 9_000_000))


@PYARROW.operation("list recursively")
def _() -> None:
    entries = _arrow().get_file_info(fs.FileSelector("clients-pyarrow", recursive=True))
    same({"a", "large", "small"}, {entry.base_name for entry in entries})


@PYARROW.operation("copy and move")
def _() -> None:
    _arrow().copy_file("clients-pyarrow/a/small", "clients-pyarrow/copy")
    _arrow().move("clients-pyarrow/copy", "clients-pyarrow/moved")
    same(fs.FileType.NotFound, _arrow().get_file_info("clients-pyarrow/copy").type)
    same(len(SMALL), _arrow().get_file_info("clients-pyarrow/moved").size)


@PYARROW.operation("partitioned Parquet dataset, written and filtered")
def _() -> None:
    table = pa.table({"year": [2004, 2004, 2005], "flux": [1.0, 2.0, 3.0]})
    pq.write_to_dataset(
        table, "clients-pyarrow/ds", partition_cols=["year"], filesystem=_arrow()
    )
    data = ds.dataset("clients-pyarrow/ds", filesystem=_arrow(), partitioning="hive")
    same([3.0], data.to_table(filter=ds.field("year") == 2005)["flux"].to_pylist())


@PYARROW.operation("delete files, folders and the bucket")
def _() -> None:
    _arrow().delete_file("clients-pyarrow/moved")
    _arrow().delete_dir("clients-pyarrow/ds")
    _arrow().delete_dir_contents("clients-pyarrow/a", missing_dir_ok=True)
    _arrow().delete_dir("clients-pyarrow")
    same(fs.FileType.NotFound, _arrow().get_file_info("clients-pyarrow").type)


# ── polars
POLARS = Client("polars", lambda: version("polars"))
OPTIONS = {
    "aws_access_key_id": ACCESS,
    "aws_secret_access_key": SECRET,
    "aws_region": REGION,
    "aws_endpoint_url": ENDPOINT,
    "aws_allow_http": "true",
}


def _address(name: str) -> str:
    return f"s3://{bucket_of('polars')}/{name}"


@POLARS.operation("write and read Parquet")
def _() -> None:
    FRAME.write_parquet(_address("a.parquet"), storage_options=OPTIONS)
    same(
        True,
        FRAME.equals(pl.read_parquet(_address("a.parquet"), storage_options=OPTIONS)),
    )


@POLARS.operation("scan Parquet with a filter")
def _() -> None:
    frame = pl.scan_parquet(_address("a.parquet"), storage_options=OPTIONS)
    same(10, frame.filter(pl.col("n") < 10).select("flux").collect().height)


@POLARS.operation("sink Parquet, and scan many by a pattern")
def _() -> None:
    FRAME.lazy().sink_parquet(_address("b.parquet"), storage_options=OPTIONS)
    frame = pl.scan_parquet(_address("*.parquet"), storage_options=OPTIONS)
    same(2000, frame.select(pl.len()).collect().item())


@POLARS.operation("CSV and IPC")
def _() -> None:
    FRAME.write_csv(_address("a.csv"), storage_options=OPTIONS)
    FRAME.write_ipc(_address("a.arrow"), storage_options=OPTIONS)
    same(1000, pl.scan_csv(_address("a.csv"), storage_options=OPTIONS).collect().height)
    same(
        1000, pl.scan_ipc(_address("a.arrow"), storage_options=OPTIONS).collect().height
    )


@POLARS.operation("partitions, scanned with a filter")
def _() -> None:
    frame = FRAME.with_columns(half=pl.col("n") // 500)
    frame.write_parquet(
        _address("parts/"), partition_by="half", storage_options=OPTIONS
    )
    parts = pl.scan_parquet(
        _address("parts/**/*.parquet"), storage_options=OPTIONS, hive_partitioning=True
    )
    same(500, parts.filter(pl.col("half") == 1).collect().height)


# ── s3fs
S3FS = Client("s3fs", lambda: version("s3fs"))


def _s3fs() -> s3fs.S3FileSystem:
    return s3fs.S3FileSystem(
        key=ACCESS, secret=SECRET, endpoint_url=ENDPOINT, use_listings_cache=False
    )


@S3FS.operation("pipe, cat and info")
def _() -> None:
    place = bucket_of("s3fs")
    _s3fs().pipe(f"{place}/a/small", SMALL)
    same(SMALL, _s3fs().cat(f"{place}/a/small"))
    same(len(SMALL), _s3fs().info(f"{place}/a/small")["size"])


@S3FS.operation("open for writing in parts, seek and read")
def _() -> None:
    with _s3fs().open("clients-s3fs/a/large", "wb", block_size=5 << 20) as file:
        file.write(LARGE)
    with _s3fs().open("clients-s3fs/a/large", "rb") as file:
        file.seek(7_000_000)
        same(LARGE[7_000_000:7_000_100], file.read(100))


@S3FS.operation("ls, find, glob and du")
def _() -> None:
    same(2, len(_s3fs().ls("clients-s3fs/a")))
    same(["clients-s3fs/a/small"], _s3fs().glob("clients-s3fs/*/s*"))
    same(len(SMALL) + len(LARGE), _s3fs().du("clients-s3fs"))


@S3FS.operation("put and get files")
def _() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(LARGE)
        _s3fs().put(str(path), "clients-s3fs/file")
        _s3fs().get("clients-s3fs/file", f"{path}.back")
        same(LARGE, Path(f"{path}.back").read_bytes())


@S3FS.operation("copy, move, metadata and tags")
def _() -> None:
    _s3fs().copy("clients-s3fs/a/small", "clients-s3fs/copy")
    _s3fs().mv("clients-s3fs/copy", "clients-s3fs/moved")
    _s3fs().setxattr(
        "clients-s3fs/moved", copy_kwargs={"ContentType": "text/plain"}, band="x"
    )
    same("x", _s3fs().getxattr("clients-s3fs/moved", "band"))
    _s3fs().put_tags("clients-s3fs/moved", {"kind": "test"})
    same({"kind": "test"}, _s3fs().get_tags("clients-s3fs/moved"))


@S3FS.operation("remove recursively")
def _() -> None:
    _s3fs().rm("clients-s3fs", recursive=True)
    same(False, _s3fs().exists("clients-s3fs/a/small"))


# ── minio
MINIO = Client("minio-py", lambda: version("minio"))


def _minio() -> Minio:
    return Minio(
        HOST, access_key=ACCESS, secret_key=SECRET, secure=False, region=REGION
    )


@MINIO.operation("make, find and list buckets")
def _() -> None:
    if not _minio().bucket_exists("clients-minio"):
        _minio().make_bucket("clients-minio")
    same(True, "clients-minio" in {bucket.name for bucket in _minio().list_buckets()})


@MINIO.operation("put, in parts of unknown size too, and get")
def _() -> None:
    _minio().put_object("clients-minio", "small", io.BytesIO(SMALL), len(SMALL))
    _minio().put_object(
        "clients-minio", "large", io.BytesIO(LARGE), -1, part_size=5 << 20
    )
    for name, content in (("small", SMALL), ("large", LARGE)):
        with _minio().get_object("clients-minio", name) as reply:
            same(content, reply.read())


@MINIO.operation("stat, ranges and metadata")
def _() -> None:
    _minio().put_object(
        "clients-minio", "meta", io.BytesIO(SMALL), len(SMALL), metadata={"a": "b"}
    )
    same("b", _minio().stat_object("clients-minio", "meta").metadata["x-amz-meta-a"])
    with _minio().get_object("clients-minio", "large", offset=5, length=7) as reply:
        same(LARGE[5:12], reply.read())


@MINIO.operation("list, copy and compose")
def _() -> None:
    _minio().copy_object("clients-minio", "copy", CopySource("clients-minio", "small"))
    names = {entry.object_name for entry in _minio().list_objects("clients-minio")}
    same({"copy", "large", "meta", "small"}, names)


@MINIO.operation("tags and signed addresses")
def _() -> None:
    from urllib.request import urlopen  # noqa: PLC0415

    tags = Tags.new_object_tags()
    tags["kind"] = "test"
    _minio().set_object_tags("clients-minio", "small", tags)
    same({"kind": "test"}, dict(_minio().get_object_tags("clients-minio", "small")))
    with urlopen(_minio().presigned_get_object("clients-minio", "small")) as reply:
        same(SMALL, reply.read())


@MINIO.operation("remove many, and the bucket")
def _() -> None:
    names = [
        DeleteObject(entry.object_name)
        for entry in _minio().list_objects("clients-minio")
    ]
    same([], list(_minio().remove_objects("clients-minio", names)))
    _minio().remove_bucket("clients-minio")


ALL = (OBSTORE, PYARROW, POLARS, S3FS, MINIO)
