"""Drawing figures in the threads of a server."""

import threading

# Matplotlib's settings belong to the whole process.
LOCK = threading.Lock()
