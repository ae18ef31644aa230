"""Holds the connections of a server: thousands of them, of which none costs more than its memory.

waitress reads requests and writes answers in one loop, and its threads meet whole requests alone,
so that a client who is slow holds no thread. Two things of it are changed here. Its loop asks every
connection at every turn whether it is ready (with 1,000 silent ones, milliseconds each): here the
operating system says which are. And it ends a connection only if nothing at all comes: here
each part of a request has its time, and where there are too many connections, the one that has
been silent longest makes room for the next.
"""

import contextlib
import errno
import selectors
import socket
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask

from .addresses import client_group
from .limits import SLOWEST_BYTES_PER_SECOND, STOP_SECONDS, Patience

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_SWEEP_SECONDS = 1.0
_SOON_SECONDS = 0.005
_LAST_TURNS = 10
_REFUSALS = {413: "size of a body", 431: "size of a head"}
# Few, so that processes that share a socket share its connections.
_ACCEPTED_AT_ONCE = 8


class WholeAnswer(WSGITask):  # type: ignore[misc]
    """Writes head and body at once, which is one packet and one change of threads less."""

    wrote_header: bool

    def write(self, data: bytes) -> None:
        if self.wrote_header or not self.complete or not data:
            super().write(data)
            return
        head = self.build_response_header()
        self.wrote_header = True
        if self.content_length == len(data) and self.has_body:
            self.content_bytes_written = len(data)
            self.channel.write_soon(head + data)
        else:
            self.channel.write_soon(head)
            super().write(data)


class Connection(HTTPChannel):  # type: ignore[misc]
    """One connection; all but :meth:`service` runs in the loop's thread."""

    server: "Front"
    task_class = WholeAnswer

    def __init__(self, server: "Front", sock: Any, address: Any, adj: Any, *, map: Any) -> None:  # noqa: A002
        self.watched = 0  # what the selector reports of it
        self.group: str | None = client_group(address[0])
        self.since = monotonic()  # when it began to wait for what it waits for
        self.served = False
        self.held = 0  # bytes of a request that is not whole
        self.refused = False
        self.lingers = False
        self.sent = 0
        self.pace: tuple[float, int] | None = None
        super().__init__(server, sock, address, adj, map=map)

    def add_channel(self, map: Any = None) -> None:  # noqa: A002
        super().add_channel(map)
        self.server.opened(self)

    def del_channel(self, map: Any = None) -> None:  # noqa: A002
        self.server.closed(self)
        super().del_channel(map)

    def received(self, data: bytes) -> bool:
        whole = self.request is None
        taken: bool = super().received(data)
        if whole and self.request is not None:
            self.since = monotonic()
        request = self.request
        held = request.header_bytes_received + request.body_bytes_received if request else 0
        self.server.holds(self, held)
        return taken

    def send(self, data: bytes, do_close: bool = True) -> int:  # noqa: FBT001, FBT002
        sent: int = super().send(data, do_close=do_close)
        self.sent += sent or 0
        return sent

    def readable(self) -> bool:
        return self.lingers or bool(super().readable())

    def writable(self) -> bool:
        return not self.lingers and bool(super().writable()) and not self.being_written()

    def being_written(self) -> bool:
        """Whether a thread writes to it just now: the loop could but ask again and again."""
        if not self.requests:
            return False
        if self.outbuf_lock.acquire(blocking=False):
            self.outbuf_lock.release()
            return False
        self.server.soon = True
        return True

    def handle_read(self) -> None:
        if self.lingers:
            self.recv(self.adj.recv_bytes)  # closes by itself once there is no more
        else:
            super().handle_read()

    def handle_close(self) -> None:
        """Close; but read what a refused client still sends, or it would see no answer."""
        if self.refused and self.connected and not self.lingers:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                self.lingers, self.will_close, self.since = True, False, monotonic()
                return
        super().handle_close()

    def at_work(self) -> bool:
        """Whether a request is being answered, or an answer is on its way out."""
        ends = self.will_close or self.close_when_flushed
        return bool(self.requests or self.total_outbufs_len or ends)

    def overdue(self, now: float, patience: Patience) -> str | None:
        """Which limit of time it has passed, if any."""
        if self.lingers:
            return "linger" if now - self.since > patience.linger else None
        if self.total_outbufs_len:
            return self._stalled(now, patience.stall)
        self.pace = None
        if self.requests:
            return None
        waited = now - self.since
        if self.request is not None:
            whole = self.request.headers_finished
            return _over(waited, patience.body if whole else patience.head, "slow request")
        return _over(waited, patience.idle if self.served else patience.silent, "silence")

    def _stalled(self, now: float, seconds: float) -> str | None:
        began, sent = self.pace or (now, self.sent)
        if self.pace is None or now - began < seconds:
            self.pace = began, sent
            return None
        self.pace = now, self.sent
        return "slow reader" if self.sent - sent < SLOWEST_BYTES_PER_SECOND * seconds else None


