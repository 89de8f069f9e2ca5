"""Snapshots of a bucket, listed as folders below `.snapshot/`."""

from xml.sax.saxutils import escape

from vast_standin.digits import whole
from vast_standin.http import Response
from vast_standin.tabular.call import SNAPSHOTS, Call
from vast_standin.tabular.system import CATALOGUE_BUCKET, catalogue_snapshots

_MOST = 1000


def list_snapshots(call: Call) -> Response:
    """List snapshots (SDK `list_snapshots`): S3's XML, with underscores and a marker."""
    parameters = call.parameters
    prefix = parameters.get("prefix", "")
    after = parameters.get("continuation-token", "")
    most = _limit(parameters.get("max_keys", ""))
    if call.segments and call.segments[0] == CATALOGUE_BUCKET:
        names = catalogue_snapshots(call.engine)
    else:
        names = call.engine.snapshots(call.bucket)
    paths = [f"{SNAPSHOTS}/{name}/" for name in names]
    following = [p for p in paths if p.startswith(prefix) and p > after]
    chosen, truncated = following[:most], len(following) > most
    marker = chosen[-1] if truncated else ""
    items = "".join(
        f"<CommonPrefixes><Prefix>{escape(p)}</Prefix></CommonPrefixes>" for p in chosen
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult>'
        f"<IsTruncated>{'true' if truncated else 'false'}</IsTruncated>"
        f"<Marker>{escape(marker)}</Marker>{items}</ListBucketResult>"
    )
    return Response(headers={"Content-Type": "application/xml"}, body=body.encode())


def _limit(text: str) -> int:
    return min(whole(text) or _MOST, _MOST)
