"""Who took part, as fusing compares it: tokens of named parties and their types.

Victims, witnesses and responders say nothing of who did it, so they are left out.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from schemas.report import Actor

BYSTANDER_ROLES = frozenset({"VICTIM", "WITNESS_GROUP", "RESPONDER"})

# "Armed men" may be anybody who is armed: it names no type that could contradict another.
UNKNOWN_TYPES = frozenset({"UNKNOWN", "UNKNOWN_ARMED"})

# Six tokens of this length still fit into the key of an incident (`incidents.actor_key`).
_TOKEN_LENGTH = 60

_NOT_ALNUM = re.compile(r"[^a-z0-9]+")


def tokens(actors: Sequence[Actor]) -> tuple[str, ...]:
    """Return the sorted tokens of the named parties; empty when nobody is named."""
    if not actors:
        return ()
    if len(actors) == 1:
        name = _token(actors[0])
        return (name,) if name else ()
    return tuple(sorted({_token(actor) for actor in actors} - {""}))


def types(actors: Sequence[Actor]) -> tuple[str, ...]:
    """Return the sorted type codes of the parties, UNKNOWN left out."""
    if not actors:
        return ()
    found = {actor.type for actor in actors if actor.role not in BYSTANDER_ROLES}
    found.discard("UNKNOWN")
    return tuple(sorted(found))


def _token(actor: Actor) -> str:
    if actor.role in BYSTANDER_ROLES:
        return ""
    return token(actor.actor_id or actor.name or "")


@lru_cache(maxsize=16_384)
def token(name: str) -> str:
    """Return the slug of a catalogue id or a name as reported: lowercase ASCII and "-".

    Accents are dropped. A name in another script keeps its identity as a short hash; one without
    a letter or digit is no name.
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    slug = _NOT_ALNUM.sub("-", plain.encode("ascii", "ignore").decode()).strip("-")
    if slug or not any(map(str.isalnum, plain)):
        return slug[:_TOKEN_LENGTH].rstrip("-")
    return "x-" + hashlib.sha256(plain.encode()).hexdigest()[:16]


def contradict(
    tokens_a: tuple[str, ...],
    types_a: tuple[str, ...],
    tokens_b: tuple[str, ...],
    types_b: tuple[str, ...],
) -> bool:
    """Say whether two reports cannot speak of the same parties.

    Named on both sides: neither set of names holds the other. Else, likewise with the types that
    are known on both sides.
    """
    if tokens_a and tokens_b:
        return tokens_a != tokens_b and not _is_nested(frozenset(tokens_a), frozenset(tokens_b))
    if not types_a or not types_b or types_a == types_b:
        return False
    known_a, known_b = frozenset(types_a) - UNKNOWN_TYPES, frozenset(types_b) - UNKNOWN_TYPES
    return bool(known_a and known_b) and not _is_nested(known_a, known_b)


def _is_nested(a: frozenset[str], b: frozenset[str]) -> bool:
    return a <= b or b <= a
