"""A plugin as one was written for cellclf 0.1: everything that it could offer then, in full."""
