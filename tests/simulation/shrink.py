"""A seed that breaks a promise, with as few acts of people as still break it."""

from tests.simulation.people import acts_of
from tests.simulation.run import FoundError, run

TRIES = 120


def shrunk(found: FoundError) -> FoundError:
    """Acts are left out, half of them at first, for as long as something breaks all the same."""
    acts, tries, best = acts_of(found.seed), 0, found
    step = max(1, len(acts) // 2)
    while step and tries < TRIES:
        for start in range(len(acts) - step, -1, -step):
            fewer = acts[:start] + acts[start + step :]
            tries += 1
            try:
                run(found.seed, acts=fewer)
            except FoundError as error:
                acts, best = fewer, error
        step //= 2
    return best
