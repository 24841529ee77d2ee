from __future__ import annotations

import pytest

from cellclf.errors import PluginError
from cellclf.registry import Registry, installed
from cellclf.specs import DatasetSpec, ModelSpec
from tests.plugin_site import GOOD, Site


def status_of(registry: Registry, distribution: str) -> tuple[str, str]:
    plugin = next(p for p in registry.plugins if p.distribution == distribution)
    return plugin.status, plugin.reason


def test_what_a_plugin_offers_is_found_by_name(site: Site) -> None:
    site.add("good-plugin", GOOD.format(name="found"))
    assert installed().get(ModelSpec, "found").summary == "A test"
    assert installed().get(ModelSpec, "good-plugin/found").name == "found"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("class Odd(BaseException): pass\nraise Odd('stop')", "Odd: stop"),
        (GOOD.replace('"nowhere:build"', '"nowhere:build", params=None'), "subclass of"),
        (GOOD.replace("cellclf_models", "cellclf_modles"), "Did you mean 'cellclf_models'?"),
        (GOOD.replace("@cellclf.hookimpl", ""), "is `@cellclf.hookimpl` missing?"),
        (GOOD.replace('"nowhere:build"', '"nowhere"'), "must look like 'package.module:function'"),
        (GOOD.format(name="Bad Name"), "`name` must be lower-case letters"),
        (
            GOOD.replace("    yield", "    raise ValueError('out of order')\n    yield"),
            "out of order",
        ),
        (GOOD.replace("yield cellclf", "return cellclf"), "must return an iterable of ModelSpec"),
        (GOOD.replace("cellclf_models", "cellclf_metrics"), "must offer MetricSpec alone"),
    ],
)
def test_a_broken_plugin_costs_only_itself_and_says_why(
    site: Site, source: str, reason: str
) -> None:
    site.add("bad-plugin", source.replace("{name}", "bad"))
    site.add("good-plugin", GOOD.format(name="found"))
    status, said = status_of(installed(), "bad-plugin")
    assert status == "failed"
    assert reason in said
    assert installed().get(ModelSpec, "found")
    with pytest.raises(PluginError) as refusal:
        installed().get(ModelSpec, "bad")
    assert reason in str(refusal.value)


def test_a_plugin_for_another_version_is_not_even_imported(site: Site) -> None:
    site.add("old-plugin", "raise RuntimeError('imported')", wants="cellclf<0.1")
    status, reason = status_of(installed(), "old-plugin")
    assert status == "incompatible"
    assert reason.startswith("it wants cellclf<0.1, this is cellclf ")


def test_what_is_left_of_a_half_removed_package_is_listed_as_failed(site: Site) -> None:
    site.add("gone-plugin", GOOD.format(name="gone"))
    (site.folder / "gone_plugin-1.0.dist-info" / "METADATA").unlink()
    site.add("good-plugin", GOOD.format(name="found"))
    assert installed().get(ModelSpec, "found")
    assert [p.status for p in installed().plugins if p.name == "gone_plugin"] == ["failed"]


def test_a_requirement_that_makes_no_sense_costs_only_its_plugin(site: Site) -> None:
    site.add("odd-plugin", GOOD.format(name="odd"), wants="cellclf; sys_platform ~= 'x'")
    assert status_of(installed(), "odd-plugin")[0] == "failed"


def test_what_a_plugin_prints_stays_out_of_the_output(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.add("loud-plugin", "print('hello')\n" + GOOD.format(name="found"))
    assert installed().get(ModelSpec, "found")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "hello\n")


def test_a_name_offered_twice_is_an_error_only_when_it_is_used(site: Site) -> None:
    site.add("one-plugin", GOOD.format(name="shared"))
    site.add("two-plugin", GOOD.format(name="shared"))
    site.add("good-plugin", GOOD.format(name="found"))
    assert installed().get(ModelSpec, "found")
    assert installed().get(ModelSpec, "two-plugin/shared")
    with pytest.raises(PluginError, match="'one-plugin/shared' or 'two-plugin/shared'"):
        installed().get(ModelSpec, "shared")
    assert status_of(installed(), "one-plugin")[0] == "conflict"


def test_a_core_name_that_a_plugin_takes_leaves_the_core_usable(site: Site) -> None:
    source = """
import cellclf

@cellclf.hookimpl
def cellclf_datasets():
    yield cellclf.DatasetSpec(name="image_folder", summary="Mine", load="nowhere:load")
"""
    site.add("taking-plugin", source)
    assert installed().reference(DatasetSpec, "image_folder") == "cellclf/image_folder"


def test_plugins_are_switched_off_and_chosen_by_environment(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("good-plugin", GOOD.format(name="found"))
    monkeypatch.setenv("CELLCLF_DISABLE_PLUGINS", "good_plugin")
    assert status_of(installed(), "good-plugin") == ("disabled", "named in CELLCLF_DISABLE_PLUGINS")
    installed.cache_clear()
    monkeypatch.delenv("CELLCLF_DISABLE_PLUGINS")
    monkeypatch.setenv("CELLCLF_LOAD_PLUGINS", "")
    assert status_of(installed(), "good-plugin")[0] == "disabled"
    assert status_of(installed(), "cellclf")[0] == "ok"


def test_a_failing_plugin_is_raised_when_its_author_asks_for_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("bad-plugin", "1 / 0")
    monkeypatch.setenv("CELLCLF_PLUGIN_ERRORS", "raise")
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        installed()


def test_a_notebook_may_register_and_replace_its_own_spec(site: Site) -> None:
    def tiny(summary: str) -> ModelSpec:
        return ModelSpec(
            name="tiny", summary=summary, build="a:b", pixel_range=(0, 1), explain_layer="features"
        )

    del site
    installed().add(tiny("first"))
    installed().add(tiny("second"))
    assert installed().get(ModelSpec, "tiny").summary == "second"


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PluginError, match="Did you mean 'image_folder'"):
        installed().get(DatasetSpec, "image_foldr")
