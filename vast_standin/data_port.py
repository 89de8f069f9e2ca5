"""The application behind the data port: one signature check, then database, then S3.

Tabular and query-engine calls are offered to the database first; what it does not
know is S3.  Object uploads are streamed and go to S3 alone; every other body is small,
read whole and checked against its signed hash before anyone sees it.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, cast

from vast_standin import __version__, s3, sigv2
from vast_standin.access import Guard, ReadableObjects, secret_of, user_of
from vast_standin.faults import Faults
from vast_standin.form import is_form, read_form
from vast_standin.hosts import hint, path_style
from vast_standin.http import ProtocolError, Request, Response
from vast_standin.meters import Client
from vast_standin.payload import open_payload, read_checked
from vast_standin.post_policy import verify_policy
from vast_standin.s3.call import Buckets, Call, split_path
from vast_standin.s3.documents import HOST_ID, make_error
from vast_standin.s3.errors import elements
from vast_standin.s3.form_calls import headers_of
from vast_standin.s3.objects import ObjectStore
from vast_standin.s3.parameters import HARMLESS
from vast_standin.sigv4 import Verified, verify, without_signature
from vast_standin.trace import Trace
from vast_standin.vms.cluster import Cluster

SERVER = "vast 5.5.0.1"
BODY_LIMIT = 6 * 1024 * 1024
_ROWS = frozenset({"data", "rows", "vastdb-data"})
_UPLOAD_QUERY = frozenset({"uploadId", "partNumber", "x-id"})

Tabular = Callable[[Request, ReadableObjects], Response | None]


@dataclass
class DataPort:
    """The data port of one cluster."""

    cluster: Cluster
    objects: ObjectStore
    buckets: Buckets
    tabular: Tabular
    faults: Faults
    skew: timedelta = timedelta(minutes=15)
    name: str = field(default="data", init=False)

    def answer(self, request: Request, trace: Trace) -> Response:
        """Verify, authorise, answer."""
        addressed = path_style(request)
        if is_form(addressed) and not split_path(addressed.path)[1]:
            return self._posted(addressed, trace)
        proof, request = self._proof(request)
        user = user_of(self.cluster, proof.access_key)
        trace.user = str(user["name"])
        guard = Guard(self.cluster, user, trace.peer, proof.access_key)
        guard.check_request(request)
        self.faults.before(request)
        trace.mark("auth")
        trailers: dict[str, str] = {}
        if is_upload(request):
            body, length, trailers = open_payload(request, proof)
            response = None
        else:
            data, trailers = read_checked(request, proof, BODY_LIMIT)
            body, length = io.BytesIO(data), len(data)
            request = replace(request, body=body, content_length=length)
            trace.mark("body")
            response = self.tabular(request, ReadableObjects(self.objects, guard))
        if response is None:
            call = Call(
                request,
                trace.user,
                body,
                length,
                trailers,
                self.objects,
                self.buckets,
                guard.check,
            )
            response = s3.handle(call)
        return self.faults.after(request, response)

    def _proof(self, request: Request) -> tuple[Verified, Request]:
        """Verify a signature; the request is given less what its URL adds for that."""

        def secret(key: str) -> str | None:
            return secret_of(self.cluster, key)

        now = datetime.now(UTC)
        addressed = path_style(request)
        if sigv2.signs(request):
            proof = sigv2.verify(addressed, secret, now=now)
            return proof, sigv2.without_signature(addressed)
        # Version 4 signs the path as sent, version 2 with the bucket in it.
        proof = verify(request, secret, now=now, skew=self.skew)
        return proof, without_signature(addressed)

    def _posted(self, request: Request, trace: Trace) -> Response:
        """Answer a form: its policy is its signature."""
        unsigned = sorted(
            name
            for name in request.headers
            if name.startswith("x-amz-") and name not in HARMLESS
        )
        if unsigned:
            raise ProtocolError(
                403, "AccessDenied", f"A form signs no headers: {', '.join(unsigned)}"
            )
        bucket = split_path(request.path)[0]
        form = read_form(request)
        policy = verify_policy(
            form.fields,
            bucket,
            lambda key: secret_of(self.cluster, key),
            datetime.now(UTC),
        )
        user = user_of(self.cluster, policy.access_key)
        trace.user = str(user["name"])
        guard = Guard(self.cluster, user, trace.peer, policy.access_key)
        guard.check("s3:PutObject", bucket, form.fields["key"])
        self.faults.before(request)
        call = Call(
            replace(request, headers=headers_of(form.fields)),
            trace.user,
            cast("BinaryIO", form.file),
            request.content_length,
            {},
            self.objects,
            self.buckets,
            guard.check,
            form=form,
            check_size=policy.check_size,
        )
        return self.faults.after(request, s3.handle(call))

    def refuse(
        self, error: ProtocolError, request: Request | None, trace: Trace
    ) -> Response:
        """Return an error as the XML document all clients of this port read."""
        path = request.path if request else ""
        if request and error.code == "NoSuchBucket":
            error.message += hint(request)
        named = elements(error, path_style(request) if request else None)
        error.details = {**named, **error.details}
        return Response(
            error.status,
            {"Content-Type": "application/xml"},
            make_error(error, path, trace.id),
        )

    def sign(self, response: Response, trace: Trace) -> None:
        """Say which protocol is spoken, and that this is a stand-in."""
        response.headers["Server"] = SERVER
        response.headers["x-vast-standin"] = __version__
        response.headers["x-amz-request-id"] = trace.id
        response.headers["x-amz-id-2"] = HOST_ID

    def finished(
        self, request: Request, response: Response, trace: Trace, sizes: tuple[int, int]
    ) -> None:
        """Count a finished request on its bucket's view."""
        request = path_style(request)
        bucket = split_path(request.path)[0] if response.status < 400 else ""
        if bucket:
            writes = request.method not in ("GET", "HEAD")
            client = Client(trace.user, trace.peer, bucket)
            self.cluster.meters.count(
                client,
                writes=writes,
                metadata=not is_data(request),
                sizes=sizes,
                ms=trace.milliseconds,
            )


def is_data(request: Request) -> bool:
    """Return whether a request is for rows or an object's bytes, not for metadata."""
    names = {name for name, _ in request.query if not name.startswith("X-Amz-")}
    names = {name for name in names if not name.startswith("response-")}
    if names & _ROWS:
        return True
    plain = names <= _UPLOAD_QUERY | {"versionId"}
    is_object = bool(split_path(request.path)[1]) and plain
    return is_object and request.method in ("GET", "PUT")


def is_upload(request: Request) -> bool:
    """Return whether a request carries an object's bytes: PUT /bucket/key, or a part."""
    if request.method != "PUT" or "/" not in request.path.strip("/"):
        return False
    names = {name for name, _ in request.query if not name.startswith("X-Amz-")}
    return names <= _UPLOAD_QUERY and "x-amz-copy-source" not in request.headers
