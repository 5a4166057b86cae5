"""Capture files as lists of frames, read and written in every form the program reads.

pcap in both byte orders, with micro- or nanoseconds; pcapng in both byte orders, with any decimal
resolution and one interface for each link type (draft-ietf-opsawg-pcap, -pcapng). Written from the
specifications and without a look at the reader under test, so that one can find the other wrong.
Blocks other than packets and interfaces are not kept: none of those in pcaps/ says anything.
"""
import dataclasses
import struct

ETHERNET, RAW, COOKED, COOKED_2 = 1, 101, 113, 276
SNAPLEN = 262144


@dataclasses.dataclass(frozen=True)
class Frame:
    """One captured frame; number is its place in the capture that it was read from."""
    number: int
    time_ns: int
    link: int
    data: bytes

    def with_data(self, data, link=None):
        return dataclasses.replace(self, data=data, link=self.link if link is None else link)

    def at(self, time_ns):
        return dataclasses.replace(self, time_ns=time_ns)


def read(path):
    raw = path.read_bytes()
    return list(read_pcapng(raw) if raw[:4] == b'\x0a\x0d\x0d\x0a' else read_pcap(raw))


def whole(data, captured, wire):
    if len(data) != captured or captured != wire:
        raise ValueError('a frame is cut; what it became would say nothing')
    return data


def read_pcap(raw):
    forms = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}
    for endian in '<>':
        magic, = struct.unpack_from(endian + 'I', raw)
        if magic in forms:
            break
    link, = struct.unpack_from(endian + 'I', raw, 20)
    at, number = 24, 0
    while at < len(raw):
        seconds, fraction, captured, wire = struct.unpack_from(endian + 'IIII', raw, at)
        number += 1
        yield Frame(number, seconds * 10**9 + fraction * forms[magic], link & 0xffff,
                    whole(raw[at + 16:at + 16 + captured], captured, wire))
        at += 16 + captured


def resolution(endian, options):
    """Nanoseconds of one unit of time, from an interface's options."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(endian + 'HH', options, at)
        if code == 9:
            return 10**(9 - options[at + 4])
        at += 4 + (length + 3) // 4 * 4
    return 1000


def read_pcapng(raw):
    endian = '<' if raw[8:12] == b'\x4d\x3c\x2b\x1a' else '>'
    at, number, interfaces = 0, 0, []
    while at < len(raw):
        kind, length = struct.unpack_from(endian + 'II', raw, at)
        body = raw[at + 8:at + length - 4]
        if kind == 1:
            interfaces.append((struct.unpack_from(endian + 'H', body)[0], resolution(endian, body[8:])))
        elif kind == 6:
            interface, high, low, captured, wire = struct.unpack_from(endian + 'IIIII', body)
            link, unit_ns = interfaces[interface]
            number += 1
            yield Frame(number, (high << 32 | low) * unit_ns, link, whole(body[20:20 + captured], captured, wire))
        at += length


def key_log(path):
    """The secrets that a pcapng file carries to look inside TLS; what is written here carries none."""
    raw, at, texts = path.read_bytes(), 0, []
    if raw[:4] != b'\x0a\x0d\x0d\x0a':
        return b''
    endian = '<' if raw[8:12] == b'\x4d\x3c\x2b\x1a' else '>'
    while at < len(raw):
        kind, length, secret, size = struct.unpack_from(endian + 'IIII', raw, at)
        if (kind, secret) == (10, 0x544c534b):
            texts.append(raw[at + 16:at + 16 + size])
        at += length
    return b''.join(texts)


def options_with_keys(options, path, folder):
    """The options, with a key log where the capture would have brought its own."""
    keys = key_log(path)
    if not keys:
        return options
    (folder / 'keys').write_bytes(keys)
    return [*options, '--keylog', str(folder / 'keys')]


def pcap(frames, endian='<', unit_ns=1):
    """A pcap file. Nanoseconds unless told otherwise, so that no time is rounded."""
    links = {frame.link for frame in frames} or {ETHERNET}
    if len(links) > 1:
        raise ValueError('pcap holds one link type only')
    magic = 0xa1b23c4d if unit_ns == 1 else 0xa1b2c3d4
    out = [struct.pack(endian + 'IHHiIII', magic, 2, 4, 0, 0, SNAPLEN, links.pop())]
    for frame in frames:
        seconds, rest = divmod(frame.time_ns, 10**9)
        out += [struct.pack(endian + 'IIII', seconds, rest // unit_ns, len(frame.data), len(frame.data)), frame.data]
    return b''.join(out)


def block(endian, kind, body):
    body += b'\0' * (-len(body) % 4)
    length = struct.pack(endian + 'I', len(body) + 12)
    return struct.pack(endian + 'I', kind) + length + body + length


def pcapng(frames, endian='<', digits=9):
    """A pcapng file; digits: decimal places of a second."""
    links = list(dict.fromkeys(frame.link for frame in frames)) or [ETHERNET]
    option = struct.pack(endian + 'HHB3xHH', 9, 1, digits, 0, 0)
    out = [block(endian, 0x0a0d0d0a, struct.pack(endian + 'IHHq', 0x1a2b3c4d, 1, 0, -1))]
    out += [block(endian, 1, struct.pack(endian + 'HHI', link, 0, SNAPLEN) + option) for link in links]
    for frame in frames:
        time = frame.time_ns // 10**(9 - digits)
        head = struct.pack(endian + 'IIIII', links.index(frame.link), time >> 32, time & 0xffffffff,
                           len(frame.data), len(frame.data))
        out.append(block(endian, 6, head + frame.data))
    return b''.join(out)