def _over(waited: float, most: float, name: str) -> str | None:
    return name if waited > most else None


class Front(TcpWSGIServer):  # type: ignore[misc]
    """A server on one listening socket; ``count`` is told the name of each limit that was met."""

    channel_class = Connection

    def __init__(
        self, application: Any, place: Any, patience: Patience, count: Callable[[str], None],
        **adjusted: Any,
    ) -> None:  # fmt: skip
        self.patience, self.count = patience, count
        self.selector = selectors.DefaultSelector()
        # Those that may be closed for a new one, in the order in which they should be: some that
        # never sent a whole request, and some that wait for the next one.
        self.silent: dict[Connection, None] = {}
        self.idle: dict[Connection, None] = {}
        self.busy: set[Connection] = set()
        self.arriving: dict[Connection, None] = {}
        self.arriving_bytes = 0
        self.of_group: Counter[str] = Counter()
        self.stopping = False
        # A connection was left alone because a thread writes to it.
        self.soon = False
        # Called once a second.
        self.tick: Callable[[], None] = lambda: None
        super().__init__(application, {}, _sock=place, **adjusted)

    # What connections say of themselves.

    def opened(self, one: Connection) -> None:
        """A connection begins."""
        self.silent[one] = None
        if one.group is not None:
            self.of_group[one.group] += 1
        self._watch(one, READ)

    def closed(self, one: Connection) -> None:
        """A connection ends; its socket is still open."""
        if one._fileno is None:
            return  # was closed before
        self._watch(one, 0)
        self.holds(one, 0)
        self.silent.pop(one, None)
        self.idle.pop(one, None)
        self.busy.discard(one)
        if one.group is not None:
            self.of_group[one.group] -= 1
            if self.of_group[one.group] <= 0:
                del self.of_group[one.group]

    def holds(self, one: Connection, held: int) -> None:
        """So many bytes of a request that is not whole are in memory."""
        self.arriving_bytes += held - one.held
        one.held = held
        if not held:
            self.arriving.pop(one, None)
            return
        self.arriving.setdefault(one)
        if self.arriving_bytes > self.patience.bodies_bytes:
            oldest = next(iter(self.arriving))
            self.count("bodies")
            oldest.will_close = True
            self.busy.add(oldest)  # is looked at, and so closed, at the end of this turn

    def add_task(self, task: Connection) -> None:
        """A whole request has come; whichever thread answers it may do so before this returns."""
        self.busy.add(task)
        error = task.requests[0].error
        if error is not None:
            task.refused = True
            self.count(_REFUSALS.get(error.code, "broken request"))
        super().add_task(task)

    # The loop.

    def run(self) -> None:
        """Serve until :meth:`stop` is called; requests that have come by then are answered."""
        self.selector.register(self.socket, READ, self)
        self.selector.register(self.trigger._fileno, READ, self.trigger)
        sweep, end, last = monotonic() + _SWEEP_SECONDS, 0.0, _LAST_TURNS
        while True:
            stopping = self.stopping
            ready = self.selector.select(0 if stopping and not end else self._rest())
            for key, events in ready:
                self._serve(key.data, events)
            for one in tuple(self.busy):
                self._settle(one)
            now = monotonic()
            if now >= sweep:
                sweep = now + _SWEEP_SECONDS
                self.tick()
                self._sweep(now)
            if stopping and ready and last and not end:
                last -= 1  # what came before it was told to stop may be a request
            elif stopping:
                end = end or self._refuse_more(now)
                if now >= end or not self._under_way():
                    break

    def _rest(self) -> float:
        """For how long the loop may sleep where nothing comes."""
        seconds = _SOON_SECONDS if self.soon else _SWEEP_SECONDS
        self.soon = False
        return seconds

    def stop(self) -> None:
        """Have :meth:`run` end, from any thread or from a signal's handler."""
        self.stopping = True
        self.pull_trigger()

    def end(self) -> None:
        """Close everything, after :meth:`run` has ended and nothing else can wake it."""
        self.task_dispatcher.shutdown()
        for one in tuple(self.active_channels.values()):
            one.refused = False
            one.handle_close()
        self.selector.close()
        self.close()

    def _serve(self, one: Any, events: int) -> None:
        try:
            if one is self:
                self._accept()
                return
            if events & READ:
                if isinstance(one, Connection) and not one.readable():
                    self._watch(one, one.watched & ~READ)
                else:
                    one.handle_read_event()
            if events & WRITE and one.connected:
                one.handle_write_event()
        except OSError:
            one.handle_close()
        except Exception:
            self.logger.exception("a connection failed")
            one.handle_close()
        if isinstance(one, Connection):
            self._settle(one)

    def _settle(self, one: Connection) -> None:
        """Watch a connection for what it now waits for."""
        if one._fileno is None:  # closed
            self.busy.discard(one)
            return
        # Asked before what to watch for: a thread that is through in between wakes this loop, and
        # then it must still be among those that are looked at.
        at_work = one.at_work()
        wanted = (READ if one.readable() else 0) | (WRITE if one.writable() else 0)
        # Nothing is read while a request is answered. The system is told so only if something
        # comes: nearly always the client waits, and telling it twice would cost more than that.
        if wanted or one.watched != READ:
            self._watch(one, wanted)
        if at_work:
            self.busy.add(one)
            one.served = one.served or bool(one.requests)
            if one.served:
                self.silent.pop(one, None)
            self.idle.pop(one, None)
        elif one in self.busy:
            self.busy.discard(one)
            one.served = True
            one.since = monotonic()
            self.silent.pop(one, None)
            self.idle[one] = None
            if self.stopping:
                one.handle_close()

    def _watch(self, one: Connection, events: int) -> None:
        if events == one.watched:
            return
        if not one.watched:
            self.selector.register(one._fileno, events, one)
        elif not events:
            self.selector.unregister(one._fileno)
        else:
            self.selector.modify(one._fileno, events, one)
        one.watched = events

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, address = self.socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._make_room():
                    return
                continue
            group = client_group(address[0])
            if group is not None and self.of_group[group] >= self.patience.of_address:
                self.count("connections of an address")
                sock.close()
                continue
            if len(self.active_channels) >= self.patience.connections and not self._make_room():
                sock.close()
                continue
            try:
                self.set_socket_options(sock)
            except OSError:
                sock.close()  # the client has gone already
                continue
            Connection(self, sock, address, self.adj, map=self._map)

    def _make_room(self) -> bool:
        """Close a connection that waits for nothing of ours; false where there is none."""
        self.count("connections")
        for group in (self.silent, self.idle):
            for one in group:
                one.refused = False
                one.handle_close()
                return True
        return False

    def _sweep(self, now: float) -> None:
        for one in tuple(self.active_channels.values()):
            why = one.overdue(now, self.patience)
            if why is not None:
                if why != "linger" and not (why == "silence" and one.served):
                    self.count(why)
                one.refused = False
                one.handle_close()

    def _refuse_more(self, now: float) -> float:
        """Take no more connections; until when those under way may take."""
        self.accepting = False
        self.selector.unregister(self.socket)
        for one in tuple(self.active_channels.values()):
            if not (one.requests or one.request or one.total_outbufs_len):
                one.refused = False
                one.handle_close()
        return now + STOP_SECONDS

    def _under_way(self) -> bool:
        return any(not one.lingers for one in self.active_channels.values())
