"""A proxy that keeps the request lines of what passes: who asked a REST server for what."""

from .proxy import Link, Proxy

METHODS = (b"GET ", b"POST ", b"PUT ", b"DELETE ")


class HTTPTap(Proxy):
    def __init__(self, upstream_port):
        super().__init__(upstream_port)
        self.requests = []

    def _make_link(self, client):
        return HTTPLink(self, client)


class HTTPLink(Link):
    def from_client(self, chunk):
        # Requests without a body, as all of ours are, begin a line.
        for line in chunk.split(b"\r\n"):
            if line.startswith(METHODS):
                self.proxy.requests.append(line.decode(errors="replace"))
        return chunk
