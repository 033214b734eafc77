"""What a file is that is no checkpoint, by its first bytes: each with a sentence and the next step."""

from __future__ import annotations

_WEIGHTS = "weights only say nothing of how they were trained"
_SIGNS = (
    (
        b"version https://git-lfs",
        "is a pointer of Git LFS, not the file itself",
        "`git lfs pull` fetches the file",
    ),
    (b"\x1f\x8b", "is compressed with gzip", "unpack it first: gunzip, or tar xzf"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd", "unpack it first: unzstd"),
    (b"\xfd7zXZ\x00", "is compressed with xz", "unpack it first: unxz"),
    (b"BZh", "is compressed with bzip2", "unpack it first: bunzip2"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", "unpack it first"),
    (b"Rar!", "is a RAR archive", "unpack it first"),
    (b"Salted__", "is encrypted (openssl)", "decrypt it first"),
    (b"age-encryption.org", "is encrypted (age)", "decrypt it first"),
    (b"-----BEGIN PGP", "is encrypted (PGP)", "decrypt it first"),
    (b"\x89HDF\r\n", "is an HDF5 file, as Keras writes them", "pgaudit reads checkpoints of PyTorch"),
    (b"GGUF", "is a GGUF model, which holds weights only", _WEIGHTS),
    (b"\x93NUMPY", "is an array of numpy", "pgaudit reads checkpoints of PyTorch"),
)
_LIKELY_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head")


def what_else(head: bytes) -> tuple[str, str | None] | None:
    """Returns what a file is that begins so, and what helps; None where nothing speaks against a checkpoint.

    Args:
        head: the first 512 bytes, or all.
    """
    if not head:
        return "is empty", "the run that wrote it may have been stopped, or its disk was full"
    for sign, message, hint in _SIGNS:
        if head.startswith(sign):
            return message, hint
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if start.startswith(_LIKELY_PAGE):
        return "is a web page, not a checkpoint", "the download wrote an error or login page: fetch it again"
    if head[257:262] == b"ustar":
        return (
            "is a tar archive: torch.save has not written that format since 2017, and it is not read",
            "if it holds a checkpoint, unpack it; an old one is renewed by torch.save(torch.load(FILE), NEW)",
        )
    if not head.strip(b"\x00"):
        return "holds nothing but zeros", "the run that wrote it may have been stopped, or its disk was full"
    return None
