"""The subcommands of `orbital`, a file a topic; they print, nothing below them does."""

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""
