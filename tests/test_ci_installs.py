"""A new machine: `.ci/run` installs the Debian packages that it lacks, and those only."""

import shutil
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / ".ci" / "run"
PACKAGES = ("chromium", "prometheus")


def installed_by_ci(checkout: Path, found: tuple[str, ...]) -> str:
    """Return the calls of apt-get of a machine that has the commands `found`."""
    commands = checkout / "bin"
    commands.mkdir()
    for name in ("bash", "dirname"):
        (commands / name).symlink_to(shutil.which(name))
    calls = checkout / "calls"
    calls.touch()
    for name in ("apt-get", "make", *found):
        command = commands / name
        command.write_text(f'#!{shutil.which("bash")}\necho {name} "$@" >> {calls}\n')
        command.chmod(0o755)
    (checkout / ".ci").mkdir()
    shutil.copy(RUN, checkout / ".ci")
    subprocess.run(
        ["bash", ".ci/run"], cwd=checkout, env={"PATH": str(commands)}, check=True
    )
    return "\n".join(
        line for line in calls.read_text().splitlines() if line.startswith("apt-get")
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_package_is_installed(tmp_path, package):
    others = tuple(name for name in PACKAGES if name != package)
    assert f" {package}" in installed_by_ci(tmp_path, others)


def test_nothing_is_installed_twice(tmp_path):
    assert not installed_by_ci(tmp_path, PACKAGES)
