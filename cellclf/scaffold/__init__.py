"""A new plugin as a package: what `cellclf plugins new` writes."""

from __future__ import annotations

from cellclf.scaffold.kinds import KINDS, Kind
from cellclf.scaffold.naming import Names
from cellclf.scaffold.project import LICENCES, Project, new_plugin

__all__ = ["KINDS", "LICENCES", "Kind", "Names", "Project", "new_plugin"]
