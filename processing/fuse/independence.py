"""How many sources said it on their own (C.0.4): components, not messages.

Two reports have one source when they come from the same unit, when one names the other's source
or both name a source upstream of them, or when they say the same words within 24 hours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import combinations

from processing.fuse.said import Said

SAME_WORDS = 0.85
SAME_WORDS_WITHIN = timedelta(hours=24)
_SAME_WORDS_WITHIN_US = SAME_WORDS_WITHIN // timedelta(microseconds=1)

# Longer texts are compared by their beginning, so that one report costs a bounded time.
_COMPARED_CHARACTERS = 2_000

_WORD = re.compile(r"\w+")

# What `_WORD` and casefolding make of plain ASCII, by byte: most texts are, and this is quicker.
_ASCII = bytes(
    ord(chr(code).lower()) if _WORD.match(chr(code)) else ord(" ") for code in range(128)
) + bytes(128)


def components(reports: Sequence[Said]) -> list[list[int]]:
    """Group the indices of reports by independent source, in order of their first report."""
    if len(reports) == 1:
        return [[0]]
    parent = list(range(len(reports)))
    first_with: dict[str, int] = {}
    for index, report in enumerate(reports):
        for name in report.sources:
            first = first_with.setdefault(name, index)
            if first != index:
                _join(parent, index, first)
    # Reports that are joined point further down, so all-zero is one group already.
    if any(parent):
        _join_same_words(reports, parent)
    groups: dict[int, list[int]] = {}
    for index in range(len(reports)):
        groups.setdefault(_find(parent, index), []).append(index)
    return list(groups.values())


def similarity(a: str, b: str) -> float:
    """Return how alike two texts are, 0 to 1: Dice's coefficient of their sets of words.

    Case, punctuation and order do not count. A text without words is like no other.
    """
    words_a, words_b = _words(a), _words(b)
    return _dice(words_a, words_b, len(words_a & words_b))


def _dice(a: frozenset[str], b: frozenset[str], shared: int) -> float:
    return 2.0 * shared / (len(a) + len(b)) if shared else 0.0


def _join_same_words(reports: Sequence[Said], parent: list[int]) -> None:
    told = [index for index, one in enumerate(reports) if one.text]
    for a, b in combinations(told, 2):
        if _find(parent, a) != _find(parent, b) and _says_the_same(reports[a], reports[b]):
            _join(parent, a, b)


def _says_the_same(one: Said, other: Said) -> bool:
    if abs(one.start[2] - other.start[2]) > _SAME_WORDS_WITHIN_US:
        return False
    words_a, words_b = _words(one.text), _words(other.text)
    # No more words can be shared than the shorter text has: often that settles it.
    at_most = _dice(words_a, words_b, min(len(words_a), len(words_b)))
    return at_most > SAME_WORDS and _dice(words_a, words_b, len(words_a & words_b)) > SAME_WORDS


@lru_cache(maxsize=4_096)
def _words(text: str) -> frozenset[str]:
    compared = text[:_COMPARED_CHARACTERS]
    if compared.isascii():
        return frozenset(compared.encode("ascii").translate(_ASCII).decode("ascii").split())
    return frozenset(_WORD.findall(compared.casefold()))


def _find(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index


def _join(parent: list[int], a: int, b: int) -> None:
    root_a, root_b = _find(parent, a), _find(parent, b)
    parent[max(root_a, root_b)] = min(root_a, root_b)
