"""How often a caller may ask, in windows that start with their first request."""

from __future__ import annotations

from simulator import clock

Windows = dict[str, tuple[float, int]]
"""By name: the moment the window ends, and what was granted in it."""


class Limits:
    """Counted windows by name; the name says who is counted for what."""

    def __init__(self, windows: Windows | None = None) -> None:
        self._windows: Windows = dict(windows or {})

    def take(self, name: str, allowed: int, window_s: float, at: float) -> float:
        """Count one request: 0.0 when granted, else the seconds until the window ends.

        A refused request is not counted. `window_s` matters only to the request that
        opens a window, so a window keeps the length it was created with.
        """
        ends, used = self._windows.get(name, (at, 0))
        if at >= ends:
            ends, used = at + window_s, 0
        if used >= allowed:
            return ends - at
        self._windows[name] = (ends, used + 1)
        return 0.0

    def left(self, name: str, allowed: int, window_s: float, at: float) -> tuple[int, float]:
        """What may still be asked, and the seconds until all of it is free again."""
        ends, used = self._windows.get(name, (at, 0))
        if at >= ends:
            return allowed, window_s
        return max(0, allowed - used), ends - at

    def dump(self, at: float) -> dict[str, dict[str, str | int]]:
        """The windows open at `at`, as `world.json` carries them."""
        return {
            name: {"ends": clock.stamp(ends), "used": used}
            for name, (ends, used) in sorted(self._windows.items())
            if ends > at
        }

    @classmethod
    def load(cls, windows: dict[str, dict[str, str | int]]) -> Limits:
        return cls(
            {name: (clock.moment(str(one["ends"])), int(one["used"])) for name, one in windows.items()}
        )

    def age(self, seconds: float) -> None:
        self._windows = {name: (ends - seconds, used) for name, (ends, used) in self._windows.items()}
