"""Fitting a network to batches, and never losing what was learnt."""
