"""What every spec promises, whatever it describes."""
