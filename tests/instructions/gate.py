"""The numbers that are kept, and what is made of others."""

from dataclasses import dataclass, field
from pathlib import Path

FILE = Path(__file__).resolve().parent / "numbers"
HEAD = "# User instructions per request; tests/instructions/run --update writes them.\n"

# By how much a number may be off, as a part of it.
TOLERANCE = 0.05


@dataclass
class Numbers:
    versions: dict = field(default_factory=dict)
    per_request: dict = field(default_factory=dict)


def read(path=FILE):
    return parse(path.read_text()) if path.exists() else Numbers()


def write(numbers, path=FILE):
    path.write_text(render(numbers))


def parse(text):
    """Lines of a name and a number, and of `with`, a name and a version."""
    numbers = Numbers()
    for line in text.splitlines():
        match line.split():
            case ["with", name, version]:
                numbers.versions[name] = version
            case [name, number] if not name.startswith("#"):
                numbers.per_request[name] = int(number)
    return numbers


def render(numbers):
    versions = [f"with {name} {version}\n" for name, version in numbers.versions.items()]
    lines = [f"{name} {number:.0f}\n" for name, number in numbers.per_request.items()]
    return "".join([HEAD, *versions, *lines])


@dataclass(frozen=True)
class Judged:
    name: str
    counted: float
    kept: int | None

    @property
    def change(self):
        return self.counted / self.kept - 1

    @property
    def fails(self):
        """More instructions are a failure, and so is a number that is not there. Fewer are none."""
        return self.kept is None or self.change > TOLERANCE

    @property
    def is_news(self):
        """Whether the number that is kept says nothing any more."""
        return self.kept is None or abs(self.change) > TOLERANCE

    def __str__(self):
        if self.kept is None:
            return f"{self.name}: {self.counted:,.0f} instructions per request, and no number for it: FAILED"
        verdict = ": FAILED" if self.fails else ", better than its number says" if self.is_news else ""
        return f"{self.name}: {self.counted:,.0f} instructions per request, {self.change:+.1%}{verdict}"


def judge(kept, counted):
    return [Judged(name, number, kept.get(name)) for name, number in counted.items()]


def differences(kept, now):
    return [
        f"{name} {version} instead of {kept.get(name)}" for name, version in now.items() if kept.get(name) != version
    ]
