"""What a trained model that comes with a plugin promises."""
