from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellclf.data.download import download
from cellclf.errors import DataError, PluginError, RunError
from cellclf.progress import Silent, Task
from tests.data.file_server import FileServer, serving

CONTENT = np.random.default_rng(5).bytes(5_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
BROKEN_AT = 1 << 21


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(FileServer(content=CONTENT)) as running:
        yield running


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "sets of Zoë" / "cells.zip"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@dataclass
class Listener(Silent):
    """Notes what is told."""

    said: list[str] = field(default_factory=list)
    tasks: list[tuple[str, int, list[int]]] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.said.append(message)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        steps: list[int] = []
        self.tasks.append((description, total, steps))

        class Steps:
            def advance(self, count: int = 1, *, note: str = "") -> None:
                steps.append(count)

        yield Steps()


def test_the_file_arrives_whole_and_alone(server: FileServer, to: Path) -> None:
    assert download(server.address(), to, sha256=SHA256, size=len(CONTENT)) == to
    assert to.read_bytes() == CONTENT
    assert names_in(to.parent) == ["cells.zip"]


def test_a_sum_by_md5_will_do_and_case_does_not_matter(server: FileServer, to: Path) -> None:
    download(server.address(), to, md5=MD5.upper())
    assert to.read_bytes() == CONTENT


def test_a_sum_must_be_given(to: Path) -> None:
    with pytest.raises(PluginError, match=r"must be given `sha256` or `md5`"):
        download("https://example.org/cells.zip", to)


def test_progress_is_told_in_mebibytes(server: FileServer, to: Path) -> None:
    listener = Listener()
    download(server.address(), to, sha256=SHA256, progress=listener)
    [(description, total, steps)] = listener.tasks
    assert description == "cells.zip, MiB"
    assert total == sum(steps) == 5


def test_what_is_there_and_right_is_not_fetched_again(server: FileServer, to: Path) -> None:
    to.parent.mkdir()
    to.write_bytes(CONTENT)
    listener = Listener()
    download(server.address(), to, sha256=SHA256, progress=listener)
    assert server.asked == []
    assert listener.said == [f"{to} is there already"]


def test_a_file_is_fetched_by_one_process_at_a_time(server: FileServer, to: Path) -> None:
    class Curious(Listener):
        @contextmanager
        def task(self, description: str, total: int) -> Iterator[Task]:
            with pytest.raises(DataError, match=r"cells.zip is being fetched by another process"):
                download(server.address(), to, sha256=SHA256)
            with super().task(description, total) as task:
                yield task

    download(server.address(), to, sha256=SHA256, progress=Curious())
    assert to.read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_another_file_that_is_in_the_way_is_left_alone(server: FileServer, to: Path) -> None:
    to.parent.mkdir()
    to.write_bytes(b"mine")
    with pytest.raises(DataError, match=r"cells.zip is in the way.*Move it away"):
        download(server.address(), to, sha256=SHA256)
    assert to.read_bytes() == b"mine"
    assert server.asked == []


def test_a_broken_connection_is_taken_up_where_it_broke(server: FileServer, to: Path) -> None:
    server.breaks_after = [BROKEN_AT]
    listener = Listener()
    download(server.address(), to, sha256=SHA256, progress=listener)
    assert to.read_bytes() == CONTENT
    assert server.asked == [
        ("/cells.zip", None, None),
        ("/cells.zip", f"bytes={BROKEN_AT}-", '"1"'),
    ]
    [(_, total, steps)] = listener.tasks
    assert total == sum(steps) == 5


def test_a_connection_that_breaks_without_a_length_is_noticed(server: FileServer, to: Path) -> None:
    server.says_length = False
    server.breaks_after = [BROKEN_AT]
    download(server.address(), to, sha256=SHA256, size=len(CONTENT))
    assert to.read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_download_that_was_given_up_goes_on_in_the_next_call(
    server: FileServer, to: Path
) -> None:
    server.breaks_after = [BROKEN_AT, 0, 0, 0]
    with pytest.raises(
        DataError, match=r"the connection broke.* The 2 MiB that came are kept.*connected"
    ):
        download(server.address(), to, sha256=SHA256)
    assert not to.exists()
    assert (to.parent / "cells.zip.part").read_bytes() == CONTENT[:BROKEN_AT]
    server.asked.clear()
    download(server.address(), to, sha256=SHA256)
    assert server.asked == [("/cells.zip", f"bytes={BROKEN_AT}-", '"1"')]
    assert to.read_bytes() == CONTENT
    assert names_in(to.parent) == ["cells.zip"]


def test_a_person_who_stops_it_keeps_what_has_come(server: FileServer, to: Path) -> None:
    class Impatient(Listener):
        @contextmanager
        def task(self, description: str, total: int) -> Iterator[Task]:
            class Stop:
                def advance(self, count: int = 1, *, note: str = "") -> None:
                    raise KeyboardInterrupt

            yield Stop()

    with pytest.raises(KeyboardInterrupt):
        download(server.address(), to, sha256=SHA256, progress=Impatient())
    assert names_in(to.parent) == ["cells.zip.part", "cells.zip.part.from"]
    download(server.address(), to, sha256=SHA256)
    assert server.asked[-1][1] is not None
    assert to.read_bytes() == CONTENT


@settings(max_examples=8)
@given(
    breaks=st.lists(st.integers(1 << 17, len(CONTENT)), max_size=2),
    ranges=st.booleans(),
    says_length=st.booleans(),
)
def test_whatever_breaks_there_is_the_whole_file_or_none_and_the_same_again_brings_it(
    breaks: list[int], ranges: bool, says_length: bool
) -> None:
    with TemporaryDirectory() as folder:
        to = Path(folder) / "cells.zip"
        faulty = FileServer(
            content=CONTENT, breaks_after=breaks, ranges=ranges, says_length=says_length
        )
        with serving(faulty) as server:
            with suppress(DataError):
                download(server.address(), to, sha256=SHA256, size=len(CONTENT))
            assert not to.exists() or to.read_bytes() == CONTENT
            download(server.address(), to, sha256=SHA256, size=len(CONTENT))
            assert to.read_bytes() == CONTENT
            assert names_in(to.parent) == ["cells.zip"]


def test_a_server_without_ranges_gives_all_of_it_again(server: FileServer, to: Path) -> None:
    server.ranges = False
    server.breaks_after = [BROKEN_AT]
    listener = Listener()
    download(server.address(), to, sha256=SHA256, progress=listener)
    assert to.read_bytes() == CONTENT
    [(_, total, steps)] = listener.tasks
    assert total == sum(steps) == 5


def test_a_file_that_changed_on_the_server_is_fetched_anew(server: FileServer, to: Path) -> None:
    server.content, server.tag = b"x" * len(CONTENT), '"0"'
    server.breaks_after = [BROKEN_AT, 0, 0, 0]
    with pytest.raises(DataError):
        download(server.address(), to, sha256=SHA256)
    server.content, server.tag = CONTENT, '"1"'
    download(server.address(), to, sha256=SHA256)
    assert to.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_part_of_something_else_is_given_up_for_the_whole(
    server: FileServer, to: Path, size: int | None
) -> None:
    to.parent.mkdir()
    (to.parent / "cells.zip.part").write_bytes(b"x" * 1000)
    download(server.address(), to, sha256=SHA256, size=size)
    assert to.read_bytes() == CONTENT
    assert names_in(to.parent) == ["cells.zip"]


@pytest.mark.parametrize("surplus", [0, 10])
def test_a_part_that_is_whole_or_longer_than_the_file_is_no_end(
    server: FileServer, to: Path, surplus: int
) -> None:
    to.parent.mkdir()
    (to.parent / "cells.zip.part").write_bytes(CONTENT + b"x" * surplus)
    download(server.address(), to, sha256=SHA256)
    assert to.read_bytes() == CONTENT


def test_a_whole_part_of_known_size_needs_no_connection(to: Path) -> None:
    to.parent.mkdir()
    (to.parent / "cells.zip.part").write_bytes(CONTENT)
    download("https://127.0.0.1:9/cells.zip", to, sha256=SHA256, size=len(CONTENT))
    assert to.read_bytes() == CONTENT


def test_another_content_is_refused_and_removed(server: FileServer, to: Path) -> None:
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(DataError, match=rf"must have the sha256 sum {SHA256}. Received: \w+ \("):
        download(server.address(), to, sha256=SHA256)
    assert names_in(to.parent) == []


def test_another_length_is_refused_before_anything_is_fetched(server: FileServer, to: Path) -> None:
    with pytest.raises(DataError, match=r"must have 4,999,999 bytes. Received: 5,000,000"):
        download(server.address(), to, sha256=SHA256, size=len(CONTENT) - 1)
    assert not to.parent.exists()


def test_more_than_the_known_length_is_not_written_down(server: FileServer, to: Path) -> None:
    server.says_length = False
    with pytest.raises(DataError, match=r"more than the 3,000,000 bytes"):
        download(server.address(), to, sha256=SHA256, size=3_000_000)
    assert names_in(to.parent) == []


def test_a_missing_file_is_said_at_once(server: FileServer, to: Path) -> None:
    server.statuses = [404]
    with pytest.raises(DataError, match=r"could not be fetched. .*: it answers with status 404"):
        download(server.address(), to, sha256=SHA256)
    assert len(server.asked) == 1
    assert not to.parent.exists()


def test_a_server_that_is_busy_is_asked_again(server: FileServer, to: Path) -> None:
    server.statuses = [503]
    download(server.address(), to, sha256=SHA256)
    assert to.read_bytes() == CONTENT


def test_the_next_address_is_tried_where_one_fails(server: FileServer, to: Path) -> None:
    server.statuses = [404]
    listener = Listener()
    addresses = [server.address("/gone"), server.address("/mirror")]
    download(addresses, to, sha256=SHA256, progress=listener)
    assert [path for path, *_ in server.asked] == ["/gone", "/mirror"]
    assert any(f"trying {addresses[1]}" in said for said in listener.said)


def test_a_mirror_goes_on_with_what_another_began(server: FileServer, to: Path) -> None:
    with serving(FileServer(content=CONTENT, breaks_after=[BROKEN_AT, 0, 0, 0])) as first:
        download([first.address(), server.address()], to, sha256=SHA256)
    assert server.asked == [("/cells.zip", f"bytes={BROKEN_AT}-", None)]
    assert to.read_bytes() == CONTENT


def test_without_a_connection_every_address_is_named(to: Path) -> None:
    addresses = ["https://127.0.0.1:9/a", "https://127.0.0.1:9/b"]
    with pytest.raises(DataError) as refusal:
        download(addresses, to, sha256=SHA256)
    said = str(refusal.value)
    assert "https://127.0.0.1:9/a: no connection; https://127.0.0.1:9/b: no connection" in said
    assert "connected to the internet?" in said
    assert said.endswith(f", make the folder {to.parent}, and put it here: {to}")
    assert ".." not in said
    assert not to.parent.exists()


def test_redirections_are_followed(server: FileServer, to: Path) -> None:
    server.redirections = {"/latest": "/v2/cells.zip", "/v2/cells.zip": server.address("/cells")}
    download(server.address("/latest"), to, sha256=SHA256)
    assert [path for path, *_ in server.asked] == ["/latest", "/v2/cells.zip", "/cells"]


def test_redirections_that_never_end_are_given_up(server: FileServer, to: Path) -> None:
    server.redirections = {"/round": "/round"}
    with pytest.raises(DataError, match=r"redirects more than 10 times"):
        download(server.address("/round"), to, sha256=SHA256)


@pytest.mark.parametrize(
    "target", ["http://example.org/cells.zip", "ftp://127.0.0.1/cells.zip", "file:///etc/passwd"]
)
def test_redirections_lead_to_https_alone(server: FileServer, to: Path, target: str) -> None:
    server.redirections = {"/cells.zip": target}
    with pytest.raises(DataError, match=rf"redirects; .* begin with https://. Received: {target}"):
        download(server.address(), to, sha256=SHA256)


@pytest.mark.parametrize("url", ["http://example.org/cells.zip", "cells.zip", "file:///cells"])
def test_an_address_that_is_not_https_is_refused(to: Path, url: str) -> None:
    with pytest.raises(DataError, match=rf"must begin with https://. Received: {url}"):
        download(url, to, sha256=SHA256)


def test_a_place_that_cannot_be_written_is_said(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot be written"):
        download(server.address(), tmp_path / "file" / "cells.zip", sha256=SHA256)


def test_a_place_without_room_is_said_beforehand(server: FileServer, to: Path) -> None:
    more = shutil.disk_usage(to.parent.parent).free * 2
    with pytest.raises(RunError, match=r"must have room for .* bytes more. Received: .* free"):
        download(server.address(), to, sha256=SHA256, size=more)
    assert server.asked == []
