"""The subcommands of `orbital`, one file per topic. Only these files print."""

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells define it."""
