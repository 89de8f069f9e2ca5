"""Arrow messages in bodies: what Arrow lets pass and Python cannot read is refused."""

import pyarrow as pa
import pytest

from vast_standin.http import ProtocolError
from vast_standin.tabular.wire import read_batch, read_schema

NAME, NOT_TEXT = b"abcdefg", b"abc\x80efg"


@pytest.fixture(
    params=[
        pa.field("abcdefg", pa.int64()),
        pa.field("x", pa.struct([("abcdefg", pa.int64())])),
        pa.field("x", pa.list_(pa.field("abcdefg", pa.int8()))),
    ],
    ids=("column", "struct", "list"),
)
def schema(request):
    return pa.schema([request.param])


def test_a_batch_with_a_name_that_is_no_text_is_refused(schema):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.RecordBatch.from_pylist([], schema))
    body = sink.getvalue().to_pybytes()

    assert read_batch(body).schema == schema
    with pytest.raises(ProtocolError, match="can't decode") as refused:
        read_batch(body.replace(NAME, NOT_TEXT))
    assert refused.value.status == 400


def test_a_schema_with_a_name_that_is_no_text_is_refused(schema):
    body = schema.serialize().to_pybytes()

    assert read_schema(body) == schema
    with pytest.raises(ProtocolError, match="can't decode") as refused:
        read_schema(body.replace(NAME, NOT_TEXT))
    assert refused.value.status == 400
