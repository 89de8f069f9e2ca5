"""Signed policies of HTML forms: who allowed which upload, until when.

Both signature versions: SigV4 (HMAC-SHA256 of the policy by the day's key) and version 2
(HMAC-SHA1 by the secret), which boto3 makes by default.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from vast_standin.digits import whole
from vast_standin.http import ProtocolError
from vast_standin.sigv4 import ALGORITHM, signing_key

_UNCOVERED = frozenset({"policy", "signature", "x-amz-signature", "awsaccesskeyid"})


@dataclass(frozen=True)
class Policy:
    """A verified policy: its signer, and how many bytes the file may have."""

    access_key: str
    smallest: int = 0
    largest: int | None = None

    def check_size(self, size: int) -> None:
        """Raise 400 for a file outside content-length-range."""
        if size < self.smallest:
            raise ProtocolError(
                400,
                "EntityTooSmall",
                f"The file has {size} bytes, the policy asks for {self.smallest}.",
            )
        if self.largest is not None and size > self.largest:
            raise ProtocolError(
                400,
                "EntityTooLarge",
                f"The file has {size} bytes, the policy allows {self.largest}.",
            )


def verify_policy(
    fields: Mapping[str, str],
    bucket: str,
    secret_of: Callable[[str], str | None],
    now: datetime,
) -> Policy:
    """Return the policy that allows a form; raise 403 if it does not, 400 if malformed."""
    access_key = _signer(fields, secret_of)
    document = _document(fields["policy"])
    if now > _moment(document.get("expiration")):
        raise _denied("Policy expired.")
    values = {**fields, "bucket": bucket}
    if fields.get("bucket", bucket) != bucket:
        raise _denied("the form is for another bucket.")
    conditions = document.get("conditions")
    if not isinstance(conditions, list):
        raise _invalid("conditions is not a list")
    covered: set[str] = set()
    smallest, largest = 0, None
    for condition in conditions:
        operator, name, operand = _condition(condition)
        if operator == "content-length-range":
            smallest, largest = _range(name, operand)
            continue
        covered.add(name)
        _check(operator, name, operand, values.get(name, ""))
    extra = sorted(
        name
        for name in values.keys() - covered - _UNCOVERED
        if not name.startswith("x-ignore-")
    )
    if extra:
        raise _denied(f"Extra input fields: {', '.join(extra)}")
    return Policy(access_key, smallest, largest)


def _signer(fields: Mapping[str, str], secret_of: Callable[[str], str | None]) -> str:
    """Return the access key whose secret signed the form."""
    if "policy" not in fields:
        raise ProtocolError(403, "AccessDenied", "Forms need a signed policy.")
    text = fields["policy"].encode()
    if "x-amz-signature" in fields:
        _need(fields, "x-amz-algorithm", "x-amz-credential", "x-amz-date")
        parts = fields["x-amz-credential"].rsplit("/", 4)
        fits = len(parts) == 5 and parts[3:] == ["s3", "aws4_request"]
        if not fits or fields["x-amz-algorithm"] != ALGORITHM:
            raise _argument("x-amz-credential or x-amz-algorithm is malformed")
        if fields["x-amz-date"][:8] != parts[1]:
            raise _argument("the credential's date is not that of x-amz-date")
        secret = _secret(secret_of, parts[0])
        key = signing_key(secret, parts[1], parts[2], parts[3])
        expected = hmac.digest(key, text, "sha256").hex()
        given, access_key = fields["x-amz-signature"], parts[0]
    else:
        _need(fields, "awsaccesskeyid", "signature")
        access_key = fields["awsaccesskeyid"]
        digest = hmac.digest(_secret(secret_of, access_key).encode(), text, "sha1")
        expected, given = base64.b64encode(digest).decode(), fields["signature"]
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise ProtocolError(
            403, "SignatureDoesNotMatch", "The signature of the policy does not fit it."
        )
    return access_key


def _need(fields: Mapping[str, str], *names: str) -> None:
    for name in names:
        if name not in fields:
            raise _argument(f"Bucket POST must contain a field named {name!r}")


def _secret(secret_of: Callable[[str], str | None], access_key: str) -> str:
    secret = secret_of(access_key)
    if secret is None:
        raise ProtocolError(
            403, "InvalidAccessKeyId", "The access key does not exist in our records."
        )
    return secret


def _document(text: str) -> Mapping[str, object]:
    try:
        document = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise _invalid("it is not JSON in base64") from None
    if not isinstance(document, dict):
        raise _invalid("it is not an object")
    return document


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise _invalid("expiration is not a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _condition(condition: object) -> tuple[str, str, object]:
    """Return operator, name and operand of a condition; a range has two operands."""
    if isinstance(condition, dict) and len(condition) == 1:
        ((name, operand),) = condition.items()
        return "eq", str(name).lower(), operand
    if isinstance(condition, list) and len(condition) == 3:
        operator, name, operand = condition
        operator = str(operator).lower()
        if operator == "content-length-range":
            return operator, str(name), operand
        if operator in ("eq", "starts-with") and str(name).startswith("$"):
            return operator, str(name)[1:].lower(), operand
    raise _invalid(f"condition {json.dumps(condition)[:100]} is not of a kind S3 has")


def _range(smallest: str, largest: object) -> tuple[int, int]:
    first, last = whole(smallest), whole(largest)
    if first is None or last is None:
        raise _invalid("content-length-range has no two numbers")
    return first, last


def _check(operator: str, name: str, operand: object, value: str) -> None:
    if not isinstance(operand, str):
        raise _invalid(f"the value of {name} is not a text")
    fits = value == operand if operator == "eq" else value.startswith(operand)
    if not fits:
        raise _denied(
            f"Policy Condition failed: {json.dumps([operator, '$' + name, operand])}"
        )


def _denied(reason: str) -> ProtocolError:
    return ProtocolError(403, "AccessDenied", f"Invalid according to Policy: {reason}")


def _invalid(reason: str) -> ProtocolError:
    return ProtocolError(
        400, "InvalidPolicyDocument", f"The policy cannot be read: {reason}."
    )


def _argument(reason: str) -> ProtocolError:
    return ProtocolError(400, "InvalidArgument", reason)
