"""Arrow messages in bodies: schemas and single record batches, in and out."""

from collections.abc import Iterable

import pyarrow as pa

from vast_standin.engine.streams import END_OF_STREAM, stream_buffers
from vast_standin.http import Response
from vast_standin.tabular.flat import broken


def read_schema(body: bytes) -> pa.Schema:
    """Read a lone schema message."""
    try:
        schema = pa.ipc.read_schema(pa.py_buffer(body))
        _names(schema)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as err:
        raise broken(f"not an Arrow schema: {err}") from err
    return schema


def read_batch(body: bytes) -> pa.RecordBatch:
    """Read a stream of one record batch, every value of it checked."""
    try:
        with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
            batches = list(stream)
            schema = stream.schema
        _names(schema)
        if len(batches) > 1:
            raise broken("more than one record batch")
        batch = batches[0] if batches else pa.record_batch([[]] * len(schema), schema)
        batch.validate(full=True)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as err:
        raise broken(f"not an Arrow record batch: {err}") from err
    return batch


def _names(fields: Iterable[pa.Field]) -> list[str]:
    """Read every name, nested ones too: Arrow does not check them."""
    return [
        name
        for field in fields
        for name in (field.name, *_names(_children(field.type)))
    ]


def _children(kind: pa.DataType) -> Iterable[pa.Field]:
    return map(kind.field, range(kind.num_fields))


def schema_stream(schema: pa.Schema) -> bytes:
    """Write a stream that holds only a schema."""
    return bytes(schema.serialize()) + END_OF_STREAM


def batch_response(batch: pa.RecordBatch) -> Response:
    """Answer with a stream of one record batch."""
    return Response(body=b"".join(stream_buffers(batch)))
