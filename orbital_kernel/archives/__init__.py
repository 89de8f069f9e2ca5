"""Outside formats → Arrow tables of schema.py; one format a file.

A reader knows one format, not one file: `recognises` looks at the name and the first
bytes, `read` yields batches of rows for the tables it fills and notes what it left out
and why. Readers touch no store, no network and no clock. Batches are lazy, so a file of
any size needs the memory of one batch; an ArchiveError midway means nothing is kept.
"""
