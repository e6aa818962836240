"""The bodies of the Message Batches API as JSON Schema, and the order of their fields."""

from __future__ import annotations

from typing import Any

import jsonschema

Schema = dict[str, Any]

BATCH_ID = r"^msgbatch_[0-9A-Za-z]{24}$"
CUSTOM_ID = r"^[a-zA-Z0-9_-]{1,64}$"
REQUEST_ID = r"^req_[0-9A-Za-z]{24}$"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$"


def record(**fields: Schema) -> Schema:
    """Return the schema of an object of just these fields, in this order."""
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def text(pattern: str = "") -> Schema:
    return {"type": "string", "pattern": pattern}


COUNT: Schema = {"type": "integer", "minimum": 0}
COUNTS = record(processing=COUNT, succeeded=COUNT, errored=COUNT, canceled=COUNT, expired=COUNT)
NULL: Schema = {"type": "null"}

BATCH = record(
    id=text(BATCH_ID),
    type={"const": "message_batch"},
    processing_status={"enum": ["in_progress", "canceling", "ended"]},
    request_counts=COUNTS,
    ended_at=or_null(text(TIME)),
    created_at=text(TIME),
    expires_at=text(TIME),
    archived_at=or_null(text(TIME)),
    cancel_initiated_at=or_null(text(TIME)),
    results_url=or_null(
        text(r"^https?://[^/]+/v1/messages/batches/msgbatch_[0-9A-Za-z]{24}/results$")
    ),
)
IN_STATE: dict[str, Schema] = {
    "in_progress": {
        "properties": {
            "processing_status": {"const": "in_progress"},
            **dict.fromkeys(("ended_at", "archived_at", "cancel_initiated_at"), NULL),
            "results_url": NULL,
        }
    },
    "canceling": {
        "properties": {
            "processing_status": {"const": "canceling"},
            "cancel_initiated_at": text(TIME),
            **dict.fromkeys(("ended_at", "archived_at", "results_url"), NULL),
        }
    },
    "ended": {
        "properties": {
            "processing_status": {"const": "ended"},
            "request_counts": {"properties": {"processing": {"const": 0}}},
            **dict.fromkeys(("ended_at", "results_url"), text()),
            "archived_at": NULL,
        }
    },
    "archived": {
        "properties": {
            "processing_status": {"const": "ended"},
            "request_counts": {"properties": {"processing": {"const": 0}}},
            **dict.fromkeys(("ended_at", "archived_at", "results_url"), text()),
        }
    },
}
PAGE = record(
    data={"type": "array", "items": BATCH, "maxItems": 1000},
    has_more={"type": "boolean"},
    first_id=or_null(text(BATCH_ID)),
    last_id=or_null(text(BATCH_ID)),
)
DELETED = record(id=text(BATCH_ID), type={"const": "message_batch_deleted"})
COUNTED = record(input_tokens={"type": "integer", "minimum": 1})

MESSAGE = record(
    model=text(),
    id=text(r"^msg_01[0-9a-zA-Z]{22}$"),
    type={"const": "message"},
    role={"const": "assistant"},
    content={"type": "array", "items": record(type={"const": "text"}, text=text())},
    stop_reason={"enum": ["end_turn", "refusal", "max_tokens"]},
    stop_sequence=NULL,
    stop_details=NULL,
    usage=record(
        input_tokens=COUNT,
        cache_creation_input_tokens=COUNT,
        cache_read_input_tokens=COUNT,
        cache_creation=record(ephemeral_5m_input_tokens=COUNT, ephemeral_1h_input_tokens=COUNT),
        output_tokens=COUNT,
        service_tier={"const": "batch"},
        inference_geo={"enum": ["not_available", "global", "us"]},
    ),
)
TYPES = [
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "overloaded_error",
]
INNER = record(type={"enum": TYPES}, message=text("."))
ERROR = record(type={"const": "error"}, error=INNER, request_id=text(REQUEST_ID))
ERROR_WITHOUT_ID = record(type={"const": "error"}, error=INNER)
ERROR_OF_THE_EDGE = record(error=INNER)
ROW_ERROR = record(
    type={"const": "error"},
    error=record(
        details=record(error_visibility={"const": "user_facing"}),
        type={"enum": TYPES},
        message=text("."),
    ),
    request_id=or_null(text(r"^workerreq_[0-9A-Za-z]{24}$")),
)
RESULTS: dict[str, Schema] = {
    "succeeded": record(type={"const": "succeeded"}, message=MESSAGE),
    "errored": record(type={"const": "errored"}, error=ROW_ERROR),
    "canceled": record(type={"const": "canceled"}),
    "expired": record(type={"const": "expired"}),
}
ROW = record(custom_id=text(CUSTOM_ID), result={"oneOf": list(RESULTS.values())})


def check(value: Any, *schemas: Schema) -> None:
    """Fail if *value* does not fit all *schemas*, or its fields are in another order."""
    for schema in schemas:
        jsonschema.Draft202012Validator(schema).validate(value)
        _check_order(value, schema, "")


def _check_order(value: Any, schema: Schema, where: str) -> None:
    choices: list[Schema] = schema.get("anyOf", []) + schema.get("oneOf", [])
    for choice in choices:
        if jsonschema.Draft202012Validator(choice).is_valid(value):
            _check_order(value, choice, where)
    if isinstance(value, dict) and "properties" in schema:
        if "required" in schema:
            assert list(value) == schema["required"], where
        for name, field in schema["properties"].items():
            _check_order(value[name], field, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            _check_order(item, schema["items"], f"{where}[{index}]")
