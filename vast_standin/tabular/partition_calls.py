"""Dropping whole partitions."""

import numpy as np

from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call
from vast_standin.tabular.partitions import matching, partition_fields
from vast_standin.tabular.types import mismatch, same_type
from vast_standin.tabular.wire import read_batch


def delete_partitions(call: Call) -> Response:
    """Delete the rows of partitions (SDK `delete_partitions_non_acid`).

    The SDK calls this without a transaction and says it is not atomic; here it is.
    """
    call.refuse_snapshot()
    if not call.flag("tabular-allow-non-acid"):
        raise ProtocolError(
            400, "InvalidArgument", "header tabular-allow-non-acid must be True"
        )
    partitions = read_batch(call.body())
    path, name = call.table_place
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        keys = len(table.definition.partition_keys)
        fields = partition_fields(table.definition)[:keys]
        if not keys or any(f.name not in partitions.schema.names for f in fields):
            raise ProtocolError(
                400, "InvalidArgument", "the batch does not hold the partition key"
            )
        partitions = partitions.select([f.name for f in fields])
        for field, given in zip(fields, partitions.schema, strict=True):
            if not same_type(given.type, field.type):
                raise mismatch(f"{field.name} is of type {field.type}")
        for segment in table.segments:
            hit = matching(table, segment, partitions)
            ids = segment.base.row_ids[np.asarray(hit)]
            transaction.delete(table, np.sort(ids))
    return Response()
