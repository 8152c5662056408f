"""The errors of the package: one base, and one type for each thing that can be at fault."""

__all__ = ['ConfigError', 'DataError', 'FerError', 'ImageError', 'ModelError', 'SourceError']


class FerError(Exception):
    """Base of all errors that fer_ros raises on purpose; its text tells what to do."""


class ImageError(FerError):
    """An image (message) is malformed; the text says what was expected and what came."""


class ModelError(FerError):
    """A model folder is missing, tampered with, or does not fit its manifest."""


class SourceError(FerError):
    """A camera, video, folder or file cannot be opened or read."""


class ConfigError(FerError):
    """A parameter, option or configuration file holds a value that cannot be used."""


class DataError(FerError):
    """A data set for training or evaluation is malformed; the text names file and place."""
