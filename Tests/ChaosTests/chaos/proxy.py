"""A TCP proxy between our processes and one server, with the faults a network has.

    with Proxy(stack.redis.port) as proxy:
        market.through(redis=proxy.port)
        ...
        proxy.cut(); proxy.refuse(); proxy.black_hole(); proxy.delay(0.2); proxy.allow()
"""

import selectors
import socket
import struct
import threading
import time

CHUNK = 65_536


class Proxy:
    """Passes bytes on between whoever connects to `port` and the server's port, which may be set later."""

    def __init__(self, upstream_port=0, listen_port=0):
        self.upstream_port = upstream_port
        self._listener = socket.create_server(("127.0.0.1", listen_port), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._links = set()
        self._refuses = False
        self._black_hole = threading.Event()
        self._delay = 0.0
        self._ended = threading.Event()
        self.connections = 0

    def start(self):
        threading.Thread(target=self._accept, name=f"proxy {self.port}", daemon=True).start()
        return self

    def stop(self):
        self._ended.set()
        # Wakes the accepting thread.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.cut()

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.stop()

    # MARK: faults

    def cut(self):
        """Resets every connection that is open."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.reset()

    def refuse(self):
        """Resets every new connection; open ones stay until `cut`."""
        self._refuses = True

    def allow(self):
        """Ends refusing, black hole and delay."""
        self._refuses = False
        self._delay = 0.0
        self._black_hole.clear()

    def black_hole(self):
        """Connections stay and can be made, and nothing passes; what was sent passes after `allow`."""
        self._black_hole.set()

    def delay(self, seconds):
        """Everything passes so much later."""
        self._delay = seconds

    # MARK: passing on

    def _accept(self):
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                reset(client)
                continue
            self.connections += 1
            link = self._make_link(client)
            with self._lock:
                self._links.add(link)
            threading.Thread(target=self._serve, args=[link], name=f"proxy {self.port} link", daemon=True).start()

    def _make_link(self, client):
        return Link(self, client)

    def _serve(self, link):
        try:
            link.run()
        finally:
            with self._lock:
                self._links.discard(link)

    def hold(self):
        """Waits as long as the present fault wants; false once the proxy has ended."""
        if self._delay:
            time.sleep(self._delay)
        while self._black_hole.is_set():
            if self._ended.wait(0.02):
                return False
        return not self._ended.is_set()


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client = client
        self.server = None

    def run(self):
        try:
            self.server = socket.create_connection(("127.0.0.1", self.proxy.upstream_port), 10)
            self.server.settimeout(None)
            for end in (self.client, self.server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pass_on()
        except (OSError, ValueError):
            pass
        finally:
            self.reset()

    def _pass_on(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.client, selectors.EVENT_READ, (self.client, self.server, self.from_client))
            selector.register(self.server, selectors.EVENT_READ, (self.server, self.client, self.from_server))
            while True:
                for key, _ in selector.select(1):
                    source, target, look = key.data
                    chunk = source.recv(CHUNK)
                    if not self.proxy.hold():
                        return
                    if not chunk:
                        return
                    chunk = look(chunk)
                    if chunk:
                        target.sendall(chunk)

    def from_client(self, chunk):
        """What of a chunk goes to the server."""
        return chunk

    def from_server(self, chunk):
        """What of a chunk goes to the client."""
        return chunk

    def reset(self):
        for end in (self.client, self.server):
            if end is not None:
                reset(end)


def reset(end):
    """Closes a socket so that the other side sees a reset and not an orderly end."""
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    try:
        # Wakes a thread that waits for it.
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
