"""Importing and calling Orbital changes no setting of the user's Python, and downloads nothing."""

import subprocess
import sys

SETTINGS = """
import logging
import socket
import warnings

import astropy.coordinates
import astropy.io.ascii
import astropy.io.fits
import astropy.io.votable
import astropy.table
import cdshealpix
import mocpy
import numpy as np
import polars
import pyarrow
import requests
from astropy import log
from astropy.utils import data, iers


def settings():
    loggers = logging.Logger.manager.loggerDict
    return {
        "iers": {key: getattr(iers.conf, key) for key in iers.conf},
        "data": {key: getattr(data.conf, key) for key in data.conf},
        "numpy errors": np.geterr(),
        "numpy printing": str(np.get_printoptions()),
        "warnings": [str(entry) for entry in warnings.filters],
        "root logger": (logging.root.level, logging.root.handlers[:]),
        "astropy logger": (log.level, log.handlers[:]),
        "levels": {
            name: logger.level
            for name, logger in loggers.items()
            if isinstance(logger, logging.Logger)
            and logger.level
            and not name.startswith("orbital_kernel")
        },
    }


def assert_unchanged(step):
    after = settings()
    assert before == after, (step, [k for k in after if before[k] != after[k]])


attempts = []


def refused(*arguments, **_options):
    attempts.append(arguments)
    raise OSError("this test has no network")


socket.socket.connect = socket.create_connection = socket.getaddrinfo = refused
iers.conf.auto_download = True
iers.conf.auto_max_age = -20_000
before = settings()
"""
"""With that age astropy holds every table it has for outdated and wants to download."""

IMPORTS = """
import importlib
import pkgutil

for room in ("archives", "model", "sample"):
    package = importlib.import_module("orbital_kernel." + room)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
assert_unchanged("imports")
"""

CALLS = """
from datetime import datetime

from orbital_kernel.archives.otter import _time
from orbital_kernel.model import sky, times
from orbital_kernel.model.observatory import observatories
from orbital_kernel.science.visibility import plan

for rule in times.TIME_RULES:
    times.to_tt(rule, [55000.0])
_time({"date": "2013.5", "date_format": "decimalyear"})
sky.healpix(10, 20)
sky.zone_ranges(1, 2, 3, 4)
plan(10, 20, list(observatories().values()), start=datetime(2024, 1, 1), days=1)
assert_unchanged("calls")
assert [] == attempts, attempts
print("unchanged")
"""

DOWNLOAD = """
from astropy.time import Time

Time(2450000.5, format="jd", scale="tdb").utc
print("attempts" if attempts else "none")
"""


def _printed(*parts: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "".join(parts)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.strip()


def test_imports_and_calls_change_no_setting_and_open_no_connection():
    assert "unchanged" == _printed(SETTINGS, IMPORTS, CALLS)


def test_astropy_alone_would_download_with_these_settings():
    assert "attempts" == _printed(SETTINGS, DOWNLOAD)


def test_threads_that_compute_at_once_restore_the_setting():
    threads = """
import threading

from orbital_kernel.model import times

def convert():
    for start in range(40):
        times.to_tt("mjd-tdb", [50000.0 + start])

workers = [threading.Thread(target=convert) for _ in range(8)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
assert_unchanged("threads")
print("unchanged")
"""
    assert "unchanged" == _printed(SETTINGS, threads)
