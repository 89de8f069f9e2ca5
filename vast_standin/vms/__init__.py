"""The management side (VMS REST) as vastpy speaks it: JSON over TLS, managers only."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from vast_standin import __version__
from vast_standin.faults import Faults
from vast_standin.http import ProtocolError, Request, Response
from vast_standin.trace import Trace
from vast_standin.vms import loading
from vast_standin.vms.calls import handle
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.copies import Copies
from vast_standin.vms.particular import Answer
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall, parse_body, parse_parts
from vast_standin.vms.senders import check_sender
from vast_standin.vms.sessions import LOGIN, REFRESH, Sessions
from vast_standin.vms.tokens import expiry


class VmsPort:
    """The application behind the management port."""

    name = "vms"

    def __init__(self, cluster: Cluster, faults: Faults) -> None:
        self.cluster = cluster
        self._faults = faults
        self._copies = Copies(cluster)
        self._sessions = Sessions(cluster.clock)

    def answer(self, request: Request, trace: Trace) -> Response:
        """Authenticate, parse and dispatch a request."""
        parts = parse_parts(request.path)
        check_sender(request)
        if parts in (LOGIN, REFRESH) and request.method == "POST":
            return self._logged_in(parts, request)
        manager = self._manager(request.headers.get("authorization", ""))
        trace.user = manager
        trace.mark("auth")
        self._faults.before(request, self.name)
        call = VmsCall(
            method=request.method,
            parts=parts,
            query=request.query,
            body={} if parts == loading.ROUTE else parse_body(request),
            request=request,
            manager=manager,
            tenant=self._tenant(request.headers.get("x-tenant-name")),
        )
        trace.action = f"{call.method} {call.route}"
        status, value = self._handle(call)
        if isinstance(value, Response):
            return value
        if value is None:
            return Response(status)
        return _json(status, value)

    def refuse(
        self, error: ProtocolError, request: Request | None, trace: Trace
    ) -> Response:
        """Return an error as JSON with one text, `detail`."""
        del request
        response = _json(
            error.status,
            {"detail": error.message, "code": error.code, "request_id": trace.id},
        )
        if error.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="vast_standin"'
        return response

    def sign(self, response: Response, trace: Trace) -> None:
        """Say what this is."""
        response.headers["Server"] = f"vast_standin/{__version__}"
        response.headers["x-vast-standin"] = __version__
        response.headers["x-request-id"] = trace.id
        response.headers["Cache-Control"] = "no-store"

    def finished(
        self, request: Request, response: Response, trace: Trace, sizes: tuple[int, int]
    ) -> None:
        """Nothing is counted on this port."""

    def _handle(self, call: VmsCall) -> Answer:
        if call.parts == ("standin_copies",):
            return self._copies.answer(call)
        if call.parts[0] != "standin_faults":
            return handle(self.cluster, call)
        if call.method == "POST":
            return 201, self._faults.add(call.body)
        if call.method == "DELETE":
            self._faults.clear()
            return 204, None
        return 200, self._faults.all()

    def _manager(self, authorization: str) -> str:
        kind, _, encoded = authorization.partition(" ")
        if kind.lower() == "basic":
            return self._by_password(encoded)
        if kind.lower() == "api-token":
            return self._by_token(encoded.strip())
        if kind.lower() == "bearer":
            return self._sessions.user_of(encoded.strip())
        raise _unauthorized("Authentication credentials were not provided.")

    def _by_password(self, coded: str) -> str:
        try:
            user, _, password = (
                base64.b64decode(coded, validate=True).decode().partition(":")
            )
        except ValueError:
            raise _unauthorized("Invalid basic header.") from None
        return self._with_password(user, password)

    def _with_password(self, user: str, password: str) -> str:
        credentials = self.cluster.credentials
        right_user = hmac.compare_digest(user.encode(), credentials.vms_user.encode())
        right_password = hmac.compare_digest(
            password.encode(), credentials.vms_password.encode()
        )
        if not (right_user and right_password):
            raise _unauthorized("Invalid username/password.")
        return user

    def _logged_in(self, parts: tuple[str, ...], request: Request) -> Response:
        """Answer a login, which has no credentials but those of its body."""
        body = parse_body(request)
        return _json(200, self._sessions.answer(parts, body, self._with_password))

    def _by_token(self, token: str) -> str:
        digest = hashlib.sha256(token.encode()).hexdigest()
        for record in self.cluster.records.all("apitokens"):
            if hmac.compare_digest(str(record["_digest"]), digest) and _is_live(record):
                return str(record["owner"])
        raise _unauthorized("Invalid token.")

    def _tenant(self, name: str | None) -> Record | None:
        if name is None:
            return None
        tenant = self.cluster.records.find("tenants", name=name)
        if tenant is None:
            raise ProtocolError(403, "Forbidden", f"there is no tenant {name!r}")
        return tenant


def _is_live(token: Record) -> bool:
    if token.get("revoked"):
        return False
    end = expiry(token)
    return end is None or end > datetime.now(UTC)


def _unauthorized(message: str) -> ProtocolError:
    return ProtocolError(401, "Unauthorized", message)


def _json(status: int, value: object) -> Response:
    return Response(
        status,
        {"Content-Type": "application/json"},
        json.dumps(value, ensure_ascii=False).encode(),
    )
