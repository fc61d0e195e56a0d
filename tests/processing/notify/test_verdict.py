import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.notify.verdict import GIVE_UP_AFTER_S, Answer, Attempt, judge, wait_s
from schemas.delivery import DeliveryState

NOW_S = 1_773_466_920.0
ERROR = Answer(error="no answer in time")
jitters = st.floats(0, 1, exclude_max=True)
numbers = st.integers(1, 100)
statuses = st.integers(100, 599)


def attempt(number: int = 1, *, priority: int = 3, age_s: float = 0.0) -> Attempt:
    return Attempt(number=number, priority=priority, first_s=NOW_S - age_s, at_s=NOW_S)


class TestJudge:
    @given(status=st.integers(200, 299), jitter=jitters)
    def test_2xx_is_delivered(self, status: int, jitter: float) -> None:
        verdict = judge(Answer(status=status), attempt(), jitter=jitter)
        assert verdict.state is DeliveryState.DELIVERED

    @given(status=statuses.filter(lambda status: not 200 <= status < 300 and status != 410))
    def test_anything_else_is_tried_again_redirects_too(self, status: int) -> None:
        verdict = judge(Answer(status=status), attempt(), jitter=0.5)
        assert verdict.state is DeliveryState.PENDING
        assert verdict.reason == f"status {status}"

    def test_no_answer_is_tried_again_and_says_why(self) -> None:
        verdict = judge(ERROR, attempt(), jitter=0.0)
        assert verdict.state is DeliveryState.PENDING
        assert verdict.reason == "no answer in time"
        assert verdict.next_attempt_s == NOW_S + 2.5

    def test_410_ends_it_and_disables_the_endpoint(self) -> None:
        verdict = judge(Answer(status=410), attempt(), jitter=0.5)
        assert verdict.state is DeliveryState.FAILED
        assert verdict.disables_endpoint

    @given(number=numbers, jitter=jitters)
    def test_gives_up_when_the_next_attempt_would_be_after_72_hours(
        self, number: int, jitter: float
    ) -> None:
        wait = wait_s(ERROR, attempt(number), jitter=jitter)
        in_time = attempt(number, age_s=GIVE_UP_AFTER_S - wait - 1)
        too_late = attempt(number, age_s=GIVE_UP_AFTER_S - wait + 1)
        assert judge(ERROR, in_time, jitter=jitter).state is DeliveryState.PENDING
        assert judge(ERROR, too_late, jitter=jitter).state is DeliveryState.FAILED

    def test_says_why_it_gave_up(self) -> None:
        verdict = judge(ERROR, attempt(80, age_s=GIVE_UP_AFTER_S), jitter=0.0)
        assert verdict.reason == "given up after 80 attempts in 72 h: no answer in time"

    @given(jitter=jitters)
    def test_makes_its_first_six_attempts_within_four_minutes(self, jitter: float) -> None:
        waits = [wait_s(ERROR, attempt(number), jitter=jitter) for number in range(1, 6)]
        assert sum(waits) <= 230

    def test_ends_after_72_hours_of_failures(self) -> None:
        number, at_s = 1, 0.0
        while True:
            made = Attempt(number=number, priority=5, first_s=0.0, at_s=at_s)
            verdict = judge(ERROR, made, jitter=0.999)
            if verdict.state is DeliveryState.FAILED:
                break
            number, at_s = number + 1, verdict.next_attempt_s
        assert 71 * 3_600 < at_s <= GIVE_UP_AFTER_S
        assert number > 70


class TestWait:
    @given(number=numbers, jitter=jitters)
    def test_grows_with_every_attempt_up_to_an_hour(self, number: int, jitter: float) -> None:
        this = wait_s(ERROR, attempt(number), jitter=jitter)
        following = wait_s(ERROR, attempt(number + 1), jitter=jitter)
        assert this <= following <= 3_600

    @given(number=numbers, one=jitters, other=jitters)
    def test_is_spread_over_half_of_its_length(self, number: int, one: float, other: float) -> None:
        shorter, longer = sorted((one, other))
        least = wait_s(ERROR, attempt(number), jitter=0.0)
        assert (
            least
            <= wait_s(ERROR, attempt(number), jitter=shorter)
            <= wait_s(ERROR, attempt(number), jitter=longer)
            <= 2 * least
        )

    @pytest.mark.parametrize("status", [429, 503])
    @given(asked_s=st.floats(0, 10**6), number=numbers, jitter=jitters)
    def test_honours_retry_after_up_to_five_minutes_for_critical_alerts(
        self, status: int, asked_s: float, number: int, jitter: float
    ) -> None:
        answer = Answer(status=status, retry_after_s=asked_s)
        planned = wait_s(ERROR, attempt(number), jitter=jitter)
        critical = wait_s(answer, attempt(number, priority=4), jitter=jitter)
        routine = wait_s(answer, attempt(number, priority=3), jitter=jitter)
        assert critical == max(planned, min(asked_s, 300))
        assert routine == max(planned, min(asked_s, 3_600))

    def test_passes_over_retry_after_with_another_status(self) -> None:
        answer = Answer(status=500, retry_after_s=300)
        assert wait_s(answer, attempt(), jitter=0.0) == 2.5
