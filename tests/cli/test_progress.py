from __future__ import annotations

import time
from io import StringIO

import pytest
from rich.console import Console

from cellclf.cli.progress import _duration, _Line, lines, terminal
from cellclf.progress import Progress


def work(progress: Progress) -> None:
    progress.say("[red]cells[/red]")
    progress.warn("one is missing")
    with progress.task("training", 3) as task:
        task.advance(2, note="loss 0.5")
        task.advance()


def test_a_log_gets_plain_lines_with_counts_and_the_last_note(
    capsys: pytest.CaptureFixture[str],
) -> None:
    work(lines())
    said, warned, ended = capsys.readouterr().err.splitlines()
    assert said == "[red]cells[/red]"
    assert warned == "Warning: one is missing"
    assert ended.startswith("training: 3/3 in ")
    assert ended.endswith(" s  loss 0.5")


def test_long_work_tells_a_log_how_much_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    work(lines(seconds_between=0))
    assert "training: 2/3, about 0 s left  loss 0.5" in capsys.readouterr().err


def test_a_terminal_gets_bars_and_what_is_said_as_it_is_written() -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=True, width=100, color_system=None)
    with terminal(console) as progress:
        work(progress)
    shown = written.getvalue()
    assert "[red]cells[/red]" in shown
    assert "Warning: one is missing" in shown
    assert "3/3" in shown
    assert "loss 0.5" in shown


def test_steps_of_a_run_that_was_stopped_do_not_make_the_rest_look_short(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = time.monotonic()
    line = _Line("training", 1000, 0, began=now - 61, spoke=now - 61, done=900)
    line.first = (now - 60, 900)
    line.advance(10)
    assert "910/1000, about 9 min left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "said"), [(9.6, "10 s"), (119, "119 s"), (150, "2 min"), (7200, "2 h")]
)
def test_a_time_left_is_said_in_the_unit_that_fits(seconds: float, said: str) -> None:
    assert _duration(seconds) == said
