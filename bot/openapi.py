"""The OpenAPI 3.1 description of the export API, made from the tables and formats that are really there."""

from __future__ import annotations

import re
from typing import Any

from bot.problems import MEDIA as PROBLEM
from content import Content
from storage import codebook
from storage.exports import COUNCIL, FORMATS, TABLES
from storage.ladders import IMPORTANCE, POSITION, SHIFTS
from storage.releases import BESIDES

# Of a purpose: one line that shows as it is written, and is not blank.
_NO_LINE = r"\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
PURPOSE = rf"^[^{_NO_LINE}]*[^{_NO_LINE}\s][^{_NO_LINE}]*$"
LONGEST_PURPOSE = 200
ABOUT = {
    "answers": "One row per answer and revision; the order of rows tells nothing. Own words are masked.",
    "bundle": "Everything about a round in one zip, of the moment of its newest release.",
    "codebook": "What every column and code means, in all content versions and languages.",
    "council": "One A4 about the newest release, to look at and print; in Dutch or English.",
    "participants": "One row a person; columns from the codebook, whatever was answered.",
    "summary": "The newest released summary. Figures about too few people are coarsened or left out.",
}


def is_purpose(text: str) -> bool:
    """Whether this can be what a download is for."""
    return len(text) <= LONGEST_PURPOSE and re.fullmatch(PURPOSE, text) is not None


def describe(content: Content) -> dict[str, Any]:
    """The whole description. Paths of tables follow `storage.exports.TABLES`."""
    paths: dict[str, Any] = {
        "/v1/health": {"get": _health()},
        "/v1/metrics": {"get": _get("Counts for Prometheus", {"text/plain": {"schema": {"type": "string"}}})},
        "/v1/openapi": {"get": _get("This description", _json({"type": "object"}))},
        "/v1/rounds": {"get": _get("The rounds, and how many people are where", _json(_ROUNDS))},
    }
    for table in TABLES:
        paths[f"/v1/rounds/{{round}}/{table}"] = {"get": _download(table, content)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "stadsdialoog export API", "version": "1", "license": {"name": "EUPL-1.2"}},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM, "Answer": _row(codebook.answer_columns()), "Summary": _SUMMARY},
            "responses": {"Problem": {"description": "What to do", "content": {PROBLEM: {"schema": _ref("Problem")}}}},
        },
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _get(summary: str, content: dict[str, Any], *others: str) -> dict[str, Any]:
    problems = {status: {"$ref": "#/components/responses/Problem"} for status in ("401", "403", "429", "503", *others)}
    return {"summary": summary, "responses": {"200": {"description": summary, "content": content}, **problems}}


def _health() -> dict[str, Any]:
    ready = {"ready": {"type": "boolean"}, "reasons": {"type": "array", "items": {"type": "string"}}}
    state = {"content": _json({"type": "object", "required": ["ready", "reasons"], "properties": ready})}
    return {
        "summary": "Whether everything works; needs no key",
        "security": [],
        "responses": {"200": {"description": "Ready", **state}, "503": {"description": "Not ready, and why", **state}},
    }


def _download(table: str, content: Content) -> dict[str, Any]:
    formats = TABLES[table].formats
    shown = {"answers": _ref("Answer"), "codebook": _row(codebook.columns(content)), "summary": _ref("Summary")}
    schema = shown.get(table, {"type": "object"})
    shapes = {
        **{form: {"type": "string", "format": "binary"} for form in FORMATS},
        "csv": {"type": "string"},
        "jsonl": {"type": "string", "description": "One JSON object a line."},
        "json": schema if table == "summary" else {"type": "array", "items": schema},
    }
    bodies = {FORMATS[form].media.partition(";")[0]: {"schema": shapes[form]} for form in formats}
    described = _get(
        ABOUT.get(table, table), bodies, "400", "404", "406", "416", *(["409"] if table == COUNCIL else [])
    )
    described["responses"] |= {
        "206": {"description": "The part that Range asks for", "content": bodies},
        "304": {"description": "The file is still the one that If-None-Match names"},
    }
    described["parameters"] = [
        _parameter("round", "path", {"type": "string", "enum": list(content.rounds)}, "Code of the round"),
        _parameter("format", "query", {"type": "string", "enum": list(formats)}, "Instead of Accept"),
        _parameter(
            "language",
            "query",
            {"type": "string", "enum": list(content.languages)},
            "Of labels, and of the sheet, which is in Dutch where there is none in this language",
        ),
        _parameter(
            "purpose", "query", {"type": "string", "pattern": PURPOSE, "maxLength": LONGEST_PURPOSE}, "What it is for"
        ),
    ]
    return described


def _parameter(name: str, where: str, schema: dict[str, Any], about: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema, "description": about}


def _row(columns: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(columns),
        "properties": {column: {"type": ["string", "integer", "null"]} for column in columns},
    }


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_STEPS = [*dict.fromkeys(name for ladder in (POSITION, IMPORTANCE, SHIFTS) for name in ladder.names), "each", "sides"]
_FIGURE: dict[str, Any] = {
    "type": "object",
    "required": ["base", "step", "counts", "as_of"],
    "properties": {
        "base": {"type": ["integer", "null"], "description": "People; null when they are too few to say"},
        "step": {"enum": _STEPS},
        "counts": {
            "type": "object",
            "description": "People by code; null in a cell that is hidden",
            "additionalProperties": {"type": ["integer", "null"]},
        },
        "as_of": {"type": "integer", "description": "The release this figure was made for"},
    },
}
_SPLIT: dict[str, Any] = {
    "type": "object",
    "required": ["step", "groups"],
    "properties": {
        "step": {"type": ["string", "null"], "description": "The level of the groups; null where none is named"},
        "groups": {"type": "object", "additionalProperties": _FIGURE},
        "design_effect": {
            "type": ["number", "null"],
            "description": "How many times wider chance spreads since some answered in a group; null: too few to say",
        },
    },
}
_DILEMMA: dict[str, Any] = {
    **_FIGURE,
    "properties": {
        **_FIGURE["properties"],
        "by": {"type": "object", "additionalProperties": _SPLIT},
        **dict.fromkeys(BESIDES, _FIGURE),
    },
}
_SUMMARY: dict[str, Any] = {
    "type": "object",
    "required": ["round", "release", "as_of", "base", "reveal_at", "dilemmas", "items"],
    "properties": {
        "round": {"type": "string"},
        "release": {"type": "integer"},
        "as_of": {"type": "string", "format": "date-time"},
        "base": {"type": "integer"},
        "reveal_at": {"type": "integer"},
        "left_out": {"type": "integer"},
        "dilemmas": {"type": "object", "additionalProperties": _DILEMMA},
        "items": {"type": "object", "additionalProperties": _FIGURE},
        "reach": _FIGURE,
        "statistics": {"type": "object"},
    },
}
_ROUNDS: dict[str, Any] = {
    "type": "object",
    "required": ["rounds"],
    "properties": {
        "rounds": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "round": {"type": "string"},
                    "state": {"enum": ["planned", "open", "closed"]},
                    "title": {"type": "object"},
                    "dilemmas": {"type": "array", "items": {"type": "string"}},
                    "participants": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "release": {"type": ["integer", "null"]},
                    "tables": {"type": "object"},
                },
            },
        }
    },
}
