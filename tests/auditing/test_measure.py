from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cellclf.auditing.file_facts import ALPHA, CMYK, DEEP, FORMS, PAGES, file_facts
from cellclf.auditing.measure import Measurements, measure
from cellclf.auditing.remembered import file_for, recalled
from cellclf.data.cache import entries, prune
from cellclf.data.reading import content_hash
from cellclf.data.samples import Sample, Samples
from cellclf.progress import Silent, Task
from tests.data.image_files import encoded, noise, picture


def folder(tmp_path: Path, count: int = 5) -> Samples:
    """Pictures that differ, and behind them a file that is none and one that is not there."""
    samples = []
    for number in range(count):
        path = tmp_path / f"{number}.png"
        path.write_bytes(encoded(Image.fromarray(picture(30, 40, seed=number)), "PNG"))
        samples.append(Sample(id=path.name, label="ig", path=str(path)))
    (tmp_path / "text.png").write_text("no image")
    samples += [
        Sample(id=name, label="ig", path=str(tmp_path / name)) for name in ("text.png", "gone.png")
    ]
    return Samples(samples=tuple(samples), classes=("ig",))


def equal(first: Measurements, second: Measurements) -> None:
    assert first.content == second.content
    assert first.unreadable == second.unreadable
    assert (first.appearance == second.appearance).all()
    assert first.readable.tolist() == second.readable.tolist()


def test_every_sample_is_measured_in_order_or_has_its_reason(tmp_path: Path) -> None:
    samples = folder(tmp_path)
    found = measure(samples, cache=tmp_path / "cache", progress=Silent())
    assert list(found.content[:5]) == [content_hash(sample, None) for sample in samples[:5]]
    assert found.appearance["height"].tolist() == [30] * 5 + [0, 0]
    assert found.appearance["width"].tolist() == [40] * 5 + [0, 0]
    assert set(found.unreadable) == {5, 6}
    assert found.unreadable[6] == "the file does not exist"
    assert (found.content[5] != "", found.content[6]) == (True, "")
    assert found.readable.tolist() == [True] * 5 + [False] * 2


def test_what_was_measured_is_not_decoded_again(tmp_path: Path) -> None:
    samples = folder(tmp_path)
    cold = measure(samples, cache=tmp_path / "cache", progress=Silent())
    equal(measure(samples, cache=tmp_path / "cache", progress=Silent()), cold)
    # The files are gone, but their content is known: nothing has to be opened.
    for sample in samples[:5]:
        Path(str(sample.path)).unlink()
    known = measure(samples, cache=tmp_path / "cache", progress=Silent(), content=cold.content)
    equal(known, cold)


def test_a_changed_file_is_measured_anew_and_the_others_are_kept(tmp_path: Path) -> None:
    samples = folder(tmp_path)
    measure(samples, cache=tmp_path / "cache", progress=Silent())
    changed = Path(str(samples[2].path))
    changed.write_bytes(encoded(Image.fromarray(picture(50, 60, seed=9)), "PNG"))
    found = measure(samples, cache=tmp_path / "cache", progress=Silent())
    assert found.appearance["height"].tolist() == [30, 30, 50, 30, 30, 0, 0]
    assert len(entries(tmp_path / "cache")) == 1


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut short", b"x" * 2000])
def test_a_damaged_file_of_measurements_is_as_none(tmp_path: Path, damage: bytes) -> None:
    samples = folder(tmp_path)
    cold = measure(samples, cache=tmp_path / "cache", progress=Silent())
    (kept,) = (entry.path for entry in entries(tmp_path / "cache"))
    kept.write_bytes(damage)
    equal(measure(samples, cache=tmp_path / "cache", progress=Silent()), cold)


def test_measurements_are_in_use_while_images_are_looked_at_and_their_use_is_noted(
    tmp_path: Path,
) -> None:
    class Pruning(Silent):
        def advance(self, steps: int = 1, *, note: str = "") -> None:
            del steps, note
            (kept,) = prune(tmp_path / "cache", everything=True).in_use
            assert kept.in_use

        @contextmanager
        def task(self, description: str, total: int) -> Iterator[Task]:
            del description, total
            yield self

    samples = folder(tmp_path)
    cold = measure(samples, cache=tmp_path / "cache", progress=Silent())
    os.utime(file_for(samples, tmp_path / "cache"), (0, 0))
    equal(measure(samples, cache=tmp_path / "cache", progress=Pruning()), cold)
    (kept,) = entries(tmp_path / "cache")
    assert kept.used > 0
    assert prune(tmp_path / "cache", everything=True).removed == (kept,)


