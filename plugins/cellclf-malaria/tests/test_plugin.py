from __future__ import annotations

import re

from cellclf_malaria.about import CLASSES, SHA256, SIZE, URL
from cellclf_malaria.plugin import cellclf_datasets


def test_the_set_comes_with_its_licence_citation_and_the_way_to_get_it() -> None:
    (spec,) = cellclf_datasets()
    assert spec.name == "malaria"
    assert spec.classes == CLASSES
    assert "10.7717/peerj.4568" in spec.citation
    assert "National Library of Medicine" in spec.licence
    assert "cellclf fetch malaria" in spec.obtain
    assert URL in spec.obtain


def test_the_published_sum_is_a_sha256() -> None:
    assert re.fullmatch("[0-9a-f]{64}", SHA256)
    assert SIZE == 353_452_851
    assert URL.startswith("https://")
