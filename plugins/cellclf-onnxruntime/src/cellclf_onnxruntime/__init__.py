"""ONNX Runtime as an engine of cellclf, and ONNX as a format."""
