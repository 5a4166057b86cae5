"""Captures as lists of frames, and what may be put around a frame. Needs nothing but Python.

Written from the specifications of the formats and encapsulations, not from the program's readers:
both have to agree.
"""
import collections
import ipaddress
import struct

# time_ns since 1970; link, a LINKTYPE_ value; wire, the original length; data, what was captured.
Frame = collections.namedtuple('Frame', 'time_ns link wire data')

ETHERNET, RAW = 1, 101


# ---- Files ---------------------------------------------------------------------------------------


def read_pcap(data):
    """Classic pcap of either byte order, micro- or nanoseconds."""
    order = '<' if data[0] in (0xd4, 0x4d) else '>'
    magic, _, _, _, _, _, link = struct.unpack_from(order + 'IHHiIII', data)
    unit = 1 if magic == 0xa1b23c4d else 1000
    at = 24
    while at < len(data):
        seconds, fraction, captured, wire = struct.unpack_from(order + 'IIII', data, at)
        yield Frame(seconds * 10**9 + fraction * unit, link, wire, data[at + 16:at + 16 + captured])
        at += 16 + captured


def read_pcapng(data):
    """One section or several; enhanced packet blocks, times in powers of ten."""
    at, interfaces, order = 0, [], '<'
    while at < len(data):
        if data[at:at + 4] == b'\x0a\x0d\x0d\x0a':
            order = '<' if data[at + 8] == 0x4d else '>'
            interfaces = []
        kind, size = struct.unpack_from(order + 'II', data, at)
        body = data[at + 8:at + size - 4]
        if kind == 1:
            link, exponent, rest = struct.unpack_from(order + 'H', body)[0], 6, body[8:]
            while len(rest) >= 4:
                code, length = struct.unpack_from(order + 'HH', rest)
                if code == 9:
                    exponent = rest[4]
                rest = rest[4 + (length + 3) // 4 * 4:]
            interfaces.append((link, 10 ** (9 - exponent)))
        elif kind == 6:
            index, high, low, captured, wire = struct.unpack_from(order + 'IIIII', body)
            link, unit = interfaces[index]
            yield Frame((high << 32 | low) * unit, link, wire, body[20:20 + captured])
        at += size


def read(path):
    data = path.read_bytes()
    return list((read_pcapng if data[:4] == b'\x0a\x0d\x0d\x0a' else read_pcap)(data))


def block(kind, body, order='<'):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + 'I', len(body) + 12)
    return struct.pack(order + 'I', kind) + size + body + size


def option(code, data, order='<'):
    return struct.pack(order + 'HH', code, len(data)) + data + bytes(-len(data) % 4)


def section(order='<', options=b''):
    return block(0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1) + options, order)


def interface(link, snaplen=0, options=b'', order='<'):
    return block(1, struct.pack(order + 'HHI', link, 0, snaplen) + options, order)


def packet(index, units, frame, order='<', options=b''):
    head = struct.pack(order + 'IIIII', index, units >> 32, units & 0xffffffff, len(frame.data), frame.wire)
    return block(6, head + frame.data + bytes(-len(frame.data) % 4) + options, order)


def write_pcapng(frames, order='<', snaplen=0):
    """An interface for each link type, nanoseconds."""
    links = sorted({frame.link for frame in frames})
    nanoseconds = option(9, b'\x09', order) + option(0, b'', order)
    return (section(order) + b''.join(interface(link, snaplen, nanoseconds, order) for link in links) +
            b''.join(packet(links.index(frame.link), frame.time_ns, frame, order) for frame in frames))


def write_pcap(frames, order='<', nanoseconds=False):
    """All frames of one link type."""
    unit = 1 if nanoseconds else 1000
    out = struct.pack(order + 'IHHiIII', 0xa1b23c4d if nanoseconds else 0xa1b2c3d4, 2, 4, 0, 0, 262144, frames[0].link)
    for frame in frames:
        seconds, rest = divmod(frame.time_ns, 10**9)
        out += struct.pack(order + 'IIII', seconds, rest // unit, len(frame.data), frame.wire) + frame.data
    return out


def cut(frames, snaplen):
    return [frame._replace(data=frame.data[:snaplen]) for frame in frames]


# ---- Around a frame ------------------------------------------------------------------------------


def ipv4(src, dst, protocol, payload):
    return struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0,
                       ipaddress.ip_address(src).packed, ipaddress.ip_address(dst).packed) + payload


def ipv6(src, dst, protocol, payload):
    return struct.pack('>IHBB16s16s', 6 << 28, len(payload), protocol, 64,
                       ipaddress.ip_address(src).packed, ipaddress.ip_address(dst).packed) + payload


def udp(src_port, dst_port, payload):
    return struct.pack('>HHHH', src_port, dst_port, 8 + len(payload), 0) + payload


def ethernet(kind, payload):
    return bytes(6) + bytes.fromhex('020000000001') + struct.pack('>H', kind) + payload


def ether_type(packet_bytes):
    return 0x0800 if packet_bytes[0] >> 4 == 4 else 0x86dd


def ip_of(frame):
    """The IP packet in an Ethernet frame, without padding; None if there is none."""
    at = 12
    while struct.unpack_from('>H', frame.data, at)[0] in (0x8100, 0x88a8):
        at += 4
    kind, ip = struct.unpack_from('>H', frame.data, at)[0], frame.data[at + 2:]
    if kind == 0x0800:
        return ip[:struct.unpack_from('>H', ip, 2)[0]]
    return ip[:40 + struct.unpack_from('>H', ip, 4)[0]] if kind == 0x86dd else None