def test_what_a_killed_audit_left_half_written_goes_when_the_next_one_writes(
    tmp_path: Path,
) -> None:
    samples = folder(tmp_path)
    kept = file_for(samples, tmp_path / "cache")
    kept.parent.mkdir(parents=True)
    partial = kept.with_name(f".{kept.stem}.0af4.partial.npz")
    partial.write_bytes(b"half")
    os.utime(partial, (0, 0))
    measure(samples, cache=tmp_path / "cache", progress=Silent())
    assert not partial.exists()


class Warned(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def warn(self, message: str) -> None:
        self.said.append(message)


def test_a_cache_that_cannot_be_written_costs_a_warning_not_the_audit(tmp_path: Path) -> None:
    samples = folder(tmp_path)
    (tmp_path / "cache").write_text("a file where the folder should be")
    listener = Warned()
    found = measure(samples, cache=tmp_path / "cache", progress=listener)
    assert found.readable.sum() == 5
    assert "the next audit will take as long as this one" in listener.said[0]


def test_boxes_of_one_field_and_rows_of_an_array_are_samples_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "field.png"
    path.write_bytes(encoded(Image.fromarray(noise(60, 60)), "PNG"))
    boxes = [(0, 0, 20, 10), (30, 30, 60, 60)]
    field = Samples(
        samples=tuple(
            Sample(id=f"{n}", label="ig", path=str(path), box=box) for n, box in enumerate(boxes)
        ),
        classes=("ig",),
    )
    found = measure(field, cache=tmp_path / "cache", progress=Silent())
    assert found.appearance["width"].tolist() == [20, 30]
    rows = Samples(
        samples=tuple(Sample(id=f"{n}", label="ig", index=n) for n in range(3)),
        classes=("ig",),
        images=np.stack([noise(8, 8, seed=n) for n in range(2)]),
    )
    found = measure(rows, cache=tmp_path / "cache", progress=Silent())
    assert found.appearance["height"].tolist() == [8, 8, 0]
    assert found.unreadable == {2: "there is no image 2: the array holds 2"}
    other = replace(rows, images=np.stack([noise(9, 9, seed=n) for n in range(2)]))
    found = measure(other, cache=tmp_path / "cache", progress=Silent())
    assert found.appearance["height"].tolist() == [9, 9, 0]


@pytest.mark.parametrize(
    ("mode", "form", "flags"),
    [
        ("RGB", "JPEG", 0),
        ("CMYK", "JPEG", CMYK),
        ("RGB", "PNG", 0),
        ("RGBA", "PNG", ALPHA),
        ("I;16", "PNG", DEEP),
        ("RGB", "BMP", 0),
        ("RGB", "TIFF", 0),
        ("RGB", "WEBP", 0),
    ],
)
def test_the_kind_of_a_file_and_what_had_to_be_converted_is_known(
    mode: str, form: str, flags: int
) -> None:
    found, raised = file_facts(encoded(Image.new(mode, (8, 8)), form))
    assert (FORMS[found], raised) == (form, flags)


def test_several_pages_are_noticed_and_nonsense_is_unknown() -> None:
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    stack = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert file_facts(stack) == (FORMS.index("TIFF"), PAGES)
    assert file_facts(b"nonsense") == (0, 0)


def test_an_audit_that_was_stopped_goes_on_from_there(tmp_path: Path) -> None:
    class Stopping(Silent):
        """Stops the work after five images, as Ctrl-C does."""

        @contextmanager
        def task(self, description: str, total: int) -> Iterator[Task]:
            del description, total
            yield self

        def __init__(self) -> None:
            self.left = 5

        def advance(self, steps: int = 1, *, note: str = "") -> None:
            del note
            self.left -= steps
            if not self.left:
                raise KeyboardInterrupt

    images = np.stack([noise(30, 30, seed=n) for n in range(12)])
    samples = Samples(
        samples=tuple(Sample(id=f"{n}", label="ig", index=n) for n in range(12)),
        classes=("ig",),
        images=images,
    )
    with pytest.raises(KeyboardInterrupt):
        measure(samples, cache=tmp_path, progress=Stopping())
    assert len(recalled(file_for(samples, tmp_path))) == 5
    done = measure(samples, cache=tmp_path, progress=Silent())
    assert all(done.readable)
    assert len(recalled(file_for(samples, tmp_path))) == 12
