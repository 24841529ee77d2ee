"""Budding yeast: a plugin by somebody else."""
