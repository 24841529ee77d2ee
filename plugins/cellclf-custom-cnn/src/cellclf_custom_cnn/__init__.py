"""A small residual network as a cellclf architecture."""
