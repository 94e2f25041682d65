"""Why a case did not pass."""


class Mismatch(Exception):
    """What a case expected and did not get."""


class CannotRun(Exception):
    """What this machine lacks for a case."""
