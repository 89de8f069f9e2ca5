"""Run by a Python that has nway: catalogues as JSON on stdin, its posteriors on stdout."""

import json
import sys

import numpy as np
import nwaylib
from nwaylib.logger import NullOutputLogger


def main():
    task = json.load(sys.stdin)
    tables = [
        {
            "name": name,
            "ra": np.array(table["ra"]),
            "dec": np.array(table["dec"]),
            "error": np.array(table["sigma"]),
            "area": task["area_deg2"],
            "mags": [],
            "magnames": [],
            "maghists": [],
        }
        for name, table in task["tables"].items()
    ]
    result = nwaylib.nway_match(
        tables,
        match_radius=task["radius_arcsec"],
        prior_completeness=np.array([1.0, *task["completeness"]]),
        consider_unrelated_associations=False,
        logger=NullOutputLogger(),
    )
    columns = result.reset_index().items()
    json.dump({name: values.tolist() for name, values in columns}, sys.stdout)


main()
