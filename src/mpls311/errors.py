"""The one error that a user is meant to read."""


class UserError(Exception):
    """Something the person who typed the command can put right.

    Its text is one or two sentences that name the thing and say what to do. The command line
    shows the text alone, without a traceback, and exits with status 1.
    """
