"""Numbers, times and states as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

GAP = "   "


def counted(counts: Mapping[str, object]) -> str:
    """Return counts that are not zero, with their names."""
    found = [
        f"{count:,} {kind}" for kind, count in counts.items() if isinstance(count, int) and count
    ]
    return ", ".join(found) or "none"


def moment(text: object) -> str | None:
    """Return a time of the API to the second, in UTC, as the API writes it."""
    if not isinstance(text, str):
        return None
    return text[:19].replace("T", " ")


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("ch"):
        noun += "e"
    return f"{count:,} {noun}s"


def fitted(parts: Sequence[str], width: int) -> str:
    """Return *parts* side by side if they fit, otherwise below each other."""
    line = GAP.join(parts)
    if len(line) <= width:
        return line
    return "\n".join(parts)


def lasting(seconds: float) -> str:
    """Return a number of seconds as people say it."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def dollars(usd: Decimal | None) -> str:
    """Return an amount of money to the cent; below ten cents with two significant digits."""
    if usd is None:
        return "unknown"
    if usd >= Decimal("0.1") or not usd:
        return f"${usd:,.2f}"
    places = 1 - usd.adjusted()
    return f"${usd:.{places}f}"


def text_of(usd: Decimal | None) -> str | None:
    """Return dollars as JSON has them: a text, because a number may lose digits."""
    if usd is None:
        return None
    return str(usd)
