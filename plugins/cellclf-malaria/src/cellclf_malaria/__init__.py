"""Red cells with and without malaria parasites for cellclf."""
