"""The base of every message that crosses a process or a disk."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field


class Message(BaseModel):
    """A frozen value, tolerant of unknown fields (readers of version N accept N+1)."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, ser_json_inf_nan="null"
    )


class StrictMessage(BaseModel):
    """A frozen value that refuses unknown fields: configuration and people's requests."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _not_a_number(value: object) -> object:
    if isinstance(value, bool | int | float):
        msg = "a time is written as ISO 8601 text with an offset, not as a number"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns a ValueError into a pointer
    return value


# An aware time; numbers are refused because nobody knows whether they are seconds.
Time = Annotated[AwareDatetime, BeforeValidator(_not_a_number)]
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/ -]{1,64}$")]
Text = Annotated[str, Field(max_length=10_000)]
ShortText = Annotated[str, Field(max_length=200)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{2,63}$")]
