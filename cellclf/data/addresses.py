"""Files at any address that fsspec can reach, such as `s3://`, `gs://` and `https://`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from cellclf.data.decode import IMAGE_SUFFIXES
from cellclf.errors import DataError, ImageError

__all__ = ["is_address", "list_address", "read_address"]

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[A-Za-z][A-Za-z0-9+.-]+)*://")
"""How an address begins. Two letters at least: `C:` is a drive."""

WEB = ("http://", "https://")

MAGIC, MAGIC_OF_WEB = re.compile(r"[*?[]"), re.compile(r"[*[]")
"""What makes a pattern; a question mark in the address of a web page begins its query."""


def is_address(name: str) -> bool:
    """Tell an address from the path of a local file.

    Example:
        >>> is_address("s3://cells/1.png"), is_address("cells/1.png"), is_address("C:/1.png")
        (True, False, False)
    """
    return ADDRESS.match(name) is not None


def list_address(name: str) -> list[str]:
    """Return the addresses of the images that one address stands for, sorted.

    Args:
        name: An image, which is returned as it is, there or not; a folder, of which every image at
            any depth is taken, by its suffix; or a pattern with `*` or `[...]`, and, other than on
            the web, `?`.

    Returns:
        Nothing where there are none. Names that start with a dot are left out of folders.

    Raises:
        DataError: Such addresses cannot be read here, or the place does not answer; why.
    """
    files, place = _opened(name)
    magic = MAGIC_OF_WEB if name.startswith(WEB) else MAGIC
    try:
        if magic.search(place):
            return sorted(_whole(name, files, one) for one in files.glob(place) if _is_image(one))
        if _is_image(place):
            return [name]
        below = [one for one in files.find(place) if one.rstrip("/") != place.rstrip("/")]
        found = [one for one in below if _is_image(one) and not _hidden(one, place)]
        if below or not files.exists(place):
            return sorted(_whole(name, files, one) for one in found)
    except FileNotFoundError:
        return []
    except Exception as error:
        raise DataError(f"{name} cannot be listed: {_reason(error)}") from error
    return [name]  # a file that is called otherwise than images are


def read_address(name: str, *, most: int) -> bytes:
    """Return at most `most` bytes of the file at an address.

    Raises:
        ImageError: It cannot be read.
    """
    try:
        files, place = _opened(name)
        with files.open(place, "rb") as file:
            content: bytes = file.read(most)
    except ImageError:
        raise
    except DataError as error:
        raise ImageError(str(error)) from None
    except FileNotFoundError:
        raise ImageError("the file does not exist") from None
    except PermissionError:
        raise ImageError("the file may not be read: permission denied") from None
    # A file system of another package raises what it likes; no file may stop the rest.
    except Exception as error:
        raise ImageError(f"the file cannot be read: {_reason(error)}") from None
    return content


def _opened(name: str) -> tuple[Any, str]:
    """The file system of an address, and what the file is called there."""
    # Imported here: only where an address is used.
    from fsspec.core import url_to_fs

    try:
        files, place = url_to_fs(name)
    except (ImportError, ValueError) as error:
        scheme = name.partition("://")[0]
        raise DataError(
            f"addresses that begin with {scheme}:// cannot be read here: {_reason(error)}. "
            "Install the package that reads them, such as s3fs for s3://, gcsfs for gs:// and "
            "aiohttp for https://"
        ) from error
    except Exception as error:
        raise DataError(f"{name} cannot be reached: {_reason(error)}") from error
    return files, str(place)


def _whole(name: str, files: Any, place: str) -> str:
    """The address of a file that was found at `place`, written as `name` is."""
    first, chained, rest = name.partition("::")
    if not chained:
        return str(files.unstrip_protocol(place))
    if "://" in first:  # such as zip://*.png::s3://cells/set.zip
        return f"{first.partition('://')[0]}://{place}{chained}{rest}"
    scheme = rest.partition("://")[0]  # such as simplecache::s3://cells/*.png
    return f"{first}{chained}{place if is_address(place) else f'{scheme}://{place}'}"


def _is_image(place: str) -> bool:
    path = urlsplit(place).path if place.startswith(WEB) else place
    last = path.rpartition("/")[2]
    return last.lower().endswith(IMAGE_SUFFIXES) and not last.startswith(".")


def _hidden(place: str, folder: str) -> bool:
    below = place.removeprefix(folder).strip("/")
    return any(part.startswith(".") for part in below.split("/"))


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else repr(error)
