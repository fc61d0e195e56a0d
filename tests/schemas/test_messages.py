"""Published schemas are those of the models, and stored samples still validate."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import schemas
from schemas.publish import MESSAGES, VERSION, file_name, json_schema

GOLDEN = Path(__file__).parent / "golden"
PUBLISHED = Path(schemas.__file__).parent / "published"


@pytest.mark.parametrize("name", MESSAGES)
def test_the_published_schema_is_the_models(name: str) -> None:
    found = (PUBLISHED / file_name(name)).read_text(encoding="utf-8")
    assert found == json_schema(name), "run: python -m schemas.publish schemas/published"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_published_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(json_schema(name)))


@pytest.mark.parametrize("name", MESSAGES)
def test_the_stored_sample_validates_and_comes_back_equal(name: str) -> None:
    text = (GOLDEN / f"{name}.v{VERSION}.json").read_text(encoding="utf-8")
    Draft202012Validator(json.loads(json_schema(name))).validate(json.loads(text))
    message = MESSAGES[name].model_validate_json(text)
    assert message.model_dump(mode="json") == json.loads(text)


@pytest.mark.parametrize("name", sorted(set(MESSAGES) - {"alert-action", "endpoint", "feature"}))
def test_a_reader_tolerates_what_a_later_version_adds(name: str) -> None:
    model = MESSAGES[name]
    document = json.loads((GOLDEN / f"{name}.v{VERSION}.json").read_text(encoding="utf-8"))
    known = model.model_validate(document)
    if model.model_config.get("extra") == "forbid":
        return
    assert model.model_validate({**document, "from_the_future": 1}) == known
