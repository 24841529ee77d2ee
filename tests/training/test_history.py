from __future__ import annotations

from cellclf.training.history import EpochRow, History


def test_the_table_has_one_row_an_epoch() -> None:
    rows = tuple(
        EpochRow(
            epoch=number,
            loss=0.5,
            accuracy=0.8,
            validation_loss=0.6,
            validation_accuracy=0.7,
            learning_rate=1e-3,
            seconds=2.0,
            images_per_second=100.0,
        )
        for number in (1, 2)
    )
    table = History(rows=rows, best_epoch=1, stopped_early=False, reason="").table
    assert list(table.columns) == [
        "epoch",
        "loss",
        "accuracy",
        "validation_loss",
        "validation_accuracy",
        "learning_rate",
        "seconds",
        "images_per_second",
    ]
    assert list(table["epoch"]) == [1, 2]
