"""One attempt at bringing the bytes of an address into a file, from where an earlier one stopped.

Only `https` is spoken, at every redirection too; plain `http` is let through to this very machine
alone, where a mirror may run and the tests do. What comes is written down and nothing else: it is
not unpacked, not decoded, not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import requests

from cellclf import __version__

__all__ = ["BrokenOffError", "NotServedError", "Partial", "Tally", "transfer"]

CHUNK_BYTES = 1 << 16
"""What is lost of a connection that breaks, at most."""
CONNECT_SECONDS = 15
SILENT_SECONDS = 60
"""How long a server may send nothing before the connection counts as lost."""

MOST_REDIRECTIONS = 10
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
WHOLE, REST, NOT_THAT_RANGE = 200, 206, 416

TOO_MANY_REQUESTS, SERVER_ERRORS = 429, 500
"""Statuses, the second and above, that may be another one a moment later."""


class Tally(Protocol):
    """Whoever counts what arrives."""

    def starts(self, held: int, length: int) -> None:
        """The file goes on from byte `held` of `length`, which is 0 where it is not known."""

    def add(self, count: int) -> None:
        """So many bytes more are in the file."""


class NotServedError(Exception):
    """The address cannot give the file, however often it is asked."""


class BrokenOffError(Exception):
    """The connection failed or broke; another attempt may go on from here."""


@dataclass(frozen=True, kw_only=True)
class Partial:
    """A file that is not whole yet, and beside it which version of what it is a part of.

    Attributes:
        path: The file; it need not exist.
    """

    path: Path

    @property
    def _note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.from")

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def version(self, url: str) -> str:
        """What the server of `url` called this version (an ETag or a date); empty if not known."""
        if not self._note.is_file():
            return ""
        noted_url, _, version = self._note.read_text(encoding="utf-8").partition("\n")
        return version if noted_url == url else ""

    def begin(self, url: str, version: str) -> None:
        """Start anew, as a part of `version` of `url`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_text(f"{url}\n{version}", encoding="utf-8")
        self.path.write_bytes(b"")

    def remove(self) -> None:
        """Take it away, with the note."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def place(self, path: Path) -> None:
        """Let it become `path`."""
        self.path.replace(path)
        self._note.unlink(missing_ok=True)


def transfer(url: str, partial: Partial, *, size: int | None, most: int, tally: Tally) -> None:
    """Bring what `partial` lacks of `url`.

    Where the server honours ranges and still has the same version, the rest alone is asked for;
    otherwise all of it comes again. Two addresses of one file may share a `partial`: whether the
    parts fit is for the checksum to say.

    Args:
        url: The address.
        partial: What an earlier attempt left.
        size: Length of the file in bytes, where it is known.
        most: Longest content that is taken, in bytes.
        tally: Told of every chunk.

    Raises:
        NotServedError: No such file, a redirection to elsewhere than `https`, or another length.
        BrokenOffError: No connection, or not to the end.
        OSError: The file cannot be written.
    """
    held = partial.size
    with _answer(url, _wanted(partial, url)) as response:
        status = response.status_code
        if status == NOT_THAT_RANGE and _total(response) == held:
            return
        if status == NOT_THAT_RANGE or (status == REST and _first(response) != held):
            partial.remove()
            raise BrokenOffError("its file is another than the part that is here")
        if status == TOO_MANY_REQUESTS or status >= SERVER_ERRORS:
            raise BrokenOffError(f"it answers with status {status} ({response.reason})")
        if status not in (WHOLE, REST):
            raise NotServedError(f"it answers with status {status} ({response.reason})")
        if status == WHOLE:
            held = 0
        length = _length(response)
        if length:
            length += held
        if length > most or (length and size is not None and length != size):
            wanted = f"{most:,} at most" if size is None else f"{size:,}"
            raise NotServedError(f"the file must have {wanted} bytes. Received: {length:,}")
        if status == WHOLE:
            partial.begin(url, _version(response))
        tally.starts(held, length)
        _write(response, partial, most, tally)


def _wanted(partial: Partial, url: str) -> dict[str, str]:
    # Bytes as they are on the server: packed on the way, neither length nor ranges would fit.
    headers = {"Accept-Encoding": "identity", "User-Agent": f"cellclf/{__version__}"}
    if partial.size:
        headers["Range"] = f"bytes={partial.size}-"
        if version := partial.version(url):
            headers["If-Range"] = version
    return headers


@contextmanager
def _answer(url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    """The answer of the last address that `url` leads to."""
    _require_safe(url, before=None)
    with requests.Session() as session:
        for _ in range(MOST_REDIRECTIONS):
            session.trust_env = not _is_local(url)  # no proxy leads to this machine
            try:
                response = session.get(
                    url,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=(CONNECT_SECONDS, SILENT_SECONDS),
                )
            except requests.RequestException as error:
                raise BrokenOffError(_plain(error)) from error
            target = response.headers.get("Location")
            if response.status_code not in REDIRECTIONS or not target:
                with response:
                    yield response
                return
            response.close()
            before, url = url, urljoin(url, target)
            _require_safe(url, before=before)
    raise NotServedError(f"it redirects more than {MOST_REDIRECTIONS} times")


def _require_safe(url: str, *, before: str | None) -> None:
    address = urlsplit(url)
    # A server of the world may not send us to what runs on this machine.
    local = before is None or _is_local(before)
    if address.scheme == "https" or (local and _is_local(url) and address.scheme == "http"):
        return
    redirected = "" if before is None else f"{before} redirects; "
    raise NotServedError(f"{redirected}an address must begin with https://. Received: {url}")


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _write(response: requests.Response, partial: Partial, most: int, tally: Tally) -> None:
    written = partial.size
    with partial.path.open("ab") as file:
        try:
            for chunk in response.iter_content(CHUNK_BYTES):
                written += len(chunk)
                if written > most:
                    break
                file.write(chunk)
                tally.add(len(chunk))
        except requests.RequestException as error:
            raise BrokenOffError(_plain(error)) from error
    if written > most:
        partial.remove()
        raise NotServedError(f"it sends more than the {most:,} bytes that are expected")


def _version(response: requests.Response) -> str:
    """What `If-Range` accepts: a strong ETag, or else the date of the last change."""
    tag: str = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    date: str = response.headers.get("Last-Modified", "")
    return date


def _length(response: requests.Response) -> int:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else 0


def _first(response: requests.Response) -> int | None:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _total(response: requests.Response) -> int | None:
    found = re.match(r"bytes \*/(\d+)", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _plain(error: requests.RequestException) -> str:
    """What went wrong in a few words: what the library says runs to several lines."""
    kinds = {
        requests.exceptions.SSLError: "its certificate is not accepted",
        requests.exceptions.ProxyError: "the proxy cannot be reached",
        requests.exceptions.ConnectTimeout: f"no answer within {CONNECT_SECONDS} s",
        requests.exceptions.ReadTimeout: f"nothing came for {SILENT_SECONDS} s",
        requests.exceptions.ChunkedEncodingError: "the connection broke",
        requests.exceptions.ConnectionError: "no connection",
    }
    named = (words for kind, words in kinds.items() if isinstance(error, kind))
    return next(named, str(error))
