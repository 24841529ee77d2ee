"""`python -m cellclf`: the command line, where its script is not on the path."""

from __future__ import annotations

from cellclf.cli.main import main

main()
