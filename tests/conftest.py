"""What several modules of tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anthropix_py._json import fast


@pytest.fixture(scope="module", params=["json", "msgspec"])
def either_json(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a module's tests twice: as without the extra `fast`, and with it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "json":
            patch.setattr(fast, "codec", lambda: None)
        else:
            assert fast.codec() is not None
        yield
