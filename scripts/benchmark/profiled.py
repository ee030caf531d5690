"""The gateway's command under cProfile. SIGUSR1 begins, SIGUSR2 ends and writes the file that is named first.

Run as `python -m scripts.benchmark.profiled FILE serve --port N`. Between the two signals there is only the
load, so that the start is not in the figures.
"""

import cProfile
import signal
import sys
from pathlib import Path
from types import FrameType

from gateway.cli.command import main


def _begin_and_end_by_signal(file: Path) -> None:
    profile = cProfile.Profile()

    def begin(number: int, frame: FrameType | None) -> None:
        profile.enable()

    def end(number: int, frame: FrameType | None) -> None:
        profile.disable()
        unfinished = file.with_suffix(".unfinished")
        profile.dump_stats(unfinished)
        unfinished.rename(file)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)


if __name__ == "__main__":
    _begin_and_end_by_signal(Path(sys.argv.pop(1)))
    main()
