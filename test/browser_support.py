"""Reports as people see them, in a real browser where there is one."""

from __future__ import annotations

from html.parser import HTMLParser
import os
from pathlib import Path
import shutil
import subprocess

import cv2
import numpy as np
import pytest

__all__ = ['check_appearance', 'check_print', 'check_stands_alone', 'needs_browser', 'pixels_like']

_BROWSER = next(filter(None, map(shutil.which, (
    'chromium', 'chromium-browser', 'google-chrome', 'chrome'))), None)

needs_browser = pytest.mark.skipif(_BROWSER is None, reason='no Chromium or Chrome is installed')


class _Links(HTMLParser):
    """Collects what a page loads."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.images = 0

    def handle_starttag(self, tag, attrs):
        self.images += tag == 'img'
        self.found += [value for name, value in attrs if name in ('src', 'href')]


def check_stands_alone(page: Path) -> int:
    """Check that a page loads nothing, and return how many pictures are in it."""
    links = _Links()
    links.feed(page.read_text())
    assert all(link.startswith('data:image/png;base64,') for link in links.found)
    return links.images


def check_appearance(page: Path, folder: Path) -> np.ndarray:
    """Check that a page is white, or dark where that is asked for, and fits a phone.

    Args:
        page: The file.
        folder: Where screenshots are written.

    Returns:
        (H, W, 3) BGR, the page on a screen of 1200 pixels.
    """
    wide = _screenshot(page, folder / 'wide.png', 1200)
    dark = _screenshot(page, folder / 'dark.png', 1200, '--blink-settings=preferredColorScheme=0')
    phone = _screenshot(page, folder / 'phone.png', 500)
    assert wide[5, 5].tolist() == [255, 255, 255]
    assert dark[5, 5].max() < 60
    assert phone.shape[1] == 500
    # Nothing sticks out to the right: the last columns are paper.
    assert (phone[:, -4:] == 255).all()
    return wide


def check_print(page: Path, folder: Path) -> None:
    """Check that a page becomes a PDF with its pictures."""
    target = folder / 'report.pdf'
    _browse(page, folder, f'--print-to-pdf={target}')
    assert target.read_bytes().startswith(b'%PDF')
    assert target.stat().st_size > 30_000


def pixels_like(image: np.ndarray, color: tuple[int, int, int]) -> int:
    """Return how many pixels have nearly a colour, in BGR."""
    return int((np.abs(image.astype(int) - color).max(axis=2) < 12).sum())


def _screenshot(page, path, width, *options):
    done = _browse(page, path.parent, '--hide-scrollbars', f'--screenshot={path}',
                   f'--window-size={width},1600', *options)
    assert path.exists(), done.stderr
    return cv2.imread(str(path))


def _browse(page, folder, *options):
    return subprocess.run(
        [_BROWSER, '--headless', '--no-sandbox', '--disable-gpu',
         f'--user-data-dir={folder / "profile"}', *options, f'file://{page}'],
        capture_output=True, text=True, timeout=120, check=True,
        env={**os.environ, 'HOME': str(folder)})
