"""Runs the commands as processes of their own."""

import subprocess
import sys


def fer(*words):
    """Run `fer` as a process of its own; return exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, '-m', 'fer_ros', *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def without(module, *words):
    """Run `fer` where a module cannot be imported."""
    code = (f'import sys; sys.modules[{module!r}] = None; '
            f'from fer_ros.cli import main; sys.exit(main({list(words)!r}))')
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
