"""Sizes that the Fourier transform is fast at."""


def fast_size(n: int) -> int:
    """Return a size of at least `n` that is fast to transform: 2^k, 5 2^k or 3 2^k.

    >>> fast_size(1_000), fast_size(1_100), fast_size(1_300)
    (1024, 1280, 1536)
    """
    power = 1 << max(n - 1, 7).bit_length()
    return next(size for size in (5 * power // 8, 3 * power // 4, power) if size >= n)
