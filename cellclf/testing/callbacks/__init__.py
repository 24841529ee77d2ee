"""What a callback promises."""
