import http.client
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from deploy.demo.receiver import MAX_BODY_BYTES, TOLERANCE_S, Received, Receiver, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_614_265_330
OFFICIAL = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(NOW_S),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OFFICIAL_BODY = b'{"test": 2432232314}'
BODY = (
    b'{"type":"alert.raised","timestamp":"2013-12-16T05:42:00Z","data":{"alert_id":"x",'
    b'"number":"A 87","seq":1,"kinds":["R01","R09"],"priority":5,"band":"CRITICAL",'
    b'"state":"RAISED","exercise":false,"illustrative":true,"url":"u"}}'
)


def signed(body: bytes, webhook_id: str = "msg_1") -> dict[str, str]:
    at = datetime.fromtimestamp(NOW_S, UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(NOW_S),
        "webhook-signature": Webhook(SECRET).sign(webhook_id, at, body.decode()),
    }


class TestVerify:
    def test_accepts_the_published_vector(self) -> None:
        assert verify(SECRET, OFFICIAL, OFFICIAL_BODY, now_s=NOW_S)

    def test_accepts_one_good_signature_among_others(self) -> None:
        several = f"v1a,xyz v1,AAAA {OFFICIAL['webhook-signature']} v2,zzz"
        headers = {**OFFICIAL, "webhook-signature": several}
        assert verify(SECRET, headers, OFFICIAL_BODY, now_s=NOW_S)

    @pytest.mark.parametrize("name", OFFICIAL)
    def test_refuses_without_any_of_the_headers(self, name: str) -> None:
        headers = {key: value for key, value in OFFICIAL.items() if key != name}
        assert not verify(SECRET, headers, OFFICIAL_BODY, now_s=NOW_S)

    @pytest.mark.parametrize(
        "changed",
        [
            {"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="},
            {"webhook-signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
            {"webhook-id": "msg_other"},
            {"webhook-timestamp": str(NOW_S + 1)},
            {"webhook-timestamp": "soon"},
        ],
    )
    def test_refuses_what_was_changed(self, changed: dict[str, str]) -> None:
        assert not verify(SECRET, {**OFFICIAL, **changed}, OFFICIAL_BODY, now_s=NOW_S)

    @pytest.mark.parametrize("off_s", [TOLERANCE_S + 1, -TOLERANCE_S - 1])
    def test_refuses_an_old_message_and_one_from_the_future(self, off_s: int) -> None:
        assert not verify(SECRET, OFFICIAL, OFFICIAL_BODY, now_s=NOW_S + off_s)


@pytest.fixture
def heard() -> list[Received]:
    return []


@pytest.fixture
def receiver(heard: list[Received]) -> Iterator[Receiver]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Receiver(secret=SECRET, port=port, on_webhook=heard.append, now=lambda: NOW_S) as one:
        yield one


def post(receiver: Receiver, body: bytes, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=5)
    try:
        connection.request("POST", "/webhook", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


class TestReceiver:
    def test_tells_of_a_verified_message_once(
        self, receiver: Receiver, heard: list[Received]
    ) -> None:
        for _ in range(2):
            assert post(receiver, BODY, signed(BODY)) == 204
        (received,) = heard
        assert received.verified
        assert received.summary == (
            "alert.raised  A 87  priority 5 CRITICAL  R01, R09 (illustrative)"
        )

    def test_refuses_a_message_of_somebody_else(
        self, receiver: Receiver, heard: list[Received]
    ) -> None:
        assert post(receiver, BODY + b" ", signed(BODY)) == 401
        assert [one.verified for one in heard] == [False]

    def test_refuses_a_large_one_unread(self, receiver: Receiver, heard: list[Received]) -> None:
        assert post(receiver, b"x" * (MAX_BODY_BYTES + 1), {}) == 413
        assert heard == []

    def test_says_when_it_does_not_know_the_message(
        self, receiver: Receiver, heard: list[Received]
    ) -> None:
        assert post(receiver, b"[]", signed(b"[]")) == 204
        assert heard[0].summary == "a message of a kind that this receiver does not know"

    def test_never_shows_its_secret(self, receiver: Receiver) -> None:
        assert SECRET not in repr(receiver)
