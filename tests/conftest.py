"""What every test shares."""

import signal

from vidgan import runtime

# Test modules import TensorFlow themselves; what it reads at its import must stand before.
runtime.set_environment()

# A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would
# ignore it as well; a handler is set back to the default in a new program, "ignore" is not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
