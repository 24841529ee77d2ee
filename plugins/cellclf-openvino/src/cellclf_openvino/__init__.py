"""OpenVINO as an engine of cellclf."""
