"""What a program says, as it says it."""

import threading

# Nothing here takes as long, unless it hangs.
PATIENCE = 30.0


class Output:
    """The lines of one stream of a running program."""

    def __init__(self, stream):
        self._lines = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def lines(self):
        """All so far."""
        with self._news:
            return list(self._lines)

    def count(self, count):
        """The first `count` lines, once there are as many."""
        return self._when(lambda lines: lines[:count] if len(lines) >= count else None, f"{count} lines")

    def containing(self, text):
        """The first line that contains `text`, once there is one."""
        return self._when(lambda lines: next((line for line in lines if text in line), None), repr(text))

    def whole(self):
        """All lines, once the stream has ended."""
        self._reader.join(PATIENCE)
        assert self._ended, f"the stream goes on: {self.lines()}"
        return self.lines()

    def _when(self, found, what):
        with self._news:
            self._news.wait_for(lambda: found(self._lines) is not None or self._ended, PATIENCE)
            result = found(self._lines)
            assert result is not None, f"waited for {what}, got {self._lines}"
            return result

    def _read(self, stream):
        with stream:
            for line in stream:
                with self._news:
                    self._lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
