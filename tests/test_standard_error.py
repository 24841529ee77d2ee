from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from cellclf.standard_error import without_lines

INFO = re.compile(rb"INFO: ")


def test_lines_that_begin_as_is_said_are_held_back_and_others_come_in_their_order(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with without_lines(INFO):
        os.write(2, b"first\nINFO: a delegate was made\nnot INFO: of that kind\n")
        assert capfd.readouterr().err == ""
    os.write(2, b"INFO: after it\n")
    assert capfd.readouterr().err == "first\nnot INFO: of that kind\nINFO: after it\n"


def test_what_was_written_is_shown_when_something_is_raised(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ImportError), without_lines(INFO):
        os.write(2, b"libcudart.so: no such file\n")
        raise ImportError
    assert capfd.readouterr().err == "libcudart.so: no such file\n"


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are closed in another way there")
def test_a_process_without_standard_error_is_left_as_it_is() -> None:
    code = """
import os, re
os.close(2)
from cellclf.standard_error import without_lines
with without_lines(re.compile(b"")):
    print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "done\n"
