"""What a batch is told by the short way is what each of its reports would be told for itself."""

from __future__ import annotations

import orjson
import pytest

from ingest.admission import Admitted, Context
from ingest.answers import Told, settle
from ingest.batch import Decision, batch_answer, clean_answer, decide_batch
from ingest.finding import Refused
from ingest.limits import IntakeLimits
from ingest.spool_entry import Appended, Conflict, Duplicate, SpoolVerdict
from tests.ingest.support import CLEAN, GAZETTEER, NODE, NOON, SENDER

CONTEXT = Context(node=NODE, sender=SENDER, received_at=NOON, gazetteer=GAZETTEER)


def decided(*reports: object) -> list[Decision]:
    body = b"\n".join(map(orjson.dumps, reports))
    decisions = decide_batch(body, as_lines=True, context=CONTEXT, limits=IntakeLimits())
    assert not isinstance(decisions, Refused)
    return decisions


def one_by_one(decisions: list[Decision], verdicts: list[SpoolVerdict]) -> bytes:
    answers: list[Told | Refused] = []
    for decision, verdict in zip(decisions, verdicts, strict=True):
        assert isinstance(decision, Admitted)
        answer = settle(decision, verdict, node=NODE)
        assert isinstance(answer, Told | Refused)
        answers.append(answer)
    return batch_answer(answers)


TWO = decided(CLEAN, CLEAN | {"root_id": "bor-2013-0002", "revision": 3})


def test_the_short_answer_says_what_the_long_one_says() -> None:
    verdicts: list[SpoolVerdict] = [Appended(17), Appended(18)]
    answer = clean_answer(TWO, verdicts, node=NODE)
    assert answer == one_by_one(TWO, verdicts)
    assert answer is not None
    receipt = orjson.loads(answer)["items"][1]["receipt"]
    assert receipt["token"] == f"{NODE}:18:{receipt['report_id']}"


@pytest.mark.parametrize("second", [Duplicate(3, b""), Conflict(3)])
def test_what_was_there_already_takes_the_long_way(second: SpoolVerdict) -> None:
    assert clean_answer(TWO, [Appended(17), second], node=NODE) is None


def test_what_was_refused_or_remarked_takes_the_long_way() -> None:
    refused = decided(CLEAN, "no object")
    assert clean_answer(refused, [Appended(17)], node=NODE) is None
    remarked = decided(CLEAN, CLEAN | {"event_type": "NO_SUCH_CODE"})
    assert clean_answer(remarked, [Appended(17), Appended(18)], node=NODE) is None


def test_a_batch_of_refusals_alone_has_an_answer() -> None:
    [refused] = decided("no object")
    assert clean_answer([refused], [], node=NODE) is None
    assert isinstance(refused, Refused)
    assert orjson.loads(batch_answer([refused]))["refused"] == 1
