"""The calls in C sources that log a line, and the format of each."""

import re

CALL = re.compile(r"\blog_(error|warn|info|http|debug|peer)\(")
COMMENT = re.compile(r"(?<!:)//[^\n]*")  # and no address of a web page
DEFINITION = re.compile(r"^[ \t]*#define(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\w+))')
FORMATS = {"PRId64": "ld", "PRIu64": "lu", "PRIu32": "u", "SPAN_FMT": "%.*s"}
ADDED = {"peer": " address=%.*s left_out=%lu"}  # by log_peer(), behind its format


def blank(match):
    """The same number of lines without the text, so that numbers of lines stay right."""
    return "\n" * match[0].count("\n")


def arguments(text, start):
    """The arguments of the call whose parenthesis is before `start`."""
    found, depth, begin, quoted, i = [], 0, start, False, start
    while i < len(text):
        c = text[i]
        if c == "\\" and quoted:
            i += 1
        elif c == '"':
            quoted = not quoted
        elif not quoted and c in "([{":
            depth += 1
        elif not quoted and (c == "," and depth == 0 or c in ")]}"):
            if depth == 0:
                found.append(text[begin:i])
                begin = i + 1
                if c == ")":
                    break
            else:
                depth -= 1
        i += 1
    return found


def format_of(argument):
    """The text of a literal with the formats of macros put in; None if it is anything else."""
    parts, at = [], 0
    argument = argument.strip()
    while at < len(argument):
        match = TOKEN.match(argument, at)
        if not match or (match[2] and match[2] not in FORMATS):
            return None
        parts.append(match[1] if match[1] is not None else FORMATS[match[2]])
        at = match.end()
    return "".join(parts) or None


def calls_of(text):
    """Yields (line, format) of each call; the format is None if it is no literal."""
    text = DEFINITION.sub(blank, COMMENT.sub(blank, text))
    for call in CALL.finditer(text):
        found = arguments(text, call.end())
        index = 2 if call[1] == "peer" else 0
        form = format_of(found[index]) if index < len(found) else None
        yield (text.count("\n", 0, call.start()) + 1,
               form + ADDED.get(call[1], "") if form else None)
