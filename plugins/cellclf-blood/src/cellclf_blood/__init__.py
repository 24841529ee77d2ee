"""Blood cells for cellclf: the 8-class PBC set, and a rendered one that needs no download."""
