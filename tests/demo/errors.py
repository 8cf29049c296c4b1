"""What keeps the stage from standing, in words for whoever started it."""


class StageError(Exception):
    """A part is missing, did not come up, or went away."""
