from __future__ import annotations

from cellclf.testing import conformance

from cellclf_leukaemia_blasts.plugin import SPEC
from cellclf_leukaemia_blasts.sample import lay_out

test_conformance = conformance(SPEC, root=lay_out, zipped=True)
