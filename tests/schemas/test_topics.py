from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.log import Origin
from schemas.topics import REPORTS, TOPICS, origin_of, partition_of, report_headers

NODES = st.from_regex(r"[a-z0-9][a-z0-9-]{2,31}", fullmatch=True)


@given(node=NODES, sequence=st.integers(0, 10**18 - 1))
def test_what_a_report_says_of_its_origin_is_read_again(node: str, sequence: int) -> None:
    assert origin_of(report_headers(node, sequence)) == Origin(node, sequence)


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(["ce_source", "ce_sequence", "ce_id", "x"]),
            st.none() | st.binary(max_size=40) | st.just(b"/ingest/door-1") | st.just(b"12"),
        )
    )
)
def test_whatever_a_stranger_says_of_its_origin_is_a_sensible_one_or_none(
    headers: list[tuple[str, bytes | None]],
) -> None:
    origin = origin_of(headers)
    assert origin is None or (origin.node == "door-1" and 0 <= origin.sequence < 10**18)


def test_a_sequence_that_no_column_holds_is_none() -> None:
    assert origin_of([("ce_source", b"/ingest/door-1"), ("ce_sequence", b"9" * 19)]) is None
    assert origin_of([("ce_source", b"/ingest/door-1"), ("ce_sequence", b"-1")]) is None


@given(key=st.binary(max_size=40), partitions=st.integers(1, 100))
def test_a_key_has_one_partition(key: bytes, partitions: int) -> None:
    found = partition_of(key, partitions)
    assert 0 <= found < partitions
    assert partition_of(key, partitions) == found


def test_topics_are_told_apart_and_kept_long_enough() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    assert REPORTS.configuration()["cleanup.policy"] == "delete"
    assert int(REPORTS.configuration()["retention.ms"]) >= 7 * 86_400_000
