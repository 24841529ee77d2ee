"""Networks: the backend they run on, how they are built, how images go through them."""
