"""Frames of a schedule: how often snapshots are taken, from when, how long they stay."""

from datetime import UTC, datetime

from vast_standin.vms.fields import bad_request
from vast_standin.vms.standing import seconds_of

_FRAME = frozenset({"every", "start-at", "keep-local", "keep-remote"})


def check_frames(frames: list[dict[str, str]]) -> None:
    """Raise 400 for frames with missing or unknown parts."""
    if not frames:
        raise bad_request("frames: at least one is expected")
    for frame in frames:
        unknown = sorted(set(frame) - _FRAME)
        if unknown or "every" not in frame or "keep-local" not in frame:
            raise bad_request(
                f"frames: every and keep-local are needed, {', '.join(unknown) or 'nothing'}"
                " is unknown; known: " + ", ".join(sorted(_FRAME))
            )
        try:
            seconds_of(frame["every"]), seconds_of(frame["keep-local"])
            start_of(frame)
        except (ValueError, AttributeError) as error:
            raise bad_request(f"frames: {error}") from None


def start_of(frame: dict[str, str]) -> datetime | None:
    """Return when the first snapshot of a frame is due; None if it does not say."""
    text = frame.get("start-at")
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
