"""Checks that a plugin keeps its contract, for plugin authors' own tests."""
