"""The published JSON Schema of the program file, generated from the model."""

from __future__ import annotations

from typing import Any

from goodword.program.described import with_help
from goodword.program.model import ProgramFile


def program_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the language version 1."""
    schema = with_help(ProgramFile.model_json_schema(), ProgramFile.__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Goodword program, language 1",
    }
