"""What responses before a create tell of the server's clock."""

from __future__ import annotations

from email.utils import formatdate

from samples import ID, a_batch, error_in, request, table
from scripted import ScriptedTransport, TransportStep, fail, page, respond

from anthropix_py import UnknownOutcome, batch, unwrap
from anthropix_py.emulator import ManualClock

NOON = 1_790_000_000.0  # by the server's clock, at the first response
AHEAD = 9 * 3600.0  # seconds by which the clock of this machine is ahead


def shown(seconds: float | None, request_id: str = "req_1", **headers: str) -> TransportStep:
    """Return a response of show; *seconds* after NOON by its date, None for no date."""
    if seconds is not None:
        headers["date"] = formatdate(NOON + seconds, usegmt=True)
    if request_id:
        headers["request_id"] = request_id
    return respond(a_batch(), 200, **headers)


# (responses, 10 s apart, the last 10 s before the create; the server's time at the create)
TOLD: dict[str, tuple[list[TransportStep], float | None]] = {
    "one": ([shown(0)], NOON + 10),
    "the latest counts": ([shown(0), shown(30)], NOON + 40),
    "the latest has no date": ([shown(0), shown(None)], NOON + 20),
    "none": ([], None),
    "no date": ([shown(None)], None),
    "rubbish": ([shown(None, date="yesterday")], None),
    # against the clock of a gateway, which answers in place of the API
    "a gateway's": ([shown(0, request_id="")], None),
    "a gateway's after one of the API": ([shown(0), shown(900, request_id="")], NOON + 20),
}


@table("steps, served_at", TOLD)
def test_the_time_of_a_create_by_the_server_s_clock(
    steps: list[TransportStep], served_at: float | None
) -> None:
    clock = ManualClock(start=NOON + AHEAD)
    script = ScriptedTransport(*steps, fail("timeout"), clock=clock)
    client = script.client()
    for _ in steps:
        unwrap(batch.show(client, ID))
        clock.advance(10)
    lost = error_in(batch.create(client, [request()]), UnknownOutcome)
    assert lost.served_at == served_at


def test_the_time_of_another_server_does_not_count() -> None:
    script = ScriptedTransport(shown(0), fail("timeout"))
    unwrap(batch.show(script.client(base_url="https://other.test"), ID))
    assert error_in(batch.create(script.client(), [request()]), UnknownOutcome).served_at is None


def test_a_told_time_finds_the_batch_although_the_list_has_no_date() -> None:
    made = formatdate(NOON, usegmt=True)
    clock = ManualClock(start=NOON + AHEAD)
    lost = a_batch(id="lost", created_at="2026-09-21T14:13:20Z", request_counts={"processing": 1})
    script = ScriptedTransport(
        respond(a_batch(), date=made, request_id="r"), fail("timeout"), page(lost), clock=clock
    )
    client = script.client()
    unwrap(batch.show(client, ID))
    unknown = error_in(batch.create(client, [request()]), UnknownOutcome)
    # as another process gets it
    pickled = UnknownOutcome(*unknown.args)
    assert unwrap(batch.candidates(client, pickled)) == [lost]
