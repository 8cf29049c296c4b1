"""The whole bot, lived in a browser."""
