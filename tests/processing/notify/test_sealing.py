import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.notify.sealing import Sealer, key_id
from schemas.errors import ConfigurationError

KEY, OLD = b"k" * 32, b"o" * 32
secrets = st.binary(max_size=200)


class TestSealer:
    @given(secret=secrets, subject=st.text(max_size=20))
    def test_opens_what_it_sealed(self, secret: bytes, subject: str) -> None:
        sealer = Sealer(KEY)
        assert sealer.open(sealer.seal(secret, subject=subject), subject=subject) == secret

    @given(secret=secrets)
    def test_never_seals_twice_alike_and_never_shows_the_secret(self, secret: bytes) -> None:
        one, other = (Sealer(KEY).seal(secret, subject="a") for _ in range(2))
        assert one != other
        assert len(secret) < 4 or secret not in one

    @given(secret=secrets, place=st.integers(0, 10_000), bit=st.integers(0, 7))
    def test_notices_every_changed_bit(self, secret: bytes, place: int, bit: int) -> None:
        record = bytearray(Sealer(KEY).seal(secret, subject="a"))
        record[place % len(record)] ^= 1 << bit
        with pytest.raises(ConfigurationError):
            Sealer(KEY).open(bytes(record), subject="a")

    def test_refuses_a_record_that_was_moved_to_another_endpoint(self) -> None:
        record = Sealer(KEY).seal(b"whsec_x", subject="one")
        with pytest.raises(ConfigurationError, match="changed or moved"):
            Sealer(KEY).open(record, subject="other")

    def test_opens_with_an_older_key_after_a_rotation(self) -> None:
        record = Sealer(OLD).seal(b"whsec_x", subject="a")
        assert Sealer(KEY, older=[OLD]).open(record, subject="a") == b"whsec_x"

    def test_says_that_the_key_is_missing(self) -> None:
        record = Sealer(OLD).seal(b"whsec_x", subject="a")
        with pytest.raises(ConfigurationError, match="key that sealed the secret of a is missing"):
            Sealer(KEY).open(record, subject="a")

    @pytest.mark.parametrize("record", [b"", b"\x01", b"\x02" + b"x" * 60, b"whsec_plain"])
    def test_refuses_what_is_no_record(self, record: bytes) -> None:
        with pytest.raises(ConfigurationError, match="not a sealed record"):
            Sealer(KEY).open(record, subject="a")

    def test_refuses_a_key_of_the_wrong_length(self) -> None:
        with pytest.raises(ConfigurationError, match="32 bytes"):
            Sealer(b"short").seal(b"x", subject="a")

    def test_names_keys_apart(self) -> None:
        assert key_id(KEY) != key_id(OLD)
