"""The page of an audit: one HTML file with the pictures side by side, no network and no script."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from cellclf import __version__
from cellclf.auditing.audit import Audit
from cellclf.auditing.findings import SEVERITIES, Finding, Severity
from cellclf.auditing.summary import NO_LABEL, grouped, probe_sentence
from cellclf.data.samples import Sample
from cellclf.reporting.audit_plots import background_probe
from cellclf.reporting.pages import environment, write_page
from cellclf.reporting.pictures import thumbnail

__all__ = ["write_audit_page"]

FINDINGS_SHOWN = 12
"""Findings of one kind that are shown; the rest are counted."""

PICTURES_SHOWN = 8
"""Pictures of one finding."""

PICTURES_IN_ALL = 300
"""Pictures of the page, so that it stays below about 3 MB however large the set is."""

WITHOUT_PICTURES = ("unreadable",)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """One sample under a finding.

    Attributes:
        sample: The sample.
        picture: JPEG bytes; empty where there is none.
    """

    sample: Sample
    picture: bytes


@dataclass(frozen=True, kw_only=True)
class _Account:
    """One finding as it is shown."""

    finding: Finding
    shown: tuple[_Shown, ...]

    @property
    def more(self) -> int:
        """Files of the finding that are not shown."""
        return len(self.finding.files) - len(self.shown)


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """The findings of one kind.

    Attributes:
        kind: Which.
        severities: How severe they are, the most severe first, with the number of each.
        accounts: Those that are shown.
    """

    kind: str
    severities: Mapping[Severity, int]
    accounts: tuple[_Account, ...]

    @property
    def count(self) -> int:
        """Findings of the kind."""
        return sum(self.severities.values())

    @property
    def more(self) -> int:
        """Findings that are not shown."""
        return self.count - len(self.accounts)


def write_audit_page(path: Path, audit: Audit) -> None:
    """Write an audit to `path` as one HTML file; it appears whole or not at all.

    The most severe findings come first. Pictures are read anew from where the samples are, at most
    `PICTURES_IN_ALL` of them.

    Raises:
        RunError: The place cannot be written to.
    """
    recall = {}
    if audit.probe is not None:
        recall = dict(zip(audit.probe.classes, audit.probe.recall, strict=True))
    page = (
        environment()
        .get_template("audit.html")
        .render(
            audit=audit,
            kinds=_kinds(audit),
            counts=[(severity, audit.count(severity)) for severity in SEVERITIES],
            unreadable=sum(size.files - size.readable for size in audit.classes),
            recall=recall,
            no_label=NO_LABEL,
            probe_sentence=probe_sentence(audit),
            probe_plot=None if audit.probe is None else background_probe(audit.probe),
            version=__version__,
        )
    )
    write_page(Path(path), page)


def _kinds(audit: Audit) -> list[_Kind]:
    by_id = {sample.id: sample for sample in audit.samples}
    left = PICTURES_IN_ALL
    kinds = []
    for kind, findings in grouped(audit.findings):
        accounts = []
        for finding in findings[:FINDINGS_SHOWN]:
            chosen = _side_by_side([by_id[name] for name in finding.files])
            shown = []
            for sample in chosen[:PICTURES_SHOWN]:
                wanted = left > 0 and kind not in WITHOUT_PICTURES
                picture = thumbnail(sample, audit.samples.images) if wanted else b""
                left -= bool(picture)
                shown.append(_Shown(sample=sample, picture=picture))
            accounts.append(_Account(finding=finding, shown=tuple(shown)))
        kinds.append(
            _Kind(
                kind=kind,
                severities=Counter(finding.severity for finding in findings),
                accounts=tuple(accounts),
            )
        )
    return kinds


def _side_by_side(samples: Sequence[Sample]) -> list[Sample]:
    """Samples in turns of label and given part, so that the first few show what disagrees."""
    alike: defaultdict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        alike[sample.label, sample.split or ""].append(sample)
    turns = chain.from_iterable(zip_longest(*alike.values()))
    return [sample for sample in turns if sample is not None]
