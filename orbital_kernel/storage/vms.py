"""The management client: vastpy with time-outs, retries and plain errors.

vastpy offers get, post, patch and delete, without time-out or retry. This module adds
both. After a time-out or a dropped connection the effect of a request is unknown, so a
creation is never repeated blindly: the resource is looked up first.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import urllib3.exceptions
from vastpy import RESTFailure, VASTClient

from orbital_kernel.config import Settings
from orbital_kernel.errors import ProvisionError, connection_reason
from orbital_kernel.storage import authorities
from orbital_kernel.storage.listing import NotOffered, Row, everything
from orbital_kernel.storage.patience import LastAnswer, Patience, TooSlow

LOG = logging.getLogger(__name__)
BUSY = (429, 502, 503, 504)
UNCERTAIN = (
    urllib3.exceptions.HTTPError,
    json.JSONDecodeError,
    OSError,
    TooSlow,
)
ADVICE = {
    400: "the request does not suit this VMS version: compare it with the VMS's own API",
    401: "check VMS_USER and VMS_PASSWORD, or VMS_TOKEN",
    403: "this user may not do that: give it the realm or role it needs",
    404: "list what exists now and plan again",
    409: "somebody else changed it in the meantime: plan again",
    429: "the VMS is busy: try again later",
    503: "the VMS is restarting or overloaded: try again later",
}


class Vms:
    """One VMS: list, create, patch and delete, with patience and plain errors."""

    def __init__(
        self,
        client: VASTClient,
        address: str,
        patience: Patience,
        last_answer: LastAnswer | None = None,
    ) -> None:
        self._client = client
        self.address = address
        self.patience = patience
        self._last_answer = last_answer or LastAnswer(patience.clock)

    @classmethod
    def connect(cls, settings: Settings, *, patience: Patience | None = None) -> Self:
        """Return the VMS of the settings; sends no request.

        Raises ProvisionError if address or credentials are missing, ConfigError if the
        certificates to verify it cannot be read.
        """
        address = settings.vms_address
        if not address or not (settings.vms_token or settings.vms_user):
            raise ProvisionError(
                f"cannot connect to the VMS at {address or 'no address'}: set VMS_ADDRESS, "
                "and VMS_USER with VMS_PASSWORD, or VMS_TOKEN"
            )
        signed = (
            {"token": settings.vms_token}
            if settings.vms_token
            else {"user": settings.vms_user, "password": settings.vms_password or ""}
        )
        trusted = authorities.cert_file(settings)
        if trusted is None:
            LOG.warning("VMS %s: %s", address, authorities.verified_by(settings))
        client = VASTClient(address=address, cert_file=trusted, **signed)
        return cls(client, address, patience or Patience())

    def within(self, seconds: float, *, attempts: int) -> Self:
        """Return the same VMS with one time limit for all its requests together."""
        patience = self.patience.ending_in(seconds, attempts=attempts)
        return type(self)(self._client, self.address, patience, self._last_answer)

    def listing(
        self, resource: str, /, *, paged: bool = False, **filters: Any
    ) -> list[Row]:
        """Return all rows of a resource, from all pages.

        Raises NotOffered if this VMS does not have the resource.
        """

        def page(**params: Any) -> Any:
            return self.request("GET", resource, **filters, **params)

        return everything(page, resource, paged=paged)

    def get(self, resource: str, /, **params: Any) -> Any:
        """Return the answer to a GET."""
        return self.request("GET", resource, **params)

    def owner_of(self, access_key: str) -> str | None:
        """Return the name of the user who owns an S3 access key, None if unknown."""
        for user in self.listing("users", paged=True):
            for key in user.get("access_keys") or ():
                if access_key in (key.get("access_key"), key.get("key")):
                    return str(user["name"])
        return None

    def endpoints(self) -> tuple[str, ...]:
        """Return the addresses at which the nodes serve the database, as 'host:port'.

        The database client reads from all of its data endpoints in parallel.
        """
        vips = self.get("vastdb/vips")
        return tuple(f"{vip['vip']}:{vip['port']}" for vip in vips)

    def create(
        self, resource: str, fields: Mapping[str, Any], find: Callable[[], Row | None]
    ) -> Row:
        """Create a resource and return its row, also if an earlier attempt created it.

        `find` looks the resource up by its identity, before each repetition and after
        the VMS has answered that it exists.
        """
        attempts = 0
        for pause in self._pauses():
            attempts += 1
            if pause and (row := find()):
                return row
            try:
                return self._created(
                    self._once("POST", resource, fields), find, resource
                )
            except RESTFailure as error:
                if error.status in BUSY:
                    last: Exception = error
                    continue
                row = find() if error.status in (400, 409) else None
                if row is None:
                    raise self._refused("POST", resource, error) from error
                return row
            except UNCERTAIN as error:
                self._raise_if_hopeless(error)
                last = error
        row = find()
        if row is None:
            raise self._gave_up("POST", resource, last, attempts) from last
        return row

    def patch(self, resource: str, item: int, fields: Mapping[str, Any]) -> None:
        """Set fields of a resource; repeating the request changes nothing."""
        self.request("PATCH", f"{resource}/{item}", **fields)

    def delete(self, resource: str, item: int) -> None:
        """Delete a resource; it is no error if it does not exist."""
        try:
            self.request("DELETE", f"{resource}/{item}")
        except NotOffered:
            return

    def empty(self, path: str, tenant_id: int | None) -> None:
        """Delete everything in a folder; it is no error if it does not exist."""
        tenant = {} if tenant_id is None else {"tenant_id": tenant_id}
        try:
            self.request("DELETE", "folders/delete_folder", path=path, **tenant)
        except NotOffered:
            return

    def request(self, method: str, path: str, /, **fields: Any) -> Any:
        """Send a request that may be repeated and return the answer.

        Waits for the task that the VMS starts for it. Raises NotOffered on 404, and
        ProvisionError on any other refusal or after the last attempt.
        """
        attempts = 0
        for _ in self._pauses():
            attempts += 1
            try:
                answer = self._once(method, path, fields)
            except RESTFailure as error:
                if error.status == 404:
                    raise NotOffered(_failure_text(method, path, error)) from error
                if error.status not in BUSY:
                    raise self._refused(method, path, error) from error
                last: Exception = error
            except UNCERTAIN as error:
                self._raise_if_hopeless(error)
                last = error
            else:
                if method != "GET" and isinstance(answer, dict):
                    self._finished(answer.get("async_task"))
                return answer
        raise self._gave_up(method, path, last, attempts) from last

    def _once(self, method: str, path: str, fields: Mapping[str, Any]) -> Any:
        target = self._client
        for part in path.split("/"):
            target = target[part]
        send = getattr(target, method.lower())
        try:
            answer = self.patience.within(lambda: send(**fields))
        except RESTFailure:
            self._last_answer.note()
            raise
        self._last_answer.note()
        return answer

    def _pauses(self) -> Iterator[float]:
        yield 0.0
        for pause in self.patience.pauses():
            self.patience.sleep(pause)
            yield pause

    def _created(
        self, answer: Any, find: Callable[[], Row | None], resource: str
    ) -> Row:
        if isinstance(answer, dict) and "async_task" in answer:
            self._finished(answer["async_task"])
        elif isinstance(answer, dict) and "id" in answer:
            return answer
        row = find()
        if row is None:
            raise ProvisionError(
                f"{self.address} accepted a creation in {resource}, but does not list the "
                "result: look at its vtasks, then plan again"
            )
        return row

    def _finished(self, task: Mapping[str, Any] | None) -> None:
        if task is None:
            return
        state = task.get("state", "RUNNING")
        for _ in self._pauses():
            if state != "RUNNING":
                break
            task = self.request("GET", f"vtasks/{task['id']}")
            state = task["state"]
        if state != "COMPLETED":
            raise ProvisionError(
                f"task {task.get('name', task.get('id'))} of {self.address} is {state}: "
                f"{task.get('messages') or 'no message'}; look at its vtasks and plan again"
            )

    def _raise_if_hopeless(self, error: Exception) -> None:
        reason = getattr(error, "reason", error)
        if isinstance(reason, urllib3.exceptions.SSLError):
            raise ProvisionError(
                f"the certificate of {self.address} is not signed by VMS_CERT_FILE, or "
                f"without it by the system's authorities: {reason}; set VMS_CERT_FILE to the "
                "certificate authority of this VMS"
            ) from error

    def _refused(self, method: str, path: str, error: RESTFailure) -> ProvisionError:
        advice = ADVICE.get(error.status, "see the VMS's log")
        return ProvisionError(f"{_failure_text(method, path, error)}; {advice}")

    def _gave_up(
        self, method: str, path: str, error: Exception, attempts: int
    ) -> ProvisionError:
        text = (
            _failure_text(method, path, error)
            if isinstance(error, RESTFailure)
            else f"{method} {path}: {_words(error)}"
        )
        return ProvisionError(
            f"{self.address} did not answer after {attempts} attempts ({text}; "
            f"{self._last_answer}): check that it is up and reachable, then run the same "
            "command again"
        )


def _failure_text(method: str, path: str, error: RESTFailure) -> str:
    text = error.data.decode("utf-8", "replace").strip()[:400]
    return f"{method} {path} was answered {error.status}: {text or 'no reason given'}"


def _words(error: Exception) -> str:
    """Return why a request had no answer, without the client's own names for it."""
    if isinstance(error, TooSlow):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"its answer is not JSON ({error})"
    return connection_reason(error)
