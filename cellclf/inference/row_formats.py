"""Rows of predictions as bytes: CSV, JSON lines, and Parquet by way of Arrow's stream.

Every format is written by appending, and can be cut off after any part and gone on with. Text
formats give numbers to six decimals; Parquet keeps them as they are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cellclf.errors import RunError
from cellclf.evaluation.predictions import COLUMNS, class_column, writable
from cellclf.inference.parts import Part
from cellclf.spreadsheets import inert

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROW_FORMATS", "RowFormat", "csv_line", "row_format"]

TO_BE_QUOTED = re.compile('[,"\r\n]')
"""A carriage return too: it ends a line for whoever reads the file."""

ROWS_A_GROUP = 1 << 16
"""Rows of a Parquet file that are kept together, and in memory while it is written."""

UNKNOWN = {"group": "", "split": "", "label": ""}
"""Columns in which nothing stands for new images."""


class RowFormat(Protocol):
    """A way to write rows.

    Attributes:
        suffix: Of the files that are in it.
        working_suffix: Of the file that rows are appended to.
    """

    suffix: str
    working_suffix: str

    def header(self, classes: Sequence[str]) -> bytes:
        """What the file begins with."""

    def rows(self, part: Part) -> bytes:
        """What is appended for a part."""

    def finish(self, rows: Path) -> Path:
        """Make of the file of rows, beside it, what is to be put into place."""


class Csv:
    """UTF-8, commas, what is missing left empty; text that a spreadsheet would compute is inert."""

    suffix = working_suffix = ".csv"

    def header(self, classes: Sequence[str]) -> bytes:
        """Names of the columns."""
        return csv_line([*COLUMNS, *map(class_column, classes)])

    def rows(self, part: Part) -> bytes:
        """One line an image."""
        answers = {name: _cell(name) for name in {*part.classes, *part.predicted}}
        lines = []
        for row in _records(part):
            name = _cell(writable(row.id))
            review = "" if row.review is None else str(row.review)
            score = "" if row.score is None else row.score
            numbers = ",".join((row.confidence, review, score, *row.probabilities))
            lines.append(
                f"{name},{name},,,,{answers[row.predicted]},{answers[row.top]},{numbers}\n"
            )
        return "".join(lines).encode()

    def finish(self, rows: Path) -> Path:
        """Nothing is left to do."""
        return rows


class JsonLines:
    """One JSON object an image; what is missing is null."""

    suffix = working_suffix = ".jsonl"

    def header(self, classes: Sequence[str]) -> bytes:
        """Nothing: every line names its columns."""
        del classes
        return b""

    def rows(self, part: Part) -> bytes:
        """One line an image."""
        review = {None: "null", False: "false", True: "true"}
        names = [_json(class_column(name)) for name in part.classes]
        lines = []
        for row in _records(part):
            texts = {"sample_id": row.id, "path": row.id, **UNKNOWN}
            texts |= {"predicted": row.predicted, "top_class": row.top}
            fields = [f'"{name}": {_json(writable(text))}' for name, text in texts.items()]
            fields += [
                f'"confidence": {row.confidence}',
                f'"review": {review[row.review]}',
                f'"outlier_score": {"null" if row.score is None else row.score}',
            ]
            pairs = zip(names, row.probabilities, strict=True)
            fields += [f"{name}: {number}" for name, number in pairs]
            lines.append(f"{{{', '.join(fields)}}}\n")
        return "".join(lines).encode()

    def finish(self, rows: Path) -> Path:
        """Nothing is left to do."""
        return rows


class Parquet:
    """Parquet, put together at the end: until then, rows are a stream of Arrow's."""

    suffix = ".parquet"
    working_suffix = ".arrows"

    def header(self, classes: Sequence[str]) -> bytes:
        """What the columns hold."""
        content: bytes = self._schema(classes).serialize().to_pybytes()
        return content

    def rows(self, part: Part) -> bytes:
        """One batch of records."""
        import pyarrow as pa

        ids = [writable(one) for one in part.ids]
        scores = [None if math.isnan(score) else score for score in part.outlier_scores.tolist()]
        review = [None] * len(ids) if part.review is None else part.review.tolist()
        columns: Mapping[str, Iterable[object]] = {
            "sample_id": ids,
            "path": ids,
            **dict.fromkeys(UNKNOWN, [""] * len(ids)),
            "predicted": part.predicted,
            "top_class": [part.classes[top] for top in part.top],
            "confidence": part.confidence,
            "review": review,
            "outlier_score": scores,
            **{
                class_column(name): part.probabilities[:, place]
                for place, name in enumerate(part.classes)
            },
        }
        batch = pa.RecordBatch.from_pydict(columns, schema=self._schema(part.classes))
        content: bytes = batch.serialize().to_pybytes()
        return content

    def finish(self, rows: Path) -> Path:
        """Write the Parquet file, in groups of rows whose length is always the same."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        whole = rows.with_suffix(self.suffix)
        with (
            rows.open("rb") as file,
            pa.ipc.open_stream(file) as batches,
            pq.ParquetWriter(whole, batches.schema) as writer,
        ):
            for group in _grouped(batches):
                writer.write_table(group, row_group_size=ROWS_A_GROUP)
        return whole

    def _schema(self, classes: Sequence[str]) -> pa.Schema:
        import pyarrow as pa

        kinds = {"confidence": pa.float32(), "review": pa.bool_(), "outlier_score": pa.float32()}
        fields = [pa.field(name, kinds.get(name, pa.string())) for name in COLUMNS]
        fields += [pa.field(class_column(name), pa.float32()) for name in classes]
        return pa.schema(fields)


ROW_FORMATS: Mapping[str, RowFormat] = {one.suffix: one for one in (Csv(), Parquet(), JsonLines())}
"""By the suffix of the files that are in them."""


def row_format(out: Path) -> RowFormat:
    """Return the format that the name of a file asks for.

    Raises:
        RunError: There is none of that name.
    """
    found = ROW_FORMATS.get(out.suffix.lower())
    if found is None:
        raise RunError(
            f"predictions are written as {', '.join(ROW_FORMATS)}, by the suffix of the file. "
            f"Received: {out}"
        )
    return found


def csv_line(texts: Iterable[str]) -> bytes:
    """Return a line of a CSV file, its text inert for spreadsheets.

    Example:
        >>> print(csv_line(["a,b.png", "=1"]).decode(), end="")
        "a,b.png",'=1
    """
    return (",".join(_cell(writable(text)) for text in texts) + "\n").encode()


class _Record:
    """One row, its numbers as text."""

    __slots__ = ("confidence", "id", "predicted", "probabilities", "review", "score", "top")

    def __init__(self, part: Part, place: int, predicted: str, numbers: list[float]) -> None:
        self.id = part.ids[place]
        self.predicted = predicted
        self.top = part.classes[part.top[place]]
        self.confidence = f"{part.confidence[place]:.6f}"
        self.review = None if part.review is None else bool(part.review[place])
        score = part.outlier_scores[place]
        self.score = None if math.isnan(score) else f"{score:.6f}"
        self.probabilities = [f"{number:.6f}" for number in numbers]


def _records(part: Part) -> Iterator[_Record]:
    rows = zip(part.predicted, part.probabilities.tolist(), strict=True)
    for place, (predicted, numbers) in enumerate(rows):
        yield _Record(part, place, predicted, numbers)


def _cell(text: str) -> str:
    text = inert(text)
    if TO_BE_QUOTED.search(text):
        text = '"' + text.replace('"', '""') + '"'
    return text


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _grouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of `ROWS_A_GROUP` rows each, but for the last."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    number = 0
    for batch in batches:
        held.append(batch)
        number += len(batch)
        while number >= ROWS_A_GROUP:
            table = pa.Table.from_batches(held)
            yield table.slice(0, ROWS_A_GROUP)
            held = table.slice(ROWS_A_GROUP).to_batches()
            number -= ROWS_A_GROUP
    if number:
        yield pa.Table.from_batches(held)
