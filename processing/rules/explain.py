"""The words of a flag's sentence: plain English, numbers with units, no names of people."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from schemas.clock import day_date
from schemas.codes.lists import code_list
from schemas.flag import Band, Certainty

_METRES_IN_KM = 1_000.0

# Classes of actors (code list `actor_type`) with the article that a sentence needs.
_ACTORS: Mapping[str, str] = MappingProxyType(
    {
        "STATE_MILITARY": "state military",
        "STATE_POLICE": "state police",
        "STATE_OTHER": "another state body",
        "ARMED_GROUP": "an armed group",
        "POLITICAL_MILITIA": "a political militia",
        "COMMUNITY_SELF_DEFENCE": "a community self-defence group",
        "BANDITS": "bandits",
        "FOREIGN_FORCES": "foreign forces",
        "PRIVATE_MILITARY": "a private military company",
        "UN_MILITARY": "UN military",
        "UN_POLICE": "UN police",
        "UN_CIVILIAN": "UN civilians",
        "AID_WORKER": "aid workers",
        "CIVILIANS": "civilians",
        "PROTESTERS": "protesters",
        "RIOTERS": "rioters",
        "UNKNOWN_ARMED": "an unknown armed actor",
        "UNKNOWN": "an unknown actor",
    }
)


@lru_cache(maxsize=4_096)
def when(day: int) -> str:
    """Return a day as "16 December 2013"."""
    date = day_date(day)
    return f"{date.day} {date:%B %Y}"


def km(metres: float) -> str:
    """Return a distance as "1.2 km", or "350 m" below one kilometre."""
    if metres < _METRES_IN_KM:
        return f"{round(metres)} m"
    return f"{metres / _METRES_IN_KM:.1f} km"


def count(number: int, one: str, many: str = "") -> str:
    """Return "1 incident" or "3 incidents"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


@lru_cache(maxsize=1_024)
def event_label(event_type: str) -> str:
    """Return the label of an event type, in lower case: "armed clash"."""
    label = code_list("event_type").get(event_type).label_en
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def actor_label(actor_class: str) -> str:
    """Return an actor class as it stands in a sentence: "an armed group"."""
    known = _ACTORS.get(actor_class)
    return known or actor_class.replace("_", " ").lower() or _ACTORS["UNKNOWN"]


def usual(number: float) -> str:
    """Return an expected number: two decimals below one, else one."""
    return f"{number:.2f}" if number < 1 else f"{number:.1f}"


def band_word(band: Band) -> str:
    """Return a band as people say it; LOW is called watch."""
    return "watch" if band is Band.LOW else band.name.lower()


def place_note(certainty: Certainty) -> str:
    """Return what must be said of an uncertain place, "" when it is certain."""
    if certainty is Certainty.CERTAIN:
        return ""
    return " The place is only possibly so near, which lowers the band by one."


def unverified_note(*, unverified: bool) -> str:
    """Return what must be said of weak evidence, "" when it is not weak."""
    return " Unverified: no source reaches the evidence weight of 0.5." if unverified else ""
