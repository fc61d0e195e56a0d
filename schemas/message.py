"""The base of every message that crosses a process or a disk."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Message(BaseModel):
    """A frozen value, tolerant of unknown fields (readers of version N accept N+1)."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, ser_json_inf_nan="null"
    )


class StrictMessage(BaseModel):
    """A frozen value that refuses unknown fields: configuration and people's requests."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _ExactTime:
    """Refuses numbers without a call into Python: a report has five times, an incident two."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        time = handler(source)
        from_json = core_schema.datetime_schema(tz_constraint="aware", strict=True)
        time_or_text = core_schema.union_schema(
            [core_schema.is_instance_schema(datetime), core_schema.str_schema(strict=True)],
            mode="left_to_right",
            custom_error_type="time_as_text",
            custom_error_message="a time is written as ISO 8601 text with an offset, not a number",
        )
        return core_schema.json_or_python_schema(
            json_schema=from_json, python_schema=core_schema.chain_schema([time_or_text, time])
        )


# An aware time; numbers are refused because nobody knows whether they are seconds.
Time = Annotated[AwareDatetime, _ExactTime()]
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/ -]{1,64}$")]
Text = Annotated[str, Field(max_length=10_000)]
ShortText = Annotated[str, Field(max_length=200)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{2,63}$")]
