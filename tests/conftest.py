"""What several modules of tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anthropix_py._json import fast


@pytest.fixture(scope="module", params=["json", "orjson"])
def either_json(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a module's tests twice: as without the extra `fast`, and with it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "json":
            patch.setattr(fast, "orjson", lambda: None)
        else:
            assert fast.orjson() is not None
        yield
