"""What the parts of the comparison print."""

from rich.console import Console
from rich.table import Table


class Report:
    """The table of one part."""

    def __init__(self, part):
        self._table = Table("what", "ours", "rival", "ratio", "aim", "", title=part, title_justify="left")

    def against(self, what, ours, rival, unit, aim):
        """Two figures whose ratio is to be at most `aim`; None where there is no aim."""
        ratio = ours / rival
        self._add(what, unit(ours), unit(rival), f"{ratio:.3f}", aim, None if aim is None else ratio <= aim)

    def count(self, what, ours, rival, aim, fits):
        """Two numbers, and whether they are right."""
        self._add(what, str(ours), "-" if rival is None else str(rival), "", aim, fits)

    def within(self, what, ours, rival, unit, aim):
        """Two figures of which ours is to be at most `aim`."""
        self._add(what, unit(ours), unit(rival), "", unit(aim), ours <= aim)

    def show(self):
        Console().print(self._table)

    def _add(self, what, ours, rival, ratio, aim, fits):
        verdict = {None: "", True: "ok", False: "[bold]over[/bold]"}[fits]
        if aim is None:
            aim = ""
        elif isinstance(aim, float):
            aim = f"{aim:.3g}"
        self._table.add_row(what, ours, rival, ratio, str(aim), verdict)


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def megabytes(value):
    return f"{value / 1e6:.0f} MB"


def microseconds(value):
    return f"{value * 1e6:.1f} us"
