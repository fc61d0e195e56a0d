import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from processing.notify.signing import key_of, secret_of, sign
from schemas.errors import ConfigurationError

# The vector of the Standard Webhooks libraries, and the mission's own.
OFFICIAL = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    1_614_265_330,
    b'{"test": 2432232314}',
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)
OURS = (
    "whsec_cG9jLWRlbW8tc2VjcmV0LTMyLWJ5dGVzLWxvbmchISE=",
    "msg_01JPC3Q5S1D5Y0QK8ZB6M4T7NA",
    1_773_466_920,
    (
        b'{"type":"alert.raised","timestamp":"2026-03-14T05:42:00Z","data":{"alert_id":'
        b'"ALR-2026-000087","revision":1,"flag":"ARMED_MOVEMENT_TO_CIVILIANS","priority":"CRITICAL",'
        b'"sensitivity":"confidential",'
        b'"url":"https://sa.mission.example.org/alerts/ALR-2026-000087"}}'
    ),
    "v1,W3EDGAjpR2es8CG5+QsQYWSzbdYdmUk3hBe5BgKS5QQ=",
)


class TestSign:
    @pytest.mark.parametrize("vector", [OFFICIAL, OURS])
    def test_gives_the_published_signatures(self, vector: tuple[str, str, int, bytes, str]) -> None:
        secret, webhook_id, unix_s, body, signature = vector
        assert sign(secret, webhook_id, unix_s=unix_s, body=body) == signature

    @given(
        key=st.binary(min_size=24, max_size=64),
        number=st.integers(0, 10**6),
        unix_s=st.integers(0, 2**33),
        body=st.text(max_size=300),
    )
    def test_equals_the_public_library(
        self, key: bytes, number: int, unix_s: int, body: str
    ) -> None:
        secret, webhook_id = secret_of(key), f"msg_{number}"
        theirs = Webhook(secret).sign(webhook_id, datetime.fromtimestamp(unix_s, UTC), body)
        assert sign(secret, webhook_id, unix_s=unix_s, body=body.encode()) == theirs

    @given(body=st.binary(min_size=1, max_size=50), at=st.integers(0))
    def test_changes_with_every_bit_of_the_body(self, body: bytes, at: int) -> None:
        place = at % (8 * len(body))
        changed = bytearray(body)
        changed[place // 8] ^= 1 << place % 8
        secret = OFFICIAL[0]
        assert sign(secret, "m", unix_s=1, body=body) != sign(
            secret, "m", unix_s=1, body=bytes(changed)
        )


class TestKeyOf:
    @given(key=st.binary(min_size=24, max_size=64))
    def test_reads_a_secret_with_and_without_prefix_and_padding(self, key: bytes) -> None:
        secret = secret_of(key)
        bare = secret.removeprefix("whsec_")
        for form in (secret, bare, secret.rstrip("="), bare.rstrip("=")):
            assert key_of(form) == key

    @pytest.mark.parametrize(
        "secret",
        ["", "whsec_", "whsec_no base64", "whsec_" + base64.b64encode(b"short").decode(), "é" * 40],
    )
    def test_refuses_what_is_no_secret_without_showing_it(self, secret: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            key_of(secret)
        assert secret.removeprefix("whsec_") not in str(refused.value) or secret in {"", "whsec_"}
