"""GCN's notices as they are sent, over Kafka: the only importer of gcn_kafka.

A thin seam: messages out, positions committed on request. Who reads them decides what a
message means. Source: gcn.nasa.gov/docs/client; names of topics gcn.nasa.gov/notices.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orbital_kernel.errors import ArchiveError, ConfigError

ID_VARIABLE, SECRET_VARIABLE = "GCN_CLIENT_ID", "GCN_CLIENT_SECRET"
TOPICS = (
    "gcn.notices.swift.bat.guano",
    "gcn.classic.voevent.SWIFT_BAT_GRB_POS_ACK",
    "gcn.classic.voevent.SWIFT_BAT_GRB_POS_NACK",
    "gcn.classic.voevent.SWIFT_XRT_POSITION",
)
"""What is listened to by default: Swift's bursts and their follow-up."""

GROUP = "orbital"
SESSION_S = 45.0


@dataclass(frozen=True)
class Message:
    """One message; `content` is None for a tombstone, which takes back a key."""

    topic: str
    partition: int
    offset: int
    content: bytes | None


class Topics:
    """A subscription that remembers, under a group's name, how far it has read."""

    def __init__(
        self,
        names: Sequence[str] = TOPICS,
        *,
        group: str = GROUP,
        from_start: bool = False,
        broker: str | None = None,
        session_s: float = SESSION_S,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Sign in with GCN_CLIENT_ID and GCN_CLIENT_SECRET, and subscribe.

        A new group begins with what comes now, or `from_start` with what GCN still
        keeps. `broker` (HOST:PORT) is one that asks for no sign-in, instead of GCN's;
        after `session_s` of silence it gives this one's part to others of the group.
        Raises ConfigError without the variables or without the extra.
        """
        self.missing: dict[str, str] = {}
        self._kafka, consumer = _libraries()
        config: dict[str, Any] = {
            "group.id": group,
            "auto.offset.reset": "earliest" if from_start else "latest",
            "enable.auto.commit": False,
            "session.timeout.ms": round(1e3 * session_s),
        }
        config |= _access(broker, environment)
        self._consumer = consumer(config=config)
        self._consumer.subscribe(list(names))

    def read(self, most: int = 100, *, wait_s: float = 1.0) -> list[Message]:
        """Return what has come, waiting up to `wait_s` for the first.

        Topics that do not exist, or may not be read, are noted in `missing`. Raises
        ArchiveError if the broker refuses permanently.
        """
        messages = []
        for message in self._consumer.consume(most, wait_s):
            error = message.error()
            if error is None:
                content = message.value()
                messages.append(
                    Message(
                        message.topic(), message.partition(), message.offset(), content
                    )
                )
            else:
                self._note(message.topic(), error)
        return messages

    def commit(self, messages: Sequence[Message]) -> None:
        """Remember these as done: a restart goes on behind them."""
        last: dict[tuple[str, int], int] = {}
        for message in messages:
            place = message.topic, message.partition
            last[place] = max(last.get(place, -1), message.offset)
        offsets = [
            self._kafka.TopicPartition(topic, partition, offset + 1)
            for (topic, partition), offset in last.items()
        ]
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except self._kafka.KafkaException as error:
            raise ArchiveError(
                f"the broker did not remember how far was read: {error}; what was read "
                "is stored and will be known when it comes again"
            ) from error

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _note(self, topic: str | None, error: Any) -> None:
        code = self._kafka.KafkaError
        if error.code() in (
            code.UNKNOWN_TOPIC_OR_PART,
            code.TOPIC_AUTHORIZATION_FAILED,
        ):
            self.missing[topic or "?"] = error.str()
        elif error.fatal() or error.code() in (
            code._AUTHENTICATION,  # noqa: SLF001 the library's own name
            code.SASL_AUTHENTICATION_FAILED,
            code.GROUP_AUTHORIZATION_FAILED,
        ):
            raise ArchiveError(
                f"GCN's broker refuses: {error.str()}; check {ID_VARIABLE} and "
                f"{SECRET_VARIABLE} at gcn.nasa.gov/quickstart"
            )


def _access(broker: str | None, environment: Mapping[str, str]) -> dict[str, str]:
    if broker:
        return {"bootstrap.servers": broker, "security.protocol": "plaintext"}
    credentials = [environment.get(name, "") for name in (ID_VARIABLE, SECRET_VARIABLE)]
    if not all(credentials):
        raise ConfigError(
            f"GCN over Kafka needs {ID_VARIABLE} and {SECRET_VARIABLE}: make them at "
            "gcn.nasa.gov/quickstart and set both, or name another broker"
        )
    return {"client_id": credentials[0], "client_secret": credentials[1]}


def _libraries() -> tuple[Any, Any]:
    try:
        import confluent_kafka  # noqa: PLC0415 an optional extra
        from gcn_kafka import Consumer  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "GCN over Kafka needs gcn-kafka: pip install 'orbital[gcn]'"
        ) from error
    return confluent_kafka, Consumer
