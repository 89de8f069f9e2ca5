"""A plan as a table for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

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
                change.resource,
                change.name,
                _fields_text(change),
                Text(change.reason if change.action != "update" else ""),
            )
        parts.append(table)
    parts += [_line("conflict", row, "red") for row in plan.conflicts]
    parts += [_line("kept", row, "cyan") for row in plan.retained]
    parts += [Text(f"note: {note}", style="cyan") for note in plan.notes]
    parts.append(Text(summary(plan)))
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
    return Text(f"{word}: {row.resource} {row.name}: {row.reason}", style=style)


def _fields_text(change: Change) -> Text:
    if change.action == "delete":
        return Text(", ".join(f"{k} {shown(k, v)}" for k, v in change.before.items()))
    if change.action == "update":
        pairs = (
            f"{name}: {shown(name, change.before[name])} → {shown(name, value)}"
            for name, value in change.after.items()
        )
        return Text("\n".join(pairs))
    fields = (
        f"{name}: {shown(name, value)}"
        for name, value in change.after.items()
        if name not in LEFT_OUT
    )
    return Text("\n".join(fields))
