#!/usr/bin/env python3
"""Copies a pcapng file without what names the machine: all options of section headers, and the
operating system and hardware of interfaces. plain-section.py IN OUT, little-endian files only."""
import struct
import sys

SECTION, INTERFACE = 0x0A0D0D0A, 1
IF_OS, IF_HARDWARE = 12, 15


def without(options, codes):
    kept, at = b"", 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from("<HH", options, at)
        end = at + 4 + (length + 3) // 4 * 4
        if code not in codes:
            kept += options[at:end]
        at = end
    return kept


with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
    while head := source.read(8):
        kind, length = struct.unpack("<II", head)
        body = source.read(length - 8)[:-4]
        if kind == SECTION:
            body = body[:16]
        elif kind == INTERFACE:
            body = body[:8] + without(body[8:], (IF_OS, IF_HARDWARE))
        total = struct.pack("<I", len(body) + 12)
        target.write(head[:4] + total + body + total)
