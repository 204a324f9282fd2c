"""The tables of settings and metrics in the pages, as the programs have them.

Names, defaults, ranges, types and labels are the programs'. What a setting means may be told at
more length than in --help, so the page's own words stay; what a metric means begins with its HELP.
"""

import os

import markdown
import programs

CONFIGURATION, METRICS = "docs/configuration.md", "docs/metrics.md"
PROGRAMS = ["ws-edge", "ws-relay", "ws-token", "ws-publish", "ws-listen", "ws-dead-letters",
            "ws-control"]
SERVERS = ["ws-edge", "ws-relay"]
BOTH = "Both programs"


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def sentence(text):
    return text[:1].upper() + text[1:].rstrip(".") + "."


def row(*cells):
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


class Editor:
    """The lines of a page; rows are replaced, dropped, and added behind the last one of a section."""

    def __init__(self, text):
        self.lines = text.splitlines()
        self.page = markdown.Page(text)

    def rewrite(self, section, width, name_of, made):
        """`made(name, cells)` is the row of a name, from the cells of the page or None. Rows of
        which `name_of` is None stay; names that `made` has and the page has not are added."""
        seen, last = [], None
        for number, cells in markdown.table_rows(self.page.section(section)):
            name = name_of(cells) if len(cells) == width else None
            if name:
                seen.append(name)
                last = number
                self.lines[number - 1] = made(name, cells)
        return seen, last

    def add(self, behind, rows):
        self.lines[behind - 1] = "\n".join(filter(None, [self.lines[behind - 1], *rows]))

    def text(self):
        return "\n".join(line for line in self.lines if line is not None) + "\n"


def setting_row(name, told, cells):
    default, kind, text = told
    if kind == "secret":
        default = cells[1].strip("`") if cells else ""
    return row(f"`{name}`", f"`{default}`" if default else "", kind,
               cells[3] if cells else sentence(text))


def write_settings(text, build):
    editor = Editor(text)
    for program in PROGRAMS:
        told = programs.read_settings(os.path.join(build, program))

        def made(name, cells, told=told):
            return setting_row(name, told[name], cells) if name in told else None

        seen, last = editor.rewrite(program, 4, lambda cells: cells[0].strip("`")
                                    if cells[0].strip("`").isupper() else None, made)
        if last:
            editor.add(last, [made(name, None) for name in told if name not in seen])
    return editor.text()


def labels_cell(labels):
    """Names in backticks, with their values; the version's value is not the page's."""
    return "; ".join(f"`{name}`" + (f": {', '.join(values)}" if name != "version" else "")
                     for name, values in labels.items())


def metric_row(name, told, cells):
    kind, labels, text = told
    own = cells[3] if cells else ""
    meaning = own if own.replace("`", "").startswith(text) else sentence(text)
    return "| " + " | ".join([f"`{name}`", kind, labels_cell(labels), meaning]) + " |"


def write_metrics(text, build):
    editor = Editor(text)
    told = [programs.read_metrics(os.path.join(build, program)) for program in SERVERS]
    both = told[0].keys() & told[1].keys()
    for section, metrics in (
            *((program, {name: metric for name, metric in all_of.items() if name not in both})
              for program, all_of in zip(SERVERS, told)),
            (BOTH, {name: metric for name, metric in told[0].items() if name in both})):

        def made(name, cells, metrics=metrics):
            return metric_row(name, metrics[name], cells) if name in metrics else None

        seen, last = editor.rewrite(section, 4, lambda cells: cells[0].strip("`"), made)
        if last:
            editor.add(last, [made(name, None) for name in metrics if name not in seen])
    return editor.text()


WRITERS = {CONFIGURATION: write_settings, METRICS: write_metrics}


def differences(root, build):
    """Yields (path, line number, what stands there, text that belongs there)."""
    for path, write in WRITERS.items():
        with open(os.path.join(root, path), encoding="utf-8") as file:
            old = file.read()
        new = write(old, build)
        if new != old:
            lines = zip(old.splitlines(), new.splitlines())
            number = next((n for n, (a, b) in enumerate(lines, 1) if a != b), 1)
            yield path, number, new
