"""The main job from end to end: an experiment in, a run directory out, and what is read of it."""
