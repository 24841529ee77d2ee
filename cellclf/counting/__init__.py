"""New images counted: from predictions to how many cells of each class each specimen has."""
