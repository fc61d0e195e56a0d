from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from processing.notify.due import Due, Lane, Result
from processing.notify.slots import AHEAD, AT_ONCE, SLOW_MS, Slots
from processing.notify.verdict import Answer, Verdict
from schemas.delivery import DeliveryState

NOW = datetime(2026, 3, 14, tzinfo=UTC)


def due(endpoint_id: str, alert_id: str) -> Due:
    return Due(
        endpoint_id=endpoint_id,
        alert_id=alert_id,
        seq=1,
        priority=3,
        attempts=0,
        payload=b"{}",
        target=None,
    )


def result(one: Due, *, is_fine: bool = True, took_ms: int = 5, was_sent: bool = True) -> Result:
    state = DeliveryState.DELIVERED if is_fine else DeliveryState.PENDING
    return Result(
        due=one,
        at=NOW,
        answer=Answer(),
        verdict=Verdict(state=state),
        took_ms=took_ms,
        was_sent=was_sent,
    )


def fill(slots: Slots, endpoint_id: str) -> int:
    """Offer many deliveries of one endpoint; return how many are taken."""
    plan = slots.plan()
    offered = [due(endpoint_id, f"alert-{n}") for n in range(300)]
    taken = [one for one in offered if plan.wants(one.lane)]
    for one in taken:
        slots.hold(one)
    return len(taken)


def known(endpoint_id: str, *, is_fine: bool = True, took_ms: int = 5) -> Slots:
    slots = Slots()
    slots.learn(result(due(endpoint_id, "x"), is_fine=is_fine, took_ms=took_ms))
    return slots


class TestRoom:
    def test_of_a_new_endpoint_is_what_it_can_work_on(self) -> None:
        assert fill(Slots(), "new") == AT_ONCE

    def test_of_a_fast_endpoint_has_some_ahead(self) -> None:
        assert fill(known("fast"), "fast") == AHEAD

    def test_of_a_slow_endpoint_has_none_ahead(self) -> None:
        assert fill(known("slow", took_ms=SLOW_MS + 1), "slow") == AT_ONCE

    def test_of_a_failing_endpoint_is_one_probe(self) -> None:
        slots = known("dead", is_fine=False)
        assert fill(slots, "dead") == 1
        assert slots.at_once("dead") == 1

    def test_is_not_judged_by_what_was_never_sent(self) -> None:
        slots = Slots()
        slots.learn(result(due("new", "x"), is_fine=False, was_sent=False))
        assert fill(slots, "new") == AT_ONCE

    def test_comes_back_when_a_delivery_is_marked(self) -> None:
        slots, one = Slots(), due("new", "alert-0")
        fill(slots, "new")
        assert fill(slots, "new") == 0
        slots.free(result(one))
        assert fill(slots, "new") == 1

    def test_is_never_given_twice_to_the_same_alert(self) -> None:
        slots, one = Slots(), due("new", "alert-0")
        slots.hold(one)
        assert not slots.plan().wants(one.lane)

    def test_of_all_failing_endpoints_is_a_quarter_so_that_live_ones_go_on(self) -> None:
        slots = Slots(total=48)
        for number in range(100):
            slots.learn(result(due(f"dead-{number}", "x"), is_fine=False))
        assert sum(fill(slots, f"dead-{number}") for number in range(100)) == 12
        slots.learn(result(due("fast", "x")))
        assert fill(slots, "fast") == AHEAD

    @given(
        lanes=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123456")), max_size=60)
    )
    def test_holds_never_more_than_the_total(self, lanes: list[Lane]) -> None:
        slots = Slots(total=4)
        plan = slots.plan()
        assert sum(plan.wants(lane) for lane in lanes) <= 4
