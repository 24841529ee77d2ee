"""An example plugin: the trainings of cellclf in MLflow."""
