from dataclasses import replace
from datetime import timedelta

from api.feature_cache import FeatureCache
from api.repository.incidents import StoredIncident
from schemas.codec import encode
from schemas.incident import Incident
from tests.api.rows import BOR, NOON, an_incident

NAMES = {BOR: "Bor South"}


def stored(incident: Incident, *, level: int = 0) -> StoredIncident:
    key = (incident.incident_id, incident.revision, NOON, level)
    return StoredIncident(key=key, body=encode(incident))


def test_what_is_kept_is_not_made_again() -> None:
    cache = FeatureCache()
    first = stored(an_incident("root-1"))
    (made,) = cache.newest_first([first], NAMES, version="1")
    broken = replace(first, body=b"not read again")
    assert cache.newest_first([broken], NAMES, version="1") == [made]


def test_another_revision_view_or_layer_is() -> None:
    cache = FeatureCache()
    incident = an_incident("root-1")
    (made,) = cache.newest_first([stored(incident)], NAMES, version="1")
    revised = incident.model_copy(update={"revision": 2, "severity": 5})
    view = incident.model_copy(update={"severity": 1})
    renamed = {BOR: "Bor"}
    others = {
        *cache.newest_first([stored(revised)], NAMES, version="1"),
        *cache.newest_first([stored(view, level=1)], NAMES, version="1"),
        *cache.newest_first([stored(incident)], renamed, version="2"),
    }
    assert len(others | {made}) == 4


def test_keeps_only_so_many() -> None:
    cache = FeatureCache(max_features=1)
    first, second = (stored(an_incident(root)) for root in ("root-1", "root-2"))
    cache.newest_first([first, second], NAMES, version="1")
    again = an_incident("root-1", severity=5)
    (made,) = cache.newest_first([stored(again)], NAMES, version="1")
    assert b'"severity":5' in made


def test_the_newest_comes_first() -> None:
    cache = FeatureCache()
    times = [NOON + timedelta(hours=hours) for hours in (1, 5, 3)]
    given = [stored(an_incident(f"root-{at.hour}", at=at)) for at in times]
    found = cache.newest_first(given, NAMES, version="1")
    assert [raw.index(b"T17:") > 0 for raw in found[:1]] == [True]
    assert b"T15:" in found[1]
    assert b"T13:" in found[2]
