"""What is wrong with an installation and its plugins, and what mends it, run apart from here."""
