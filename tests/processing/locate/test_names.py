from __future__ import annotations

from datetime import date

import pytest

from processing.locate.layers import LayerSet, day_number
from processing.locate.names import PlaceNames, fold_name
from schemas.layer import Feature, LayerKind
from tests.processing.locate.scenes import DAY, point


def found(name: str, *features: Feature, day: int = DAY) -> str | None:
    feature = PlaceNames(LayerSet.of(features)).find(name, day=day)
    return None if feature is None else feature.feature_id


@pytest.mark.parametrize("typed", ["Léré", "LERE", " léré ", "le\u0301re\u0301", "Lére", "lere."])
def test_case_accents_and_punctuation_do_not_count(typed: str) -> None:
    assert fold_name(typed) == "lere"
    assert found(typed, point("a", 30, 5, name="Léré")) == "a"


def test_words_stay_apart() -> None:
    assert fold_name("Kajo-Keji") == fold_name("kajo  keji") != fold_name("Kajokeji")


@pytest.mark.parametrize("blank", ["", "  ", "...", "-"])
def test_no_name_finds_nothing(blank: str) -> None:
    assert found(blank, point("a", 30, 5, name=blank or "x")) is None


def test_a_name_that_two_towns_share_stays_unresolved() -> None:
    assert found("Ayod", point("a", 30, 5, name="Ayod"), point("b", 31, 5, name="ayod")) is None


def test_a_town_comes_before_the_base_that_bears_its_name() -> None:
    town = point("town", 30, 5, name="Bor")
    base = point("base", 30.1, 5, name="Bor", layer=LayerKind.UN_BASE)
    assert found("bor", base, town) == "town"
    assert found("bor", base) == "base"


def test_only_places_of_that_day_count() -> None:
    closed = point("old", 30, 5, name="Pibor", valid=(None, date(2013, 1, 1)))
    opened = point("new", 30.2, 5, name="Pibor", valid=(date(2013, 1, 1), None))
    change = day_number(date(2013, 1, 1))
    assert found("Pibor", closed, opened, day=change - 1) == "old"
    assert found("Pibor", closed, opened, day=change) == "new"
