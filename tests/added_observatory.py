"""An observatory that a user adds: its file filled in, and a reader of its format."""

READER = '''
"""Toy counts: a line a bin, met and counts."""
from orbital_kernel.model import times
from orbital_kernel.archives.reading import Reader
from orbital_kernel.archives.rows import rows
from orbital_kernel.model.schema import RATES

RULE = "since 2017-06-03T00:00:00 utc"


def recognises(source):
    return source.head.startswith(b"#nova counts")


def read(source, account):
    account.observatory = "nova"
    lines = source.path.read_text().split("\\n")[1:-1]
    met, counts = zip(*(map(float, line.split()) for line in lines))
    yield rows(
        RATES, len(met), series=source.stem, time=times.to_tt(RULE, met), met_s=met,
        time_rule=RULE, bin_s=1.0, channel=0, rate=counts, counts=counts,
        unit="count / s", kind="raw", instrument="MAIN", file_row=range(len(met)),
    )


READER = Reader("nova-counts", recognises, read, "toy counts")
'''


def fill(path):
    """Fill in the blanks of a scaffold."""
    text = path.read_text().replace("FILL IN: ", "given at length for the test: ")
    text = text.replace("FILL IN", "given").replace("2000-01-01", "2017-06-03")
    text = text.replace('"tt"', '"utc"').replace("00 tt", "00 utc")
    path.write_text(text.replace("readers = []", 'readers = ["nova-counts"]'))
