"""A snapshot is taken once, found again by name, and is usable when it is returned."""

import pytest

from orbital_kernel import embedded
from orbital_kernel.errors import ProvisionError
from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.execute import apply
from orbital_kernel.storage.provision.plan import diff
from orbital_kernel.storage.provision.reading import actual
from orbital_kernel.storage.snapshots import snapshots, take
from orbital_kernel.storage.vms import Vms

DESIRED = desired(observatories().values(), site(), tables=False)


@pytest.fixture(scope="module")
def vms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("snapshots")
    vms = Vms.connect(embedded.ensure(folder))
    apply(diff(DESIRED, actual(vms, DESIRED)), vms).require()
    yield vms
    embedded.stop(folder)


def test_a_snapshot_is_taken_once_however_often_it_is_asked_for(vms):
    first = take(vms, "/orbital", "report-1", keep_s=86400)
    again = take(vms, "/orbital", "report-1", keep_s=86400)

    assert first == again
    assert ["report-1"] == [s.name for s in snapshots(vms, "/orbital") if s == first]


def test_a_snapshot_of_a_neighbour_is_not_ours(vms):
    snapshot = take(vms, "/observatories/swift", "neighbour", keep_s=86400)

    assert "/observatories/swift" == snapshot.path
    assert "neighbour" not in {s.name for s in snapshots(vms, "/orbital")}
    assert () == snapshots(vms, "/observatories")


def test_a_refused_snapshot_has_the_message_of_the_vms(vms):
    with pytest.raises(ProvisionError, match="does not exist"):
        take(vms, "/nowhere", "report-1", keep_s=86400)


def test_schedules_are_part_of_the_plan_and_stay_as_they_are(vms):
    policies = {p["name"]: p for p in vms.listing("protectionpolicies")}

    assert {"orbital", "orbital-swift", "orbital-chandra"} <= set(policies)
    assert diff(DESIRED, actual(vms, DESIRED)).empty
