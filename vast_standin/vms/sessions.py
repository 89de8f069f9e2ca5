"""JSON web tokens: a manager logs in once, as the vendor's CSI driver and Go client do.

They are signed by a key of this process, so that none outlives it and none is stored.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable

from vast_standin.http import ProtocolError
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record

LOGIN, REFRESH = ("token",), ("token", "refresh")
SECONDS = {"access": 3600, "refresh": 24 * 3600}
_HEADER = {"alg": "HS256", "typ": "JWT"}


class Sessions:
    """Issues tokens to the one manager and recognises them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._key = secrets.token_bytes(32)
        self._clock = clock

    def answer(
        self,
        parts: tuple[str, ...],
        body: Record,
        check: Callable[[str, str], str],
    ) -> Record:
        """Return a pair of tokens for a login or a refresh token; raise 400 or 401.

        `check` returns the manager of a name and a password, or raises 401.
        """
        needed = ("username", "password") if parts == LOGIN else ("refresh",)
        for name in needed:
            if not isinstance(body.get(name), str):
                raise bad_request(f"{name}: This field is required.")
        texts = [str(body[name]) for name in needed]
        user = check(*texts) if parts == LOGIN else self.user_of(texts[0], "refresh")
        return {kind: self._issue(user, kind) for kind in SECONDS}

    def user_of(self, token: str, kind: str = "access") -> str:
        """Return whose token it is; raise 401 for one that is not, or has ended."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._sign(signed).encode(), signature.encode()):
            raise _invalid()
        claims = json.loads(_decoded(signed.partition(".")[2]))
        if claims["token_type"] != kind or claims["exp"] <= self._clock():
            raise _invalid()
        return str(claims["username"])

    def _issue(self, user: str, kind: str) -> str:
        claims = {
            "token_type": kind,
            "exp": int(self._clock()) + SECONDS[kind],
            "jti": secrets.token_hex(16),
            "username": user,
        }
        signed = ".".join(
            _encoded(json.dumps(part).encode()) for part in (_HEADER, claims)
        )
        return f"{signed}.{self._sign(signed)}"

    def _sign(self, text: str) -> str:
        return _encoded(hmac.digest(self._key, text.encode(), "sha256"))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _invalid() -> ProtocolError:
    return ProtocolError(401, "Unauthorized", "Token is invalid or expired")
