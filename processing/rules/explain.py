"""The words of a flag's sentence: plain English, numbers with units, no names of people."""

from __future__ import annotations

from schemas.clock import day_date
from schemas.codes.lists import code_list
from schemas.flag import Band, Certainty

_METRES_IN_KM = 1_000.0


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


def event_label(event_type: str) -> str:
    """Return the label of an event type, in lower case: "armed clash"."""
    label = code_list("event_type").get(event_type).label_en
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def actor_label(actor_class: str) -> str:
    """Return an actor class in words: "armed group"."""
    if actor_class in {"", "UNKNOWN"}:
        return "an unknown actor"
    words = actor_class.replace("_", " ").lower()
    return words.replace("un ", "UN ", 1) if words.startswith("un ") else words


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
