"""Whether a set of images can be trusted: what is broken, repeated, contradictory or leaking."""
