"""The ledger of creations survives late effects and killed runs."""

from dataclasses import replace

from memory_tables import MemoryTables

from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.created import ACTIONS, CreationLedger
from orbital_kernel.storage.provision.resource import Existing, Resource


def test_a_creation_that_took_effect_late_is_not_an_adoption():
    resource = Resource("quota", "one", "default", "/one", {})
    create = Change("create", "quota", "one", {}, {}, "", resource)
    existing = Existing("quota", "one", "default", "/one", 7, {})
    adopted = replace(create, action="update", existing=existing)
    tables = MemoryTables(ACTIONS)
    CreationLedger(tables, writable=True).begin([create])
    for _ in range(2):
        again = CreationLedger(tables, writable=True)
        again.begin([create])
        again.note(adopted)
        again.settle()

    assert ["one"] == [item.name for item in again.created()]
    late = MemoryTables(ACTIONS)
    only = CreationLedger(late, writable=True)
    only.begin([create])
    only.note(adopted)
    only.settle()
    assert () == only.created()


def test_a_creation_of_a_killed_run_is_known_without_its_id():
    resource = Resource("quota", "one", "default", "/one", {})
    create = Change("create", "quota", "one", {}, {}, "", resource)
    ledger = CreationLedger(MemoryTables(ACTIONS), writable=True)
    ledger.begin([create])
    ledger.note(
        replace(create, existing=Existing("quota", "one", "default", "/one", 7, {}))
    )
    ledger.settle()
    first = ledger.created()
    ledger.begin([create])

    assert [7] == [item.id for item in first]
    assert [None] == [item.id for item in ledger.created()]
