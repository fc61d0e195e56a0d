from hypothesis import given
from hypothesis import strategies as st

from api.throttle import WINDOW_S, Throttle


class HandClock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_lets_the_limit_through_and_then_says_how_long_to_wait() -> None:
    clock = HandClock()
    throttle = Throttle(clock, limit=2)
    assert throttle.wait_s("a") == 0
    clock.now_s = 10
    assert throttle.wait_s("a") == 0
    assert throttle.wait_s("a") == 50
    clock.now_s = 60
    assert throttle.wait_s("a") == 0


def test_a_refused_try_does_not_make_the_wait_longer() -> None:
    clock = HandClock()
    throttle = Throttle(clock, limit=1)
    throttle.wait_s("a")
    clock.now_s = 59
    throttle.wait_s("a")
    clock.now_s = 60
    assert throttle.wait_s("a") == 0


def test_keys_do_not_wait_for_each_other() -> None:
    throttle = Throttle(HandClock(), limit=1)
    throttle.wait_s("a")
    assert throttle.wait_s("b") == 0


def test_getting_it_right_starts_anew() -> None:
    throttle = Throttle(HandClock(), limit=1)
    throttle.wait_s("a")
    throttle.forget("a")
    assert throttle.wait_s("a") == 0


def test_remembers_only_so_many_keys() -> None:
    throttle = Throttle(HandClock(), limit=1, max_keys=2)
    for key in ("a", "b", "c"):
        throttle.wait_s(key)
    assert throttle.wait_s("a") == 0
    assert throttle.wait_s("c") > 0


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
def test_no_window_ever_holds_more_than_the_limit(steps: list[float], limit: int) -> None:
    clock = HandClock()
    throttle = Throttle(clock, limit=limit)
    let_through: list[float] = []
    for step in steps:
        clock.now_s += step
        if throttle.wait_s("a") == 0:
            let_through.append(clock.now_s)
        recent = [at for at in let_through if at > clock.now_s - WINDOW_S]
        assert len(recent) <= limit
