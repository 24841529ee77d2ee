"""Judging predictions: tables and arrays in, figures out, no network anywhere."""
