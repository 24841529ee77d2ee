"""What an architecture promises."""
