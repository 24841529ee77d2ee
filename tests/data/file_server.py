"""A web server on this machine that serves one file, with the faults that servers have."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What is served, and how.

    Attributes:
        content: The file, at every address but those of `redirections`.
        ranges: Whether a part of it may be asked for.
        tag: Its ETag.
        breaks_after: How many bytes each answer to come gives before the connection breaks; one
            number is used up by an answer.
        says_length: Whether the length is told beforehand.
        statuses: What the next answers are instead of the file.
        redirections: Where paths lead.
        asked: Every request: path, `Range` and `If-Range`.
    """

    content: bytes = b""
    ranges: bool = True
    tag: str = '"1"'
    breaks_after: list[int] = field(default_factory=list)
    says_length: bool = True
    statuses: list[int] = field(default_factory=list)
    redirections: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    port: int = 0

    def address(self, path: str = "/cells.zip") -> str:
        """Where the file is."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serving(server: FileServer) -> Iterator[FileServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            _answer(self, server)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def _answer(request: BaseHTTPRequestHandler, server: FileServer) -> None:
    wanted, version = request.headers.get("Range"), request.headers.get("If-Range")
    server.asked.append((request.path, wanted, version))
    if request.path in server.redirections:
        request.send_response(302)
        request.send_header("Location", server.redirections[request.path])
        request.end_headers()
        return
    if server.statuses:
        request.send_response(server.statuses.pop(0))
        request.end_headers()
        return
    first = 0
    if wanted and server.ranges and version in (None, server.tag):
        first = int(wanted.removeprefix("bytes=").removesuffix("-"))
    if first >= len(server.content):
        request.send_response(416)
        request.send_header("Content-Range", f"bytes */{len(server.content)}")
        request.end_headers()
        return
    body = server.content[first:]
    request.send_response(206 if first else 200)
    if first:
        last = len(server.content) - 1
        request.send_header("Content-Range", f"bytes {first}-{last}/{len(server.content)}")
    if server.says_length:
        request.send_header("Content-Length", str(len(body)))
    request.send_header("ETag", server.tag)
    request.end_headers()
    with suppress(ConnectionError):  # a client that has seen enough
        request.wfile.write(body[: server.breaks_after.pop(0)] if server.breaks_after else body)
