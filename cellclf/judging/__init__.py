"""What may be said of predictions and of finished runs: their figures, compared and explained."""
