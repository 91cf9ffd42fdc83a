"""One thread for numeric libraries: beside busy cores their pools cost forty times what they bring."""

import os

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def pin() -> None:
    """Give numeric libraries one thread in this process, unless the environment says otherwise.

    It holds for what is loaded afterwards: call it before numpy is imported.
    """
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
