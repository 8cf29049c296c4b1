"""The process: the only room that knows every other."""
