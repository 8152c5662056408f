"""One thread that processes what is newest, in turn for each source, and never queues."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import contextlib
import threading
import traceback
from typing import Any, Generic, TypeVar

__all__ = ['Worker']

_Item = TypeVar('_Item')
_Result = TypeVar('_Result')


class Worker(Generic[_Item]):
    """Serves several sources fairly: each has room for one item, and the first come is next.

    A source that is faster than the work replaces its own item; it does not get more turns than
    a slow one. Meanwhile the executor's thread stays free for services and parameters.

    Args:
        work: Called on the thread of the worker with a source and its newest item. What it
            raises is printed, and the next item gets its turn.
    """

    def __init__(self, work: Callable[[str, _Item], None]) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._waiting: dict[str, _Item] = {}
        self._calls: deque[_Call] = deque()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._serving = False  # whether the thread takes calls

    @property
    def running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to work."""
        self._ending = False
        self._serving = True
        self._waiting.clear()  # what came after the last end
        self._thread = threading.Thread(target=self._run, name='fer_ros worker', daemon=True)
        self._thread.start()

    def stop(self, timeout: float | None = None) -> bool:
        """Drop what waits, end after the item at hand, and return whether that came in time."""
        with self._changed:
            self._ending = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        if self.running:
            return False
        self._thread = None
        return True

    def put(self, source: str, item: _Item) -> bool:
        """Let an item wait for its turn; return whether it replaced one of the same source."""
        with self._changed:
            replaced = source in self._waiting
            self._waiting[source] = item
            self._changed.notify()
        return replaced

    def drop(self, source: str) -> None:
        """Drop what waits of a source."""
        with self._changed:
            self._waiting.pop(source, None)

    def call(self, function: Callable[[], _Result]) -> _Result:
        """Call a function between two items and return its result, or raise what it raises."""
        call = _Call(function)
        with self._changed:
            waits = self._serving and self._thread is not threading.current_thread()
            if waits:
                self._calls.append(call)
                self._changed.notify()
        if not waits:
            call.run()
        call.done.wait()
        if call.error is not None:
            raise call.error
        return call.result  # type: ignore[no-any-return]

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._ending or self._calls or self._waiting):
                    self._changed.wait()
                # Before the end, too: who called waits for an answer.
                if self._calls:
                    task = self._calls.popleft().run
                elif self._ending:
                    self._serving = False
                    return
                else:
                    source = next(iter(self._waiting))
                    task = _bound(self._work, source, self._waiting.pop(source))
            try:
                task()
            except Exception:
                # Without memory not even the word about it can be said; the next item may do.
                with contextlib.suppress(Exception):
                    traceback.print_exc()
            del task  # else the last item is held until the next one comes


class _Call:
    """A call from another thread."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._function()
        except BaseException as error:
            self.error = error
        finally:
            self.done.set()


def _bound(work: Callable[[str, _Item], None], source: str, item: _Item) -> Callable[[], None]:
    return lambda: work(source, item)
