from __future__ import annotations

import pytest

from ingest.vocabulary import known
from processing.batch.account import is_urgent
from schemas.codec import encode
from schemas.codes import lists
from schemas.log import Record
from tests.processing.building import PARTITION, admitted, report


def lying(**said: object) -> Record:
    return Record(PARTITION, 1, encode(admitted(report("root-1", **said))))


@pytest.mark.parametrize("event_type", sorted(known("event_type")))
def test_a_report_is_urgent_as_the_list_of_event_types_has_it(event_type: str) -> None:
    assert is_urgent(lying(event_type=event_type)) == lists.is_urgent(event_type)


def test_what_a_text_says_does_not_make_a_report_urgent() -> None:
    text = '{"event_type":"UN_ATTACK_BASE"}'
    assert not is_urgent(lying(event_type="NH_FLOOD", text=text))
