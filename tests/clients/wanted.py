"""Programs of the system that some tests want: CI leaves nothing out."""

import os
import shutil

import pytest


def program(name: str, package: str) -> str:
    """The path of a program. Skips the test where it is missing; fails it in CI. `package` is Debian's that has it."""
    found = shutil.which(name)
    if found is None:
        missing = f"{name} is not on the PATH (Debian: apt-get install {package})"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return found
