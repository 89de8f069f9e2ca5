"""A process that matches tiles: `python -m orbital_kernel.session.matcher`.

It connects by its environment, reads a plan and then tiles as lines of JSON, does each
tile straight from the database into the database, and answers with the tile's counts.
It ends with its input. The same work is done in a worker of Dask by `do_tile`.
"""

import json
import sys
from datetime import datetime
from functools import cache
from typing import Any

from orbital_kernel.database import Store
from orbital_kernel.errors import ConfigError, OrbitalError
from orbital_kernel.questions.matching.task import Plan, Summary, Tile
from orbital_kernel.questions.matching.tile import run_tile
from orbital_kernel.session import connect


def tile_of(document: dict[str, Any]) -> Tile:
    """Return a tile from JSON."""
    ranges = tuple((low, high) for low, high in document["ranges"])
    return Tile(document["low"], document["high"], ranges, document["rows"])


@cache
def _store(database: str, endpoint: str) -> Store:
    """Return this process's connection; ConfigError if it is another platform's."""
    store = connect(database=database).store
    if store.settings.endpoint != endpoint:
        raise ConfigError(
            f"this worker is connected to {store.settings.endpoint}, the match to "
            f"{endpoint}: start the workers with the same environment (`orbital env`)"
        )
    return store


def do_tile(
    head: str, tile: dict[str, Any], now: str, place: dict[str, str]
) -> Summary:
    """Do one tile of a plan, on the platform and in the database that `place` names."""
    store = _store(place["database"], place["endpoint"])
    return run_tile(
        store, Plan.from_json(head), tile_of(tile), datetime.fromisoformat(now)
    )


def main() -> None:
    """Do the tiles of standard input until it ends."""
    head = json.loads(sys.stdin.readline())
    plan, now = Plan.from_json(head["plan"]), datetime.fromisoformat(head["now"])
    store = connect().store
    for line in sys.stdin:
        try:
            reply = run_tile(store, plan, tile_of(json.loads(line)), now)
        except OrbitalError as error:
            reply = {"error": str(error)}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
