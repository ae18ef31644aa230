"""Every limit of the server, each with its reason; docs/serving.md shows them all.

A limit is chosen so that a listener never meets it, a laboratory of thirty browsers behind one
address neither, and whoever means harm soon does.
"""

from dataclasses import dataclass, replace

# Connections. A browser holds up to 6: this is room for 400 listeners, in 1 kB each.
CONNECTIONS = 2_500
# Of one address: a laboratory of 30 browsers holds 180. Not for this machine's own addresses,
# where a proxy is.
CONNECTIONS_OF_ADDRESS = 600
# Of one address to one of several processes, at least: connections do not come to them evenly, and
# those of a laboratory may all come to one.
CONNECTIONS_OF_LABORATORY = 200
# Until the first byte of a request: browsers open connections ahead of need, and open them again.
SILENT_SECONDS = 10
# For the head of a request, from its first byte: a whole one fits into one or two packets.
HEAD_SECONDS = 10
# For a body from the first byte of its request: 200 kB at 5 kB/s take 40 seconds.
BODY_SECONDS = 60
# Between two requests: a listener who works on a page sends something sooner.
IDLE_SECONDS = 30
# An answer goes out at least this fast, counted over so many seconds: the slowest mobile network is
# ten times faster.
SLOWEST_BYTES_PER_SECOND = 500
STALL_SECONDS = 30
# What a refused client still sends is thrown away so long, so that it reads why it was refused.
LINGER_SECONDS = 2

# The head of a request: a link, a cookie of 4 kB at most, and what browsers say of themselves.
HEAD_BYTES = 16 * 1024
# A body: the page sends at most 200 events or 200 kB at once; one comment is at most 80 kB.
BODY_BYTES = 1024 * 1024
# Bodies that have begun to arrive and are not whole, together: these are kept in memory, never in
# a file. Beyond it the one that takes longest is closed.
BODIES_BYTES = 64 * 1024 * 1024
# A form, in bytes and in fields: that of the welcome page has three short ones.
FORM_BYTES = 8 * 1024
FORM_FIELDS = 20
# Threads wait for the disk, not for the processor, and never for a client.
THREADS = 8
# For requests that are under way when the server is told to stop.
STOP_SECONDS = 10


@dataclass(frozen=True)
class Rate:
    """So many at once, and then one for each ``1 / per_second`` seconds."""

    at_once: int
    per_second: float


# A session's page sends one batch after another: 8 in a second while a marker is dragged. After an
# hour without network it has 100 batches, one at a time.
SESSION = Rate(200, 20.0)
# An address may be a laboratory: 30 browsers that load a page of 20 files, and go on at 8 a second.
ADDRESS = Rate(1_500, 300.0)
# Links that are not there, of one address: a mistyped one is tried a few times. A link holds 128
# random bits, so that guessing one is hopeless at any rate; this keeps it from being tried.
MISSES = Rate(60, 1.0)
# Sessions begun in one browser: an experimenter tries a study some ten times in a row.
BEGUN_IN_BROWSER = Rate(20, 20 / 3600)
# Sessions begun from one address: a lecture theatre at once, a laboratory for weeks.
BEGUN_AT_ADDRESS = Rate(300, 600 / 3600)


@dataclass(frozen=True)
class Rates:
    """The rates of one server; a simulation, which is as fast as it can be, has none."""

    session: Rate = SESSION
    address: Rate = ADDRESS
    misses: Rate = MISSES
    begun_in_browser: Rate = BEGUN_IN_BROWSER
    begun_at_address: Rate = BEGUN_AT_ADDRESS


@dataclass(frozen=True)
class Patience:
    """For how long a connection may do nothing, in seconds, and how many there may be."""

    connections: int = CONNECTIONS
    of_address: int = CONNECTIONS_OF_ADDRESS
    silent: float = SILENT_SECONDS
    head: float = HEAD_SECONDS
    body: float = BODY_SECONDS
    idle: float = IDLE_SECONDS
    stall: float = STALL_SECONDS
    linger: float = LINGER_SECONDS
    bodies_bytes: int = BODIES_BYTES

    def shared_by(self, processes: int) -> "Patience":
        """That of one of so many processes: what they hold together stays the same.

        But for what a laboratory needs, whose connections may all come to one: of many processes,
        each holds more than its part.
        """
        if processes == 1:
            return self
        of_address = min(self.of_address, CONNECTIONS_OF_LABORATORY)
        return replace(
            self,
            connections=min(
                self.connections, max(2 * of_address, -(-self.connections // processes))
            ),
            of_address=max(of_address, -(-self.of_address // processes)),
            bodies_bytes=-(-self.bodies_bytes // processes),
        )
