"""What the API process must not carry: training libraries take seconds and hundreds of megabytes."""

import subprocess
import sys

HEAVY = ("torch", "sentence_transformers", "dagster", "implicit", "scipy", "lightgbm", "pandas", "bytewax")


def test_the_api_imports_no_training_library() -> None:
    program = f"import sys, api.app; print(sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_embeddings_need_no_network_and_know_meaning() -> None:
    """In a process whose sockets cannot be opened: the weights come from an installed package."""
    program = (
        "import socket\n"
        "def refuse(*_): raise OSError('no network here')\n"
        "socket.socket.connect = refuse\n"
        "from ranking.text import encode\n"
        "texts = ['chess opening', 'a game with king and queen', 'baking bread', 'chess opening']\n"
        "chess, queen, bread, again = encode(texts)\n"
        "assert chess.shape == (384,) and (chess == again).all()\n"
        "assert chess @ queen > chess @ bread + 0.1, (chess @ queen, chess @ bread)\n"
        "assert encode([]).shape == (0, 384)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
