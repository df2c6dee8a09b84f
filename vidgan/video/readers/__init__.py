"""Video readers: one interface, one implementation a library."""
