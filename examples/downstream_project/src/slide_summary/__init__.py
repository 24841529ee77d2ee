"""What is on each slide, in one table."""
