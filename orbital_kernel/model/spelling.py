"""One spelling of an object's name: the key by which names are stored and compared.

'GRB130427A', 'grb 130427a' and '130427A' are one burst, 'AT 2019dsg' and 'SN 2019dsg' one
transient, '2CXO J053432.0+220052' and 'J053432.0+220052' one source.
"""

import re
import unicodedata

_SAMPLE = "sim "
_BURST = re.compile(r"^\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[a-z]?$")
"""A burst's date without 'GRB', with or without its letter."""
_TRANSIENT = re.compile(r"^at(?=\d)")
_CHANDRA = re.compile(r"^2cxo(?=j)")


def normalised(name: str) -> str:
    """Return a name without case, blanks, punctuation and prefixes that may be absent.

    Signs remain as '+' only: a minus, of ASCII or Unicode, is dropped with the dashes.
    The prefix 'SIM' of the sample sky is dropped too: some catalogues there lack it.
    """
    folded = unicodedata.normalize("NFKC", name).casefold().strip()
    label = folded.removeprefix(_SAMPLE)
    key = "".join(c for c in label if c.isalnum() or c == "+")
    if _BURST.match(key):
        return f"grb{key}"
    return _CHANDRA.sub("", _TRANSIENT.sub("sn", key))


def beginnings(text: str) -> tuple[str, ...]:
    """Return the keys that a normalised name may begin with if people type this much."""
    key = normalised(text)
    return (key, f"grb{key}") if key.isdigit() else (key,)
