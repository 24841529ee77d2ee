"""What a dataset promises."""
