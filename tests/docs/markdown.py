"""The parts of Markdown that the checks of these pages look at."""

import re

FENCE = re.compile(r"^\s*(```+|~~~+)\s*(\S*)")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
CODE = re.compile(r"(`+)(.+?)\1")
LINK_IN_TITLE = re.compile(r"\[([^\]]*)\]\([^)]*\)")


class Block:
    """A fenced block: its language, the number of its first line, its lines."""

    def __init__(self, language, number):
        self.language, self.number, self.lines = language, number, []

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


class Page:
    """`lines` are (number, text) outside fenced blocks; `headings` are (number, level, title)."""

    def __init__(self, text):
        self.lines, self.blocks, self.headings = [], [], []
        fence = block = None
        for number, line in enumerate(text.splitlines(), 1):
            match = FENCE.match(line)
            if fence:
                if match and match[1].startswith(fence) and not match[2]:
                    fence = None
                else:
                    block.lines.append(line)
            elif match:
                fence, block = match[1], Block(match[2], number + 1)
                self.blocks.append(block)
            else:
                self._take_line(number, line)

    def _take_line(self, number, line):
        self.lines.append((number, line))
        match = HEADING.match(line)
        if match:
            self.headings.append((number, len(match[1]), plain(match[2])))

    def links(self):
        """Yields (number, target)."""
        for number, line in self.lines:
            for _, target in LINK.findall(line):
                yield number, target

    def codes(self):
        """Yields (number, text) of what stands in backticks."""
        for number, line in self.lines:
            for _, text in CODE.findall(line):
                yield number, text

    def anchors(self):
        """What a link behind '#' may name, as the usual renderers make it of headings."""
        seen, anchors = {}, set()
        for _, _, title in self.headings:
            slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            anchors.add(f"{slug}-{count}" if count else slug)
        return anchors

    def section(self, title):
        """The lines from the heading of that title to the next one of its level or above."""
        start = end = level = None
        for number, depth, name in self.headings:
            if start is None and name == title:
                start, level = number, depth
            elif start is not None and depth <= level:
                end = number
                break
        if start is None:
            return []
        return [(n, line) for n, line in self.lines if n > start and (end is None or n < end)]


def plain(title):
    return LINK_IN_TITLE.sub(r"\1", title).replace("`", "").strip()


def table_rows(lines):
    """Yields (number, cells) of the rows of all tables, without their heads."""
    in_body = False
    for number, line in lines:
        if not line.startswith("|"):
            in_body = False
        elif re.fullmatch(r"[|\-: ]+", line):
            in_body = True
        elif in_body:
            yield number, [cell.strip() for cell in line.strip().strip("|").split("|")]


def read(path):
    with open(path, encoding="utf-8") as file:
        return Page(file.read())
