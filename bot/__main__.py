"""`python -m bot …`: the command line, and with `run` the bot itself."""

from bot.commands.all import cli

if __name__ == "__main__":
    cli(prog_name="python -m bot")
