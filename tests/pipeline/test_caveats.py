"""What a reader of figures must know of the run that they come from."""

from __future__ import annotations

import pytest

from cellclf.pipeline.caveats import caveats_of_figures


@pytest.mark.parametrize(
    ("leaky", "synthetic", "begins"),
    [
        (False, False, []),
        (True, False, ["Leaky"]),
        (False, True, ["Synthetic"]),
        (True, True, ["Leaky", "Synthetic"]),
    ],
)
def test_what_makes_figures_say_less_is_said_a_sentence_each(
    leaky: bool, synthetic: bool, begins: list[str]
) -> None:
    said = caveats_of_figures(leaky=leaky, synthetic=synthetic)
    assert [sentence.partition(":")[0] for sentence in said] == begins
    assert all(sentence.endswith(".") for sentence in said)
