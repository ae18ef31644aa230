"""The one exception that means: the user can mend this."""


class UserError(Exception):
    """One line that names the place, the bad value, what is allowed and the mend.

    The command line prints it without a traceback; everything else is a bug of ours.
    """


class OutputError(UserError):
    """What a system gave is no render: another length or shape, or values that are not finite."""


class StorageError(UserError):
    """A place cannot be written: full, read-only, gone. No unit is at fault, and a run stops."""
