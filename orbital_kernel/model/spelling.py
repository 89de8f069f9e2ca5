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


def variants(name: str) -> tuple[str, ...]:
    """Return exact spellings under which a table may have a name, itself among them."""
    text = " ".join(unicodedata.normalize("NFKC", name).translate(_SIGNS).split())
    key = normalised(text)
    texts = {name, text, text.upper()}
    for prefix, written in _PREFIXES.items():
        if key.startswith(prefix) and key[len(prefix) : len(prefix) + 1].isdigit():
            tail = key[len(prefix) :]
            tails = (tail, tail.upper()) if prefix == "sn" else (tail.upper(),)
            texts |= {f"{w}{end}" for w in written for end in tails}
    if key.startswith("j") and key[1:2].isdigit():
        base = text.upper()[text.upper().index("J") :]
        texts |= {base, f"2CXO {base}"}
    bare = {t[len(_SAMPLE) :] if t.casefold().startswith(_SAMPLE) else t for t in texts}
    return tuple(sorted(texts | bare | {f"SIM {t}" for t in bare}))


_SIGNS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
_PREFIXES = {"grb": ("GRB ", "GRB", ""), "sn": ("SN ", "SN", "AT ", "AT")}
