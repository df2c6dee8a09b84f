"""Video writers: one interface, one implementation a library."""
