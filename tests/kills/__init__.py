"""Kills the bot at every boundary of an effect, and looks what is left of the promises."""
