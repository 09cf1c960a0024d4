"""One thread for the matrices of a training. They are small: on a busy machine several threads wait for each other
longer than they work, which made a training of 30,000 leads nine times as long (measured on two shared cores).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra by one thread while it lasts; trees choose their own."""
    try:
        from threadpoolctl import threadpool_limits  # comes with scikit-learn
    except ImportError:
        yield
        return
    with threadpool_limits(limits=1, user_api="blas"):
        yield
