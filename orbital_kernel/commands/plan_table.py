"""A plan as a table for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orbital_kernel.commands.terminal import visible
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.conflicts import Conflict
from orbital_kernel.storage.provision.plan import Plan, shown

COLOURS = {"create": "green", "update": "yellow", "delete": "red"}
LEFT_OUT = ("name", "path", "create_dir", "target_exported_dir")


def plan_table(plan: Plan) -> RenderableType:
    """Return the plan as a rich renderable: changes, conflicts, notes, a last line."""
    parts: list[RenderableType] = []
    if plan.changes:
        table = Table("action", "resource", "name", "what", "why", expand=False)
        for change in plan.changes:
            table.add_row(
                Text(change.action, style=COLOURS[change.action]),
                _text(change.resource),
                _text(change.name),
                _text(_fields(change)),
                _text(change.reason if change.action != "update" else ""),
            )
        parts.append(table)
    parts += [_line("conflict", row, "red") for row in plan.conflicts]
    parts += [_line("kept", row, "cyan") for row in plan.retained]
    parts += [_text(f"note: {note}", "cyan") for note in plan.notes]
    parts.append(_text(summary(plan)))
    return Group(*parts)


def summary(plan: Plan) -> str:
    """Return the plan in one line: '3 to create, 1 to update, 28 as they should be'."""
    counts = {
        action: sum(change.action == action for change in plan.changes)
        for action in COLOURS
    }
    parts = [f"{count} to {action}" for action, count in counts.items() if count]
    parts += [f"{len(plan.conflicts)} to decide"] if plan.conflicts else []
    parts += [f"{plan.unchanged} as they should be"] if plan.unchanged else []
    return ", ".join(parts) or "nothing to do"


def _line(word: str, row: Conflict, style: str) -> Text:
    return _text(f"{word}: {row.resource} {row.name}: {row.reason}", style)


def _text(text: str, style: str = "") -> Text:
    """Return a text of a file or a cluster as it is written, without markup or controls."""
    return Text(visible(text), style=style)


def _fields(change: Change) -> str:
    if change.action == "delete":
        return ", ".join(f"{k} {shown(k, v)}" for k, v in change.before.items())
    if change.action == "update":
        pairs = (
            f"{name}: {shown(name, change.before[name])} → {shown(name, value)}"
            for name, value in change.after.items()
        )
        return "\n".join(pairs)
    fields = (
        f"{name}: {shown(name, value)}"
        for name, value in change.after.items()
        if name not in LEFT_OUT
    )
    return "\n".join(fields)
