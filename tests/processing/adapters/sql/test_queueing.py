from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
from sqlalchemy import Connection

from processing.adapters.sql.queueing import Queueing
from tests.processing.engine.fakes import Ticks


def test_it_adds_up_what_passed_before_each_transaction_and_not_within() -> None:
    clock = Ticks()

    @contextmanager
    def begin() -> Iterator[Connection]:
        clock.now_s += 2.0
        yield cast(Connection, None)
        clock.now_s += 7.0

    queueing = Queueing(begin, clock)
    for _ in range(2):
        with queueing.begin():
            clock.now_s += 30.0
    assert queueing.waited_s() == 4.0


def test_what_failed_to_begin_or_to_end_goes_on_to_whoever_asked() -> None:
    @contextmanager
    def begin() -> Iterator[Connection]:
        yield cast(Connection, None)
        raise ConnectionError

    queueing = Queueing(begin, Ticks())
    with pytest.raises(ConnectionError), queueing.begin():
        pass
    with pytest.raises(KeyError), queueing.begin():
        raise KeyError
