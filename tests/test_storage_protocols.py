"""The fakes of the tests offer what storage/protocols.py declares, with its parameters."""

import inspect

import pytest
from memory_tables import MemoryTables
from quota_cluster import Cluster, Late
from test_storage_alerts import FakeVms

from orbital_kernel.storage.protocols import Tables, Vms


def methods(offered):
    return {
        name: function
        for name, function in vars(offered).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }


def parameters(function):
    return [
        (parameter.name, parameter.kind)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    ]


@pytest.mark.parametrize(
    ("fake", "protocol"),
    [(MemoryTables, Tables), (FakeVms, Vms), (Cluster, Vms), (Late, Vms)],
)
def test_a_fake_has_the_signatures_of_the_protocol(fake, protocol):
    declared = methods(protocol)
    shared = methods(fake).keys() & declared.keys()

    assert shared
    assert {name: parameters(declared[name]) for name in shared} == {
        name: parameters(methods(fake)[name]) for name in shared
    }


def test_the_tables_in_memory_offer_everything_that_storage_needs():
    assert methods(Tables).keys() <= methods(MemoryTables).keys()
