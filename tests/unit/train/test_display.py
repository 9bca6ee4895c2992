"""What a run shows, and to whom."""

import io

from gansmith.train.display import Display


class Closed(io.StringIO):
    """A stream whose reader has gone, as behind `head -1`."""

    def write(self, text):
        if self.getvalue():
            raise BrokenPipeError
        return super().write(text)


def test_a_run_goes_on_in_silence_where_nobody_reads():
    for mode in ("auto", "plain", "json"):
        out = Closed()
        display = Display(mode, out)
        for _ in range(3):
            display.event("begun")
            display.note("a line")
        display.close()
        assert out.getvalue().count("\n") == 1
        assert display.mode == "quiet"
