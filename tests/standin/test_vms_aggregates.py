"""Sums over the rows of any table, by the management side."""

import json

import pyarrow as pa
import pytest
import vastpy
from tabular import connect


def status(call):
    with pytest.raises(vastpy.RESTFailure) as caught:
        call()
    return caught.value.status


@pytest.fixture
def counted(standin, vms, s3, bucket):
    """Return where a table of counts is, and drop it afterwards."""
    rows = pa.table(
        {
            "at": pa.array([i * 1_000_000 for i in range(6)], pa.timestamp("us")),
            "user": ["ann", "ben", "ann", "cid", None, "ann"],
            "view": ["/a", "/a", "/b", "/b", "/b", "/a"],
            "READS": [1, 2, 4, 8, 16, 32],
            "WRITES": [0.5, 0.5, 0.5, 0.5, 0.5, None],
        }
    )
    session = connect(standin)
    with session.transaction() as tx:
        schema = tx.bucket(bucket).create_schema("s")
        schema.create_table("t", rows.schema).insert(rows)
    yield {"database_name": bucket, "schema_name": "s", "table_name": "t"}
    with session.transaction() as tx:
        schema = tx.bucket(bucket).schema("s")
        schema.table("t").drop()
        schema.drop()


AGGREGATES = {
    "all": ({"metrics": "READS,WRITES"}, {"__all__": {"__all__": [63, 2.5]}}),
    "mean": (
        {"metrics": "READS", "aggregate_function": "avg"},
        {"__all__": {"__all__": [10.5]}},
    ),
    "by user": (
        {"metrics": "READS", "sample_per": "user"},
        {
            "ann": {"__all__": [37]},
            "null": {"__all__": [16]},
            "cid": {"__all__": [8]},
            "ben": {"__all__": [2]},
        },
    ),
    "the first and the others": (
        {
            "metrics": "READS",
            "sample_per": "view",
            "sub_group_by": "user",
            "sub_groups_count": 1,
        },
        {
            "/a": {"ann": [33], "__others__": [2]},
            "/b": {"__others__": [24], "ann": [4]},
        },
    ),
    "top by another": (
        {
            "metrics": "READS",
            "topn_by": "WRITES",
            "sample_per": "view",
            "samples_count": 1,
        },
        {"/b": {"__all__": [28]}, "__others__": {"__all__": [35]}},
    ),
    "by time": (
        {"metrics": "READS", "sample_per": "at", "samples_count": 2},
        {"3__6": {"__all__": [56]}, "0__3": {"__all__": [7]}},
    ),
    "filtered": (
        {
            "metrics": "READS*READS-READS",
            "filters": '{"at": [{"gte": "1000", "lt": "3000"}, {"eq": "5000"}]}',
        },
        {"__all__": {"__all__": [2 + 12 + 992]}},
    ),
    "a sum": (
        {"metrics": "READS+WRITES", "filters": '{"user": "ben"}'},
        {"__all__": {"__all__": [2.5]}},
    ),
    "a filter that is no code": (
        {"metrics": "READS", "filters": json.dumps({"user": "x' OR '1'='1"})},
        {"__all__": {"__all__": []}},
    ),
}


@pytest.mark.parametrize(("query", "sums"), AGGREGATES.values(), ids=AGGREGATES)
def test_a_table_is_summed_up(vms, counted, query, sums):
    answer = vms.vastdbtable.aggregate.get(**counted, **query)

    actual = {
        sample: {group: list(values.values()) for group, values in groups.items()}
        for sample, groups in answer.items()
    }
    assert sums == actual


WRONG = {
    "no such column": {"metrics": "NONE"},
    "text": {"metrics": "user"},
    "no metric": {"metrics": ""},
    "no such function": {"metrics": "READS", "aggregate_function": "max"},
    "no JSON": {"metrics": "READS", "filters": "{"},
    "a strange filter": {"metrics": "READS", "filters": '{"user": {"like": "x"}}'},
    "no number": {"metrics": "READS", "filters": '{"READS": {"gt": "x"}}'},
    "no such sample": {"metrics": "READS", "sample_per": "none"},
    "no samples": {"metrics": "READS", "sample_per": "user", "samples_count": 0},
    "unknown": {"metrics": "READS", "imagined": 1},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG)
def test_a_wrong_question_is_refused(vms, counted, query):
    assert 400 == status(lambda: vms.vastdbtable.aggregate.get(**counted, **query))
