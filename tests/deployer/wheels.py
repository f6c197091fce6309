"""Tiny wheels that pip accepts, and lock files of them."""

import base64
import hashlib
import zipfile


def wheel(folder, name="thing", version="1.0", *, tag="py3-none-any", content="", **metadata):
    """The path of a new wheel; another `content` is another file of the same version.

    `requires_dist=["a", "b"]` and `requires_python=[">=3.11"]` are lines of its METADATA.
    """
    info = f"{name}-{version}.dist-info"
    needs = fields(metadata)
    files = {
        f"{name}.py": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},{_recorded(text)},{len(text)}\n" for path, text in files.items())
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return made


def fields(metadata):
    """Lines of METADATA; `requires_dist=["a"]` is `Requires-Dist: a`."""
    named = {name.replace("_", "-").title(): values for name, values in metadata.items()}
    return "".join(f"{name}: {value}\n" for name, values in named.items() for value in values)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lock(path, *wheels, more=()):
    """Pins these wheels; several of one version are one pin, and `more` are hashes of every pin."""
    pinned = {}
    for one in wheels:
        name, version = one.name.split("-")[:2]
        pinned.setdefault(f"{name}=={version}", list(more)).append(sha256(one))
    path.write_text("".join(_entry(pin, hashes) for pin, hashes in pinned.items()), encoding="utf-8")
    return path


def _entry(pin, hashes):
    return (
        f"{pin} \\\n"
        + " \\\n".join(f"    --hash=sha256:{one}" for one in hashes)
        + "\n    # via -r some.in\n"
    )


def _recorded(text):
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
