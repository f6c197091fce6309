"""Looks at pages of backup_report in a browser: nothing scrolls sideways, no text lies on another.

    python -m tests.pages [--pictures FOLDER] [--large ITEMS]

Without a Chromium it says so and does nothing. The pictures are those that docs/ shows.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from backupkit.page import render

from runbooks import backup_report
from tests.decisions.reports import read
from tests.pages import exports
from tests.pages.browser import Browser, found

WIDTHS = (320, 390, 768, 1280, 1920)
GROUP = "/subscriptions/00000004-1111-4222-8333-000000000004/resourceGroups/rg-nw"
DARK_VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/rsv-nw-01"
UNREAD = [(DARK_VAULT, "Azure answered 403 AuthorizationFailed: grant Backup Reader there")]
PICTURES = {
    "burning": ("burning", 1280, False, "screen", 1500),
    "burning-dark": ("burning", 1280, True, "screen", 1000),
    "burning-phone": ("burning", 390, False, "screen", 1400),
    "healthy": ("healthy", 1280, False, "screen", 1000),
}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OVERLAPS = """
(() => {
  const lines = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && lines.length < 6000) {
    const node = walker.currentNode, holder = node.parentElement;
    if (holder.closest('thead')?.getBoundingClientRect().width < 2) continue;  // for screen readers alone
    if (!node.data.trim() || holder.closest('title, desc, style') || !holder.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 1 && box.height > 1) lines.push({box, said: node.data.trim().slice(0, 30), holder});
  }
  lines.sort((one, other) => one.box.top - other.box.top);
  const found = [];
  for (let at = 0; at < lines.length; at++)
    for (let next = at + 1; next < lines.length && lines[next].box.top < lines[at].box.bottom - 3; next++) {
      const [one, other] = [lines[at].box, lines[next].box];
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      const hidden = [one, other].some(box => box.width < 2);
      if (wide > 2 && high > 4 && !hidden && lines[at].holder !== lines[next].holder)
        found.push(lines[at].said + ' / ' + lines[next].said);
    }
  return found.slice(0, 5);
})()
"""


def build(folder: Path, large: int) -> dict[str, Path]:
    """The pages, by the estate they are of."""
    exports.empty(folder / "empty")
    exports.Estate(items=420).write(folder / "healthy")
    exports.Estate(items=840, rate=0.03, burning=True).write(folder / "burning", UNREAD)
    exports.odd(folder / "odd")
    if large:
        estate = exports.Estate(items=large, rate=0.03, burning=True, vaults=400, days=2, snapshots=2)
        estate.write(folder / "large")
    pages = {}
    for name in ("empty", "healthy", "burning", "odd", *(["large"] if large else [])):
        pages[name] = folder / f"{name}.html"
        options = backup_report.Params(title="Backups-of-Contoso")
        html = render(backup_report.page(read(folder / name), options, "20261126T064000Z-5eedf00d"))
        pages[name].write_text(html, encoding="utf-8")
    return pages


def looked_at(browser: Browser, name: str, page: Path) -> list[str]:
    """What is wrong with a page, at every width and on paper."""
    faults = []
    for width, media in [*((one, "screen") for one in WIDTHS), (720, "print")]:
        browser.open(page, width, media=media)
        beyond = browser.run(SIDEWAYS)
        if beyond > 0:
            faults.append(f"{name}: {width} px {media}: it scrolls sideways by {beyond} px")
        faults += [f"{name}: {width} px {media}: text on text: {one}" for one in browser.run(OVERLAPS)]
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--large", type=int, default=0)
    options = parser.parse_args()
    command = found()
    if command is None:
        sys.stdout.write("no Chromium found: the pages were not looked at\n")
        return 0
    with tempfile.TemporaryDirectory() as folder, Browser(command) as browser:
        with redirect_stdout(io.StringIO()):
            pages = build(Path(folder), options.large)
        faults = [fault for name, page in pages.items() for fault in looked_at(browser, name, page)]
        if options.pictures:
            for name, (of, width, dark, media, most) in PICTURES.items():
                browser.open(pages[of], width, dark=dark, media=media)
                browser.picture(options.pictures / f"report-{name}.webp", most=most)
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    told = f"{len(pages)} pages at {len(WIDTHS)} widths and on paper: {len(faults)} faults\n"
    sys.stdout.write(told)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
