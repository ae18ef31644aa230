"""What several processes hold together is what the server states, whatever their number."""

import dataclasses

import pytest

from earmark.listening_test.wire.limits import CONNECTIONS_OF_LABORATORY, Patience


@pytest.mark.parametrize("processes", [1, 2, 3, 7, 64])
def test_processes_hold_together_what_is_stated(processes: int) -> None:
    whole = Patience()
    one = whole.shared_by(processes)
    for name in ("connections", "bodies_bytes"):
        stated, each = getattr(whole, name), getattr(one, name)
        assert stated <= each * processes
        if name == "bodies_bytes" or processes < 7:
            assert each * processes < stated + processes
    # A laboratory whose connections all come to one process has room beside others.
    assert one.connections >= 2 * CONNECTIONS_OF_LABORATORY
    assert one.of_address >= max(whole.of_address / processes, CONNECTIONS_OF_LABORATORY)
    if processes <= whole.of_address / CONNECTIONS_OF_LABORATORY:
        assert one.of_address * processes == whole.of_address
    rest = {"connections", "bodies_bytes", "of_address"}
    for field in dataclasses.fields(Patience):
        if field.name not in rest:
            assert getattr(one, field.name) == getattr(whole, field.name)


def test_a_smaller_limit_of_an_address_is_not_raised() -> None:
    assert Patience(of_address=5).shared_by(4).of_address == 5
