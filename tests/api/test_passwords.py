from typing import Literal

from argon2 import PasswordHasher
from typing_extensions import override

from api.passwords import with_decoy
from api.tokens import new_token, same_token, token_sha256

WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class CountingHasher(PasswordHasher):
    verified: tuple[str | bytes, ...] = ()

    @override
    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.verified += (hash,)
        return super().verify(hash, password)


def test_the_hash_is_argon2id_and_salted() -> None:
    passwords = with_decoy(WEAK)
    first, second = passwords.hash("a long password"), passwords.hash("a long password")
    assert first.startswith("$argon2id$")
    assert first != second


def test_only_the_right_password_matches() -> None:
    passwords = with_decoy(WEAK)
    stored = passwords.hash("a long password")
    assert passwords.matches(stored, "a long password")
    assert not passwords.matches(stored, "another password")
    assert not passwords.matches("not a hash", "another password")


def test_a_missing_account_costs_the_same_work_and_never_matches() -> None:
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords = with_decoy(hasher)
    assert not passwords.matches(None, "anything at all")
    (decoy,) = hasher.verified
    assert str(decoy).startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    stored = with_decoy(WEAK).hash("a long password")
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    assert with_decoy(stronger).is_outdated(stored)
    assert not with_decoy(WEAK).is_outdated(stored)


def test_a_token_has_256_bits_and_is_stored_as_its_hash() -> None:
    token = new_token()
    assert len(token) == 43
    assert token not in token_sha256(token)
    assert len(token_sha256(token)) == 64


def test_tokens_with_any_text_can_be_compared() -> None:
    assert same_token("abc", "abc")
    assert not same_token("\ud800é", "abc")
