from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from deploy.commands.console import settings_for
from deploy.settings import Settings
from schemas.errors import ConfigurationError


def test_children_get_the_same_settings_through_their_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Settings(data_dir=tmp_path, port=9_000, webhook_allow=("127.0.0.1:9002",))
    for name, value in mine.as_environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == mine.model_copy(update={"supervised": True})


def test_a_wrong_setting_is_named_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PORT", "70000")
    with pytest.raises(ConfigurationError, match="TOCSIN_PORT"):
        settings_for(None)


@pytest.mark.parametrize("node", ["", "A", "with space", "x" * 40])
def test_a_node_name_that_a_receipt_could_not_carry_is_refused(node: str) -> None:
    with pytest.raises(ValidationError):
        Settings(node=node)


def test_no_setting_has_a_secret_as_its_default() -> None:
    words = ("secret", "password", "key", "url")
    named = [name for name in Settings.model_fields if any(word in name for word in words)]
    assert [name for name in named if Settings.model_fields[name].default is not None] == []


def test_the_address_of_the_database_goes_to_children_and_nowhere_else() -> None:
    address = "postgresql://tocsin:hush-hush@127.0.0.1/tocsin"
    settings = Settings(database_url=SecretStr(address))
    assert settings.as_environment()["TOCSIN_DATABASE_URL"] == address
    assert "hush" not in repr(settings)


def test_another_database_is_refused_without_telling_its_password() -> None:
    with pytest.raises(ValidationError, match="begins with postgresql://") as caught:
        Settings(database_url=SecretStr("mysql://tocsin:hush-hush@127.0.0.1/tocsin"))
    assert "hush" not in str(caught.value)
