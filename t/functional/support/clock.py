"""The system's clock as an nginx of its own sees it, by libfaketime."""

import glob


class Clock:
    """The monotonic clock goes on as it does."""

    def __init__(self, folder):
        libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        assert libraries, "libfaketime is not installed"
        self.file = folder / "clock"
        self.set(0)
        self.environment = {
            "LD_PRELOAD": libraries[0],
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            # Linux's own does not step.
            "DONT_FAKE_MONOTONIC": "1",
            # Files keep the times that they have.
            "NO_FAKE_STAT": "1",
        }

    def set(self, seconds):
        self.file.write_text(f"{seconds:+d}")

    def kept(self):
        """Directives that leave workers what the library reads."""
        return "".join(f"env {name};" for name in self.environment)
