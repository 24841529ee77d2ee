"""Twelve shapes of red cells for cellclf."""
