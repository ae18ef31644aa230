"""What every command says of itself with ``--help`` stays as it is until it is meant to change."""

import os
import subprocess
import sys
from collections.abc import Callable

import helps
from goldens import Goldens


def test_the_help_of_every_command_stays(goldens: Callable[[str], Goldens]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, str(helps.__file__)], capture_output=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert text.count("\n$ earmark ") > 20
    goldens("").check("help.txt", text)
