"""What computes a trained network's answers: Keras, the reference, or a runtime proven equal."""
