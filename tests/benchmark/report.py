"""Tables in Markdown, and where they go."""

import json
import re
import sys
from pathlib import Path


def table(corner, rows, cell):
    """A row for each scenario, a column for each server; `cell(row, column)` where the row has the column."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    body = [[name, *(cell(row, column) if column in row else "" for column in columns)] for name, row in rows.items()]
    return markdown([corner, *columns], body)


def markdown(head, body):
    """All columns but the first are figures."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *body])


def publish(section, text, figures, options):
    print(text)
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")
    if options.markdown:
        path = Path(options.markdown)
        try:
            path.write_text(replace_section(path.read_text(), section, text))
        except LookupError as error:
            sys.exit(f"{path}: {error}")


def replace_section(document, section, text):
    """The document with another text between the marks of a section."""
    begin, end = f"<!-- begin: {section} -->", f"<!-- end: {section} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    replaced, count = pattern.subn(lambda _: f"{begin}\n\n{text}\n\n{end}", document)
    if count != 1:
        raise LookupError(f"{count} sections are marked {begin} … {end}, instead of one")
    return replaced
