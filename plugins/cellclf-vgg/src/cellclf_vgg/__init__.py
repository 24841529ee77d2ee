"""VGG16 as a cellclf architecture."""
