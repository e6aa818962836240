"""Run the job with steadybatch, in the way of its readme."""

from __future__ import annotations

from exchange import Row, arguments, prompt_of, requests, write
from steadybatch import Request, Runner  # type: ignore[import-not-found]
from steadybatch.providers.anthropic_batch import (  # type: ignore[import-not-found]
    AnthropicBatch,
)

_SCHEMA = {
    "type": "object",
    "properties": {"row": {"type": "integer"}},
    "required": ["row"],
    "additionalProperties": False,
}


def main() -> None:
    """Run the job, or continue it from its checkpoint."""
    _, folder = arguments()
    model = requests()[0]["params"]["model"]
    runner = Runner(
        AnthropicBatch(),
        model,
        response_schema=_SCHEMA,
        checkpoint=folder / "job.sqlite",
        batch_size=10,
        poll_every=0.2,
    )
    report = runner.run(
        Request(
            key=request["custom_id"],
            messages=[{"role": "user", "content": prompt_of(request)}],
            max_tokens=64,
        )
        for request in requests()
    )
    write(Row(one.key, _text(one)) for one in report.results)


def _text(one: object) -> str | None:
    if getattr(one, "outcome", None) != "ok":
        return None
    text: str | None = getattr(one, "text", None)
    return text


main()
