"""A dataset for cellclf."""
