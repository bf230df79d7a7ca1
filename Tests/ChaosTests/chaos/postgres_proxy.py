"""A proxy that knows PostgreSQL's protocol: it can lose the reply to a COMMIT, or the COMMIT itself.

    proxy.drop_next_commit_reply()                 the server has committed, the client sees the connection cut
    proxy.cut_before_next_commit()                 the server has run the statements and never gets the COMMIT
    proxy.drop_next_commit_reply(tick_only=True)   waits for a commit that moves no offset
    proxy.wait_fired(1, 30)
"""

import struct
import threading

from .proxy import Link, Proxy

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80_877_103, 80_877_104, 80_877_102
FENCE = b"commit_partitions"


class PostgresProxy(Proxy):
    """Counts and harms the commits of processors: transactions that begin with commit_partitions(...)."""

    def __init__(self, upstream_port, listen_port=0):
        super().__init__(upstream_port, listen_port)
        self.commits = 0
        self.ticks = 0
        self.fired = 0
        # Called before a COMMIT is passed on, in the link's thread; true: the COMMIT is dropped and the link cut.
        self.before_commit = None
        self._armed = []
        self._changed = threading.Condition()
        # partition -> next offset of the last commit seen
        self._offsets = {}

    def drop_next_commit_reply(self, count=1, tick_only=False):
        self._arm("reply", count, tick_only)

    def cut_before_next_commit(self, count=1, tick_only=False):
        self._arm("commit", count, tick_only)

    def wait_fired(self, count, seconds):
        """Until so many faults have happened; whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: self.fired >= count, seconds)

    def _arm(self, what, count, tick_only):
        with self._changed:
            self._armed += [(what, tick_only)] * count

    def take(self, offsets):
        """The fault for a commit that is about to be passed on, if one is armed for it."""
        with self._changed:
            is_tick = bool(offsets) and all(self._offsets.get(place) == offset for place, offset in offsets.items())
            self.commits += 1
            self.ticks += is_tick
            for index, (what, tick_only) in enumerate(self._armed):
                if is_tick or not tick_only:
                    del self._armed[index]
                    return what
        return None

    def passed(self, offsets):
        with self._changed:
            self._offsets.update(offsets)

    def happened(self):
        with self._changed:
            self.fired += 1
            self._changed.notify_all()

    def _make_link(self, client):
        return PostgresLink(self, client)


class PostgresLink(Link):
    def __init__(self, proxy, client):
        super().__init__(proxy, client)
        self._from_client = b""
        self._from_server = b""
        self._is_started = False
        # Replies of one byte to SSL and GSS requests that are still to come.
        self._short_replies = 0
        # name of a prepared statement -> its text
        self._statements = {}
        self._bound = b""
        # {(topic, partition): next offset} of the transaction under way; None where it is no processor's.
        self._offsets = None
        self._drops_reply = False

    # MARK: client to server

    def from_client(self, chunk):
        self._from_client += chunk
        out = b""
        while True:
            message = self._next_from_client()
            if message is None:
                return out
            if self._is_commit(message):
                fault = self._fault(out)
                out = b""
                if fault == "commit":
                    raise ValueError("cut before COMMIT")
            out += message

    def _next_from_client(self):
        data = self._from_client
        if not self._is_started:
            if len(data) < 8:
                return None
            length, code = struct.unpack_from("!ii", data)
            if len(data) < length:
                return None
            if code in (SSL_REQUEST, GSS_REQUEST):
                self._short_replies += 1
            else:
                self._is_started = True
        else:
            if len(data) < 5:
                return None
            length = struct.unpack_from("!i", data, 1)[0] + 1
            if len(data) < length:
                return None
        self._from_client = data[length:]
        return data[:length]

    def _is_commit(self, message):
        """Follows the statements; whether this executes a processor's COMMIT."""
        kind, body = message[:1], message[5:]
        if not self._is_started or kind not in (b"P", b"B", b"E", b"Q"):
            return False
        if kind == b"P":
            name, text = body.split(b"\0", 2)[:2]
            self._statements[name] = text
        elif kind == b"B":
            portal, name = body.split(b"\0", 2)[:2]
            self._bound = self._statements.get(name, b"")
            if FENCE in self._bound:
                self._offsets = fence_offsets(body[len(portal) + len(name) + 2 :])
            elif self._bound == b"BEGIN":
                self._offsets = None
        elif kind == b"E":
            return self._bound == b"COMMIT" and self._offsets is not None
        return False

    def _fault(self, before):
        offsets = self._offsets
        fault = self.proxy.take(offsets)
        hook = self.proxy.before_commit
        if before:
            self.server.sendall(before)
        if hook is not None and hook():
            fault = "commit"
        if fault == "commit":
            self.proxy.happened()
        else:
            self._drops_reply = fault == "reply"
            self.proxy.passed(offsets)
        self._offsets = None
        return fault

    # MARK: server to client

    def from_server(self, chunk):
        self._from_server += chunk
        out = b""
        while True:
            data = self._from_server
            if self._short_replies and data:
                length = 1
                self._short_replies -= 1
            elif len(data) < 5:
                return out
            else:
                length = struct.unpack_from("!i", data, 1)[0] + 1
                if len(data) < length:
                    return out
                if self._drops_reply and data[:1] == b"C" and data[5:length] == b"COMMIT\0":
                    self.proxy.happened()
                    raise ValueError("the reply to COMMIT is lost")
            out += data[:length]
            self._from_server = data[length:]


def fence_offsets(rest):
    """{(topic, partition): next offset} out of the parameters of commit_partitions(topic, partitions, owners, epochs,
    commit_seqs, next_offsets, ...), arrays in binary form; rest: a Bind message after its names."""
    count = struct.unpack_from("!h", rest)[0]
    at = 2 + 2 * count + 2
    parameters = []
    for _ in range(struct.unpack_from("!h", rest, 2 + 2 * count)[0]):
        length = struct.unpack_from("!i", rest, at)[0]
        at += 4
        parameters.append(rest[at : at + max(0, length)])
        at += max(0, length)
    topic = parameters[0].decode()
    places = [(topic, partition) for partition in integers(parameters[1])]
    return dict(zip(places, integers(parameters[5]), strict=True))


def integers(array):
    """The elements of a binary array of integers."""
    dimensions = struct.unpack_from("!i", array)[0]
    if dimensions == 0:
        return []
    count = struct.unpack_from("!i", array, 12)[0]
    at = 20
    found = []
    for _ in range(count):
        length = struct.unpack_from("!i", array, at)[0]
        found.append(int.from_bytes(array[at + 4 : at + 4 + length], "big", signed=True))
        at += 4 + length
    return found
