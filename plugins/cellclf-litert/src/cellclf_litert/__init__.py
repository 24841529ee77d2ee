"""LiteRT as an engine and a format of cellclf."""
