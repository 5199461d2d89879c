"""Errors that a user can cause; their messages say what was wrong, where, and what to do about it."""


class UserError(Exception):
    """A mistake that the user can fix; shown as one message without a traceback."""


class ParamsError(UserError):
    """A parameter that is missing, misspelt, of the wrong type or out of range."""


class DataError(UserError):
    """A dataset, archive or clip that cannot be used as it is."""


class ClusterError(UserError):
    """A cluster that cannot be reached or cannot do the work."""


class AudioError(DataError):
    """One audio file that cannot be used; the message is only the reason, and the caller names the file."""
