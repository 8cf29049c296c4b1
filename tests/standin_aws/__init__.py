"""The AWS stand-in keeps AWS's rules, and breaks in the ways it is asked to."""
