"""What a metric promises."""
