"""EfficientNetB4 as a cellclf architecture."""
