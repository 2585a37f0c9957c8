"""Random inputs for a check, all from one seed."""

import random
from contextlib import contextmanager

import torch


class Draw:
    """Draws sizes, choices and tensors; the same ones for the same seed."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._generator = torch.Generator().manual_seed(self._random.randrange(2**63))

    def whole(self, low, high):
        """An int from low to high, both included."""
        return self._random.randint(low, high)

    def choice(self, values):
        return self._random.choice(list(values))

    def distinct(self, count, low, high):
        """`count` different ints from low to high, so that no two axes agree."""
        return self._random.sample(range(low, high + 1), count)

    def real(self, low, high):
        """A float from low to high."""
        return self._random.uniform(low, high)

    def normal(self, *shape):
        """Standard normal numbers, float32."""
        return torch.randn(shape, generator=self._generator)

    def uniform(self, *shape):
        """Numbers in [0, 1), float32."""
        return torch.rand(shape, generator=self._generator)

    def below(self, limit, *shape):
        """Ints from 0 to limit - 1, int64."""
        return torch.randint(limit, shape, generator=self._generator)

    def order(self, n):
        """A permutation of 0 ... n - 1 that is not the identity, int64."""
        while True:
            found = torch.randperm(n, generator=self._generator)
            if n < 2 or (found != torch.arange(n)).any():
                return found

    @contextmanager
    def seeded(self):
        """Let an answer that draws its own inputs draw the same for the same seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.whole(0, 2**31))
            yield
