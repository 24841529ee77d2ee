"""Before the first run: a set fetched, looked at and audited, and the experiment to begin with."""
