"""Who does what, by each way in: the cast, the stage, and what is noticed of each attempt."""
