"""Text from outside, such as the name of a file, made fit to be printed: it cannot move the cursor or turn a line."""

import re

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str) -> str:
    r"""Return `text` with control characters, marks of direction and halves of characters written as \n or \u202e."""
    if text.isprintable():  # nearly always, and far sooner known
        return text
    return _UNFIT.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
