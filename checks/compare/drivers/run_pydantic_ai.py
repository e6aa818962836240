"""Run the job with pydantic-ai, in the way of the example in model_request_batch."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from exchange import Row, prompt_of, requests, write
from pydantic_ai import ModelRequest  # type: ignore[import-not-found]
from pydantic_ai.direct import model_request_batch  # type: ignore[import-not-found]
from pydantic_ai.models.batch import BatchRequest  # type: ignore[import-not-found]


async def main() -> None:
    """Send everything and wait for it."""
    model = requests()[0]["params"]["model"]
    responses = await model_request_batch(
        f"anthropic:{model}",
        [
            BatchRequest(
                custom_id=request["custom_id"],
                messages=[ModelRequest.user_text_prompt(prompt_of(request))],
                model_settings={"max_tokens": 64},
            )
            for request in requests()
        ],
        max_requests=10,
        poll_interval=timedelta(seconds=0.2),
        max_poll_interval=timedelta(seconds=0.5),
    )
    ids = [request["custom_id"] for request in requests()]
    write(Row(id, _text(response)) for id, response in zip(ids, responses))


def _text(response: Any) -> str | None:
    if isinstance(response, Exception):
        return None
    text: str | None = response.text
    return text


asyncio.run(main())
