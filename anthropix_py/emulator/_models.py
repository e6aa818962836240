"""What is known about some models: see `validate.MODELS`. Any other name is a model's id."""

from __future__ import annotations

from ..validate._models import MODELS, Model


def known(name: str) -> Model:
    """Return what is known about the model with that name."""
    return MODELS.get(name, Model(name))
