"""What a process has freed goes back, so that a swap of models leaves it no larger than the model it holds."""

import subprocess
import sys

SWAPS = """
import numpy as np, psutil
from livestreamx.allocator import give_back_large_blocks
process, taken = psutil.Process(), give_back_large_blocks()
before, model = process.memory_info().rss, []
for size in (4_000_000, 5_000_000, 4_500_000, 5_500_000, 5_000_000):
    model = [np.ones(size // 8) for _ in range(10)]
model = model[::2]
print(taken, process.memory_info().rss - before)
"""


def test_freed_models_go_back() -> None:
    done = subprocess.run([sys.executable, "-c", SWAPS], capture_output=True, text=True, check=True, timeout=60)
    taken, grown = done.stdout.split()
    assert taken == str(sys.platform.startswith("linux"))
    assert int(grown) < 32e6 or taken == "False"
