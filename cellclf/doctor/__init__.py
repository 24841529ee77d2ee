"""What is wrong with the installed plugins, and what mends it, without running them here."""
