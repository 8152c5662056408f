"""The pixels of a data set: pictures in a folder, or in a zip file that is never unpacked."""

from __future__ import annotations

import os
from pathlib import Path
import threading
from typing import Any
import zipfile

import cv2
import numpy as np

from fer_ros.core.errors import DataError
from fer_ros.core.types import Image

__all__ = ['PictureStore']

_JPEG_START, _JPEG_END = b'\xff\xd8', b'\xff\xd9'
_TAIL = 4096  # bytes: some cameras write more after the end


class PictureStore:
    """Pictures below a folder or in a zip file, read by any thread or process.

    Args:
        path: The folder, or the zip file.

    Raises:
        DataError: `path` is neither.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._zipped = self.path.is_file()
        self._lock = threading.Lock()
        self._archive: zipfile.ZipFile | None = None
        self._process = 0
        if self._zipped:
            self._open()
        elif not self.path.is_dir():
            raise DataError(f'{self.path} is neither a zip file nor a folder of pictures')

    @classmethod
    def beside(cls, folder: Path, name: str) -> PictureStore:
        """Return the pictures in `NAME.zip` or in the folder `NAME` of `folder`.

        Raises:
            DataError: There is neither.
        """
        for path in (folder / f'{name}.zip', folder / name):
            if path.exists():
                return cls(path)
        raise DataError(f'{folder} has neither {name}.zip nor a folder {name}')

    def __contains__(self, file: str) -> bool:
        if not self._zipped:
            return (self.path / file).is_file()
        with self._lock:
            return file in self._open().NameToInfo

    def read(self, file: str, whole: bool = False) -> Image:
        """Return the (H, W, 3) uint8 BGR pixels of a picture, turned upright as its EXIF says.

        Args:
            file: Its path within the store.
            whole: Refuse a JPEG that ends early; otherwise the rest of it is grey.

        Raises:
            DataError: It is missing or cannot be decoded.
        """
        data = self.read_bytes(file)
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        except cv2.error as error:
            raise DataError(
                f'picture {file} in {self.path} cannot be decoded: {error.err}') from error
        if image is None:
            raise DataError(f'picture {file} in {self.path} cannot be decoded')
        if whole and data[:2] == _JPEG_START and _JPEG_END not in data[-_TAIL:]:
            raise DataError(f'picture {file} in {self.path} ends early')
        return np.asarray(image, np.uint8)

    def read_bytes(self, file: str) -> bytes:
        """Return a picture as it is stored.

        Raises:
            DataError: It is missing or cannot be read.
        """
        try:
            if not self._zipped:
                return (self.path / file).read_bytes()
            with self._lock:
                return self._open().read(file)
        except KeyError as error:
            raise DataError(f'{self.path} has no picture {file}') from error
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise DataError(f'cannot read picture {file} in {self.path}: {error}') from error

    def _open(self) -> zipfile.ZipFile:
        # A forked process shares the place in the file with its parent, so it opens its own.
        if self._archive is None or self._process != os.getpid():
            try:
                self._archive = zipfile.ZipFile(self.path)
            except (OSError, zipfile.BadZipFile) as error:
                raise DataError(f'cannot read {self.path}: {error}') from error
            self._process = os.getpid()
        return self._archive

    def __getstate__(self) -> dict[str, Any]:
        return {'path': self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state['path'])  # type: ignore[misc]
