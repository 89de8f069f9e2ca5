"""Clones that wait until views are created at their paths."""

from vast_standin.vms.cluster import Cluster
from vast_standin.vms.records import Record

CLONES = "globalsnapstreams"


def waiting_clones(cluster: Cluster, snapshot: object = None) -> list[Record]:
    """Return the clones, of one snapshot or of all, that still wait for views."""
    return [
        clone
        for clone in cluster.records.all(CLONES)
        if clone["_waiting"]
        and (snapshot is None or clone["loanee_snapshot_id"] == snapshot)
    ]
