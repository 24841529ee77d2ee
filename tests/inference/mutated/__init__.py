"""Bundles changed by chance and by malice, and what becomes of them."""
