"""What an operator does: two systems by hand, beside one plan, counted from the plan.

By hand, each resource of each observatory is one change in the management system. The
numbers are those of the session's own observatories, so they change with its files.
"""

from dataclasses import dataclass

from orbital_kernel.session import Orbital


@dataclass(frozen=True)
class Task:
    """One task of an operator.

    Parameters
    ----------
    name : str
        What is done.
    by_hand : int
        Changes in the management systems, one for each resource.
    commands : tuple of str
        The commands that do it with Orbital.
    """

    name: str
    by_hand: int
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Steps:
    """Tasks of an operator, shown as a table in a notebook.

    Parameters
    ----------
    tasks : tuple of Task
        Provisioning, growth and one more observatory.
    """

    tasks: tuple[Task, ...]

    def _repr_markdown_(self) -> str:
        rows = (
            f"| {task.name} | {task.by_hand} | {len(task.commands)}: "
            f"{', '.join(f'`{command}`' for command in task.commands)} |"
            for task in self.tasks
        )
        head = "| task | changes by hand | commands with Orbital |\n| --- | --- | --- |"
        return "\n".join((head, *rows))


def operator_steps(orbital: Orbital) -> Steps:
    """Count the steps of an operator by hand and with Orbital.

    Parameters
    ----------
    orbital : Orbital
        The session whose plan is counted.

    Returns
    -------
    Steps
        Provisioning all observatories, growing all quotas, and adding one observatory
        (the largest number of resources that one has).

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_kernel.reports.steps import operator_steps
    >>> [len(task.commands) for task in operator_steps(connect()).tasks]
    [1, 1, 2]
    """
    desired = orbital.storage.desired()
    names = sorted(orbital.storage.observatories)
    of_each = [
        sum(
            resource.name == f"orbital-{name}" or resource.name.startswith(f"{name}.")
            for resource in desired
        )
        for name in names
    ]
    quotas = sum(resource.kind == "quota" for resource in desired)
    return Steps(
        (
            Task(
                f"provision storage and tables of {len(names)} observatories",
                len(desired),
                ("orbital provision apply",),
            ),
            Task(
                f"grow {quotas} quotas before they are full",
                quotas,
                ("orbital quotas --watch 3600",),
            ),
            Task(
                "one more observatory",
                max(of_each),
                ("orbital observatory new NAME", "orbital provision apply"),
            ),
        )
    )
