"""What an engine promises."""
