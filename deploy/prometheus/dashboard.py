"""Write grafana.json, the dashboard over the metrics of `orbital health` and of the VMS.

    python deploy/prometheus/dashboard.py

Each panel has a title, a unit and its expressions; tests/test_dashboard.py puts every
expression to a real Prometheus.
"""

import json
from pathlib import Path

FILE = Path(__file__).parent / "grafana.json"
STATES = "sum by (state) (orbital_check)"
USE = r'orbital_check_value{check=~"quota .* use"}'
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH, HEIGHT, COLUMNS = 12, 8, 24

# title, kind of panel, unit, ((expression, legend), ...)
PANELS = (
    ("Storage", "stat", "none", (("orbital_health == 1", "{{state}}"),)),
    ("Checks by state", "timeseries", "none", ((STATES, "{{state}}"),)),
    (
        "State of each check",
        "table",
        "none",
        (("orbital_check == 1", "{{check}}: {{state}}"),),
    ),
    ("Quotas in use", "timeseries", "percent", ((USE, "{{check}}"),)),
    (
        "Days until a quota is full, by its trend of six hours (3650 at most)",
        "timeseries",
        "d",
        (
            (
                f"clamp_max((100 - {USE}) / clamp_min(deriv({USE}[6h]), 1e-9) / 86400, 3650)",
                "{{check}}",
            ),
        ),
    ),
    (
        "Quota and its limit",
        "timeseries",
        "decbytes",
        (
            ("vast_quota_used_capacity", "{{name}} used"),
            ("vast_quota_hard_limit", "{{name}} limit"),
        ),
    ),
    (
        "Queries, 99th percentile",
        "timeseries",
        "ms",
        ((r'orbital_check_value{check=~"query .*"}', "{{check}}"),),
    ),
    (
        "Queries, share of their budget",
        "timeseries",
        "percentunit",
        (
            (
                r'orbital_check_value{check=~"query .*"} / on (check) orbital_check_limit{check=~"query .*"}',
                "{{check}}",
            ),
        ),
    ),
    (
        "Time since the last file of an observatory",
        "timeseries",
        "s",
        ((r'orbital_check_value{check=~"ingest .*"}', "{{check}}"),),
    ),
    (
        "Capacity of the cluster",
        "timeseries",
        "decbytes",
        (
            ("vast_cluster_physical_space_in_use", "in use"),
            ("vast_cluster_physical_space", "all"),
        ),
    ),
    (
        "Read and write rate of a view",
        "timeseries",
        "Bps",
        (
            (r'orbital_check_value{check=~"read_bw .*"}', "{{check}}"),
            (r'orbital_check_value{check=~"write_bw .*"}', "{{check}}"),
        ),
    ),
    (
        "Age of what is shown",
        "stat",
        "s",
        (
            ("time() - timestamp(orbital_health == 1)", "orbital"),
            ("time() - timestamp(vast_cluster_online)", "VMS"),
        ),
    ),
)


def dashboard():
    """Return the document that Grafana imports."""
    return {
        "title": "Orbital",
        "uid": "orbital",
        "schemaVersion": 38,
        "tags": ["orbital"],
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [_panel(number, *panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number, title, kind, unit, expressions):
    return {
        "id": number + 1,
        "title": title,
        "type": kind,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "gridPos": {
            "x": number * WIDTH % COLUMNS,
            "y": number * WIDTH // COLUMNS * HEIGHT,
            "w": WIDTH,
            "h": HEIGHT,
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": expression,
                "legendFormat": legend,
                **({"format": "table", "instant": True} if kind == "table" else {}),
            }
            for place, (expression, legend) in enumerate(expressions)
        ],
    }


def text():
    """Return the file."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
