"""The command line: help that teaches, exit codes, JSON and nothing else on stdout."""

import json
import os
import shlex
import subprocess
import sys

import click
import polars as pl
import pytest
from click.testing import CliRunner

from orbital_kernel.__main__ import COMMANDS, cli


def commands(command=cli, path=()):
    """Yield (words, command) of every command and group."""
    context = click.Context(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))
    yield path, command


EVERY = {" ".join(path): command for path, command in commands()}


def run(*arguments, home=None, **environment):
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VMS_"))}
    if home:
        outer["ORBITAL_HOME"] = str(home)
    command = [sys.executable, "-m", "orbital_kernel", *map(str, arguments)]
    return subprocess.run(
        command,
        env={**outer, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_answers_without_importing_the_science_stack():
    code = (
        "import sys; from orbital_kernel.__main__ import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'vastdb', 'polars', 'astropy', 'pyarrow'} & set(sys.modules)))"
    )

    out = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert "[]" == out.splitlines()[-1]
    assert all(name in out for name in COMMANDS)


def test_commands_import_the_science_stack_only_when_they_run():
    code = (
        "import sys; from importlib import import_module\n"
        "from orbital_kernel.__main__ import COMMANDS\n"
        "for name in {module for module, _ in COMMANDS.values()}:\n"
        "    import_module(f'orbital_kernel.commands.{name}')\n"
        "print(sorted({'vastdb', 'polars', 'astropy', 'numpy'} & set(sys.modules)))"
    )

    assert "[]\n" == subprocess.check_output([sys.executable, "-c", code], text=True)


@pytest.mark.parametrize("command", EVERY)
def test_every_command_has_help_with_an_example(command):
    ended = CliRunner().invoke(cli, [*command.split(), "--help"])

    assert 0 == ended.exit_code
    assert f"Example: orbital {command}".strip() in " ".join(ended.output.split())


@pytest.mark.parametrize("command", EVERY)
def test_every_command_and_option_has_a_text(command):
    options = [p for p in EVERY[command].params if isinstance(p, click.Option)]

    assert EVERY[command].help
    assert [] == [option.name for option in options if not option.help]


def test_the_list_of_commands_has_a_text_for_each():
    listed = CliRunner().invoke(cli, ["--help"]).output

    assert all(f"{name} " in listed and text for name, (_, text) in COMMANDS.items())


@pytest.mark.parametrize("command", [name for name in EVERY if name])
def test_an_example_is_a_valid_command_line(command):
    example = EVERY[command].epilog.partition("Example: ")[2].partition("; ")[0]
    words = shlex.split(example.partition(" && ")[0])

    assert ["orbital", *command.split()] == words[: 1 + len(command.split())]
    assert "" == wrong_usage(cli, words[1:])


def test_a_wrong_command_line_would_be_seen_in_an_example():
    assert "Missing option '--ra'" in wrong_usage(cli, ["query", "cone", "t"])
    assert "--fly" in wrong_usage(cli, ["query", "place", "--fly"])


def wrong_usage(command, words):
    """Return what the usage of a command line is wrong in; '' for a valid one."""
    try:
        with command.make_context(command.name, list(words)) as context:
            if isinstance(command, click.Group) and context._protected_args:
                inner = [*context._protected_args, *context.args]
                _, subcommand, remainder = command.resolve_command(context, inner)
                return wrong_usage(subcommand, remainder)
    except click.BadParameter as error:
        missing_file = "does not exist" in error.message  # files of an example
        return "" if missing_file else error.format_message()
    except click.UsageError as error:
        return error.format_message()
    return ""


@pytest.mark.parametrize(
    "arguments", [["fly"], ["query", "cone"], ["ingest"], ["up", "--port", "x"]]
)
def test_wrong_usage_is_exit_2(arguments):
    assert 2 == run(*arguments).returncode


def test_a_failure_is_one_sentence_on_stderr_and_exit_1(home, orbital):
    ended = run(
        "query", "cone", "swift.nope", "--ra", 1, "--dec", 2, "--radius", 3, home=home
    )

    assert 1 == ended.returncode
    assert "" == ended.stdout
    assert ended.stderr.startswith("orbital: unknown table 'swift.nope'")
    assert "Traceback" not in ended.stderr


def test_status_has_the_keys_that_scripts_read(home, orbital, tmp_path):
    running = json.loads(run("status", "--json", home=home).stdout)
    none = run("status", "--json", home=tmp_path)
    stopped = json.loads(none.stdout)

    keys = {"running", "healthy", "endpoint", "vms_address", "data_dir", "version"}
    assert keys <= running.keys()
    assert running["running"]
    assert running["healthy"]
    assert orbital.settings.endpoint == running["endpoint"]
    assert not stopped["running"]
    assert 1 == none.returncode


def test_status_ignores_the_vendors_variables(home, orbital):
    ended = run("status", "--json", home=home, AWS_S3_ENDPOINT_URL="http://elsewhere")

    assert orbital.settings.endpoint == json.loads(ended.stdout)["endpoint"]


def test_exec_and_env_lead_the_vendors_client_here(home, orbital):
    code = (
        "import os, vastdb; s = vastdb.connect()\n"
        "with s.transaction() as tx: print(tx.bucket('orbital').name, os.environ['VMS_USER'])"
    )

    ended = run("exec", "--", sys.executable, "-c", code, home=home)
    exported = run("env", home=home).stdout

    assert f"orbital {orbital.settings.vms_user}" == ended.stdout.strip(), ended.stderr
    assert f"export AWS_S3_ENDPOINT_URL={orbital.settings.endpoint}" in exported
    assert 3 == run("exec", "--", sys.executable, "-c", "exit(3)", home=home).returncode


def test_provision_finds_nothing_left_to_change(home, orbital):
    plan = json.loads(run("provision", "plan", "--json", home=home).stdout)
    drift = run("provision", "drift", "--json", home=home)

    assert [] == plan["changes"]
    assert 0 == drift.returncode


def test_ingest_reports_every_file_and_exits_with_1_if_any_is_refused(
    home, stocked, sample, tmp_path
):
    (tmp_path / "bad.fits").write_text("not a FITS file")
    good = run("ingest", sample.archive, "--json", home=home)
    bad = run("ingest", tmp_path, "--json", home=home)

    files = json.loads(good.stdout)["files"]
    assert 0 == good.returncode, good.stderr
    assert {"unchanged"} == {file["state"] for file in files}
    assert {"path", "format", "observatory", "state", "rows", "reason"} <= files[
        0
    ].keys()
    assert 1 == bad.returncode
    assert "refused" == json.loads(bad.stdout)["files"][0]["state"]


def test_query_cone_prints_rows_and_how_it_was_answered(home, stocked):
    ended = run(
        "query",
        "cone",
        "chandra.sources",
        "--ra",
        0,
        "--dec",
        -1,
        "--radius",
        30,
        "--json",
        home=home,
    )

    answer = json.loads(ended.stdout)
    keys = {"pushed", "residual", "rows_read", "rows_stored", "milliseconds"}
    assert keys <= answer["explain"].keys()
    assert 0 < len(answer["rows"]) < answer["explain"]["rows_stored"]


def test_query_objects_prints_pairs_and_how_it_was_answered(home, stocked):
    ended = run(
        *("query", "objects", "swift", "chandra", "--within-arcmin", 20),
        *("--within-days", 4000, "--json"),
        home=home,
    )

    answer = json.loads(ended.stdout)
    expected = stocked.objects_observed_by(
        "swift", "chandra", within_arcmin=20, within_days=4000
    )
    assert len(expected) == len(answer["rows"]) > 0
    assert "separation <= 20.0 arcmin" in answer["explain"]["residual"]
    assert answer["explain"]["rows_read"] <= answer["explain"]["rows_stored"]


def test_bursts_scan_names_the_sample_bursts(home, stocked, sample):
    ended = run("bursts", "scan", sample.archive, "--json", home=home)

    bursts = json.loads(ended.stdout)["bursts"]
    keys = {
        "file",
        "time_utc",
        "met_s",
        "significance",
        "timescale_s",
        "t90_s",
        "cause",
        "matches",
    }
    assert keys <= bursts[0].keys()
    truth = sample.tables["bursts"].filter(
        pl.col("listed") & pl.col("file").ne_missing("")
    )
    named = {m["name"] for b in bursts if b["cause"] == "burst" for m in b["matches"]}
    assert set(truth["name"]) <= named


def test_doctor_lists_its_checks(home, orbital):
    ended = run("doctor", "--json", home=home)

    checks = {check["check"]: check["ok"] for check in json.loads(ended.stdout)}
    assert {
        "python",
        "packages",
        "disk",
        "database",
        "tables",
        "storage",
        "sql",
    } == checks.keys()
    assert checks["database"]


def test_doctor_prints_how_to_install_what_only_sql_needs(home, orbital, tmp_path):
    nowhere = str(tmp_path / "driver.so")

    ended = run("doctor", home=home, ORBITAL_SQL_DRIVER=nowhere)

    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("absent")]
    assert "-m pip install" in line
    assert nowhere in line
    assert "make " not in ended.stdout
