"""What all tests share: no claim depends on how fast the machine is, nor on how the tests were started."""

import signal
import threading

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    # A shell starts what runs in the background with SIGINT ignored, and programs under test inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
