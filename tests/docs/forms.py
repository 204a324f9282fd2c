"""The table of docs/operations.md that says how a command begins where the gateway runs otherwise."""

import markdown

TITLE = "Where commands are typed"
PLACES = ("compose/up", "docker-compose", "kubectl")
REST = "…"  # where a command goes on as it likes
MACHINE = ("ulimit ", "cat /proc/")  # they ask the machine, and are the same everywhere


def rows(page):
    """Yields (line number, {place: form}); a form without REST is a whole command."""
    for number, cells in markdown.table_rows(page.section(TITLE)):
        yield number, dict(zip(PLACES, (cell.strip("`") for cell in cells[1:])))


def translate(page, command, place):
    """The command of compose/up's gateway as it is typed in another place; None when no row has it."""
    for _, forms in rows(page):
        form, other = forms["compose/up"], forms[place]
        if command == form:
            return other
        if form.endswith(REST) and command.startswith(form.removesuffix(REST)):
            return other.removesuffix(REST) + command.removeprefix(form.removesuffix(REST))
    return command if command.startswith(MACHINE) else None
