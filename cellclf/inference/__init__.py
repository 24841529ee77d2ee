"""A trained model as one file, and classifying new images with it."""
