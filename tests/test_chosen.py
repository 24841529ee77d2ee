"""One thing that a plugin offers, and who is at fault when it fails."""

from __future__ import annotations

import pytest

from cellclf.chosen import Chosen, blamed
from cellclf.errors import DataError, PluginError
from cellclf.specs import DatasetSpec, NoParams


def fails(params: NoParams, *, root: object) -> None:
    del params
    if root is None:
        raise DataError("there are no images")
    raise KeyError("cells")


CHOSEN = Chosen(
    spec=DatasetSpec(name="cells", summary="Cells.", load=f"{__name__}:fails"),
    params=NoParams(),
    distribution="somebody",
    version="1.0",
)


def test_what_a_plugin_raises_is_said_to_be_its_fault_and_where_it_is() -> None:
    with pytest.raises(PluginError) as raised:
        CHOSEN.function("load")(CHOSEN.params, root="here")
    said = str(raised.value)
    assert said.startswith(
        "`load` of the dataset 'cells' of somebody 1.0 failed: KeyError: 'cells'."
    )
    assert said.endswith("This is a fault of the plugin; CELLCLF_PLUGIN_ERRORS=raise shows where")
    assert isinstance(raised.value.__cause__, KeyError)


def test_what_is_meant_for_the_user_stays_as_the_plugin_said_it() -> None:
    with pytest.raises(DataError, match=r"^there are no images$"):
        CHOSEN.function("load")(CHOSEN.params, root=None)


def test_the_author_of_a_plugin_sees_the_error_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLCLF_PLUGIN_ERRORS", "raise")
    with pytest.raises(KeyError):
        CHOSEN.function("load")(CHOSEN.params, root="here")


def test_advice_follows_what_failed() -> None:
    with pytest.raises(PluginError) as raised, blamed("it", advice="Try again"):
        raise ValueError("it is broken.")
    assert str(raised.value).startswith("it failed: ValueError: it is broken. This is a fault")
    assert str(raised.value).endswith("shows where. Try again")
