"""Resources that one machine does not have: empty lists, creation refused."""

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.records import Record
from vast_standin.vms.resource import Resource, Rules, resource


class NoneHere(Rules):
    """A resource that cannot be created; the message gives the reason."""

    def __init__(self, why: str) -> None:
        self.why = why

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Refuse with 501."""
        del cluster
        name = record.get("name")
        raise ProtocolError(501, "NotImplemented", f"{name}: {self.why} here")


def _none(name: str, why: str, fields: str, *, filters: str = "name") -> Resource:
    calls = "list get create" if " R" in fields else "list get"
    return resource(name, fields, filters=filters, calls=calls, rules=NoneHere(why))


_HARDWARE = (
    *("ssds", "nvrams", "nics", "nicports", "ports", "switches", "racks"),
    *("fans", "psus", "nis", "cboxes", "dboxes", "eboxes", "dtrays", "carriers"),
    *("cnodegroups", "subnetmanager", "volumes", "blockhosts", "blockmappings"),
    *("encryptiongroups", "encryptedpaths"),
)
_NO_PEER = "there is no other cluster to replicate to"
KINDS = (
    _none(
        "replicationtargets",
        _NO_PEER,
        """
        id int A
        name str RA
        type str RA AWS_S3|CUSTOM_S3
        bucket_name str RA
        access_key str RA
        secret_key str C
        http_protocol str RA http|https
        custom_bucket_url str CA
        aws_region str CA
        """,
        filters="name bucket_name http_protocol custom_bucket_url",
    ),
    _none(
        "nativereplicationremotetargets",
        _NO_PEER,
        """
        id int A
        name str RA
        leading_vip str RA
        pool_id int RA
        """,
        filters="name leading_vip",
    ),
    _none(
        "replicationpolicies",
        _NO_PEER,
        """
        id int A
        name str RA
        replication_target_id int R
        """,
    ),
    _none(
        "replicationstreams",
        _NO_PEER,
        """
        id int A
        name str RA
        """,
    ),
    _none(
        "kafkabrokers",
        "there is no event broker",
        """
        id int A
        name str RA
        addresses [obj] RA
        """,
        filters="",
    ),
    *(_none(name, "", "id int A", filters="") for name in _HARDWARE),
)
