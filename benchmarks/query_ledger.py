"""CPU cost of recording queries in the latency ledger."""

import time

import numpy as np

from orbital_kernel import query as planner
from orbital_kernel.query import recording
from orbital_kernel.session import LEDGER


def ledger_cost(orbital, queries):
    """Print the CPU time of the client that ledger rows add to queries.

    Elapsed times vary more with other work on the machine than the ledger costs.
    """

    def cpu(call, times):
        start = time.process_time()
        for _ in range(times):
            call()
        return 1e3 * (time.process_time() - start) / times

    answers = [(query, planner.run(query, orbital.store)) for query in queries]
    question = cpu(lambda: [planner.run(q, orbital.store) for q in queries], 3)
    question /= len(queries)

    def fields():
        return [
            planner.ledger_fields(query, answer.how, kind="cone", who="me")
            for query, answer in answers
        ]

    row_ms = cpu(fields, 10) / len(queries)
    batch = recording.table(fields() * 4)
    writing = np.median(
        [cpu(lambda: orbital.store.insert(LEDGER, batch), 1) for _ in range(8)]
    )
    share = row_ms / question + writing / (1e3 * recording.GATHER_SECONDS)
    print(
        f"\nLedger: a cone takes {question:.1f} ms of CPU and its row {row_ms:.3f} ms; writing "
        f"{len(batch)} rows takes {writing:.1f} ms, every {recording.GATHER_SECONDS:g} s at "
        f"most: {share:.1%} of the CPU of a client that queries without pause.",
        flush=True,
    )
