"""What a built runbook begins with: it brings the kit in, from the comment lines at its own end.

This text stands in every built runbook before its first import. It keeps to Python 3.10, writes nothing to
disk, and leaves one name behind. Exceptions that nobody catches are printed by `traceback`, which finds the
kit's source lines through the loader; the interpreter itself looks for files only.
"""


def _bring_the_kit() -> None:
    import base64
    import json
    import sys
    import traceback
    import zlib
    from importlib.abc import ExecutionLoader, MetaPathFinder
    from importlib.machinery import ModuleSpec
    from importlib.util import spec_from_loader

    with open(globals().get("__file__") or sys.argv[0], encoding="utf-8") as itself:  # noqa: PTH123
        packed = "".join(line[3:].strip() for line in itself if line.startswith("#| "))
    files: dict[str, str] = json.loads(zlib.decompress(base64.b64decode(packed)))
    modules = {path[:-3].replace("/", ".").removesuffix(".__init__"): path for path in files}

    class Kit(MetaPathFinder, ExecutionLoader):
        def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
            return spec_from_loader(name, self) if name in modules else None

        def get_filename(self, name: str) -> str:
            return modules[name]

        def get_source(self, name: str) -> str:
            return files[modules[name]]

        def is_package(self, name: str) -> bool:
            return modules[name].endswith("/__init__.py")

    sys.meta_path.insert(0, Kit())
    sys.excepthook = traceback.print_exception


_bring_the_kit()
