"""Headers of a frame: taken apart, edited and put together again.

Edits go through dataclasses, one per layer, and leave every byte that they do not mean alone. A
checksum of TCP or UDP is not worked out anew but corrected by what changed (RFC 1624), so that one
that offload left wrong stays as wrong as it was, and a fragment's needs not the rest. The headers of
tunnels are written from their RFCs and from draft-foschiano-erspan.
"""
import dataclasses
import ipaddress
import struct

from captures import COOKED, COOKED_2, ETHERNET, RAW

IPV4, IPV6, ARP = 0x0800, 0x86dd, 0x0806
VLAN_TAGS = (0x8100, 0x88a8)
TCP, UDP, ICMP, ICMPV6, FRAGMENT = 6, 17, 1, 58, 44
MAC = bytes.fromhex('020000000001 020000000002')


def ones(data):
    """The ones' complement sum of 16-bit words."""
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def checksum(data):
    return 0xffff - ones(data)


def corrected(old_sum, old, new):
    """RFC 1624, equation 3: a checksum after `old` became `new`, both at even offsets."""
    value = (0xffff - old_sum) + (0xffff - ones(old)) + ones(new)
    while value >> 16:
        value = (value & 0xffff) + (value >> 16)
    return 0xffff - value


# ---- The link ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Link:
    """What stands before the network layer: its EtherType is taken out of `head`."""
    link: int
    head: bytes
    ethertype: int
    body: bytes


def split_link(frame):
    data, link = frame.data, frame.link
    if link == COOKED_2:
        return Link(link, data[2:20], int.from_bytes(data[:2], 'big'), data[20:])
    if link == RAW:
        return Link(link, b'', IPV6 if data[0] >> 4 == 6 else IPV4, data)
    at = {ETHERNET: 12, COOKED: 14}[link]
    while int.from_bytes(data[at:at + 2], 'big') in VLAN_TAGS:
        at += 4
    return Link(link, data[:at], int.from_bytes(data[at:at + 2], 'big'), data[at + 2:])


def join_link(layer):
    ethertype = struct.pack('!H', layer.ethertype)
    if layer.link == COOKED_2:
        return ethertype + layer.head + layer.body
    if layer.link == RAW:
        return layer.body
    return layer.head + ethertype + layer.body


def is_tagged(frame):
    return frame.link == ETHERNET and int.from_bytes(frame.data[12:14], 'big') in VLAN_TAGS


def ethernet(frame):
    """The frame as Ethernet would have it."""
    if frame.link == ETHERNET:
        return frame.data
    layer = split_link(frame)
    return MAC + struct.pack('!H', layer.ethertype) + layer.body


# ---- The network ---------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Packet:
    """An IP packet, or one fragment of it; offset in units of eight bytes, as both versions count."""
    src: ipaddress._BaseAddress
    dst: ipaddress._BaseAddress
    protocol: int
    ttl: int
    payload: bytes
    ident: int = 0
    offset: int = 0
    more: bool = False
    dont: bool = False
    traffic: int = 0  # its class
    label: int = 0    # of IPv6

    @property
    def version(self):
        return self.src.version

    @property
    def has_ports(self):
        return self.protocol in (TCP, UDP) and self.offset == 0 and len(self.payload) >= 4

    @property
    def ports(self):
        return struct.unpack_from('!HH', self.payload)


def read_packet(body):
    """The packet that begins here; it may be cut, as in the quotation of an ICMP error."""
    if body[0] >> 4 == 4:
        traffic, length, ident, fragment, ttl, protocol = struct.unpack_from('!xBHHHBB', body)
        return Packet(ipaddress.ip_address(body[12:16]), ipaddress.ip_address(body[16:20]), protocol, ttl,
                      body[(body[0] & 15) * 4:length], ident, fragment & 0x1fff, bool(fragment & 0x2000),
                      bool(fragment & 0x4000), traffic)
    length, protocol, ttl = struct.unpack_from('!HBB', body, 4)
    payload, ident, fragment = body[40:40 + length], 0, 0
    if protocol == FRAGMENT:
        protocol, fragment, ident = struct.unpack_from('!BxHI', payload)
        payload = payload[8:]
    return Packet(ipaddress.ip_address(body[8:24]), ipaddress.ip_address(body[24:40]), protocol, ttl, payload, ident,
                  fragment >> 3, bool(fragment & 1), traffic=(body[0] << 4 | body[1] >> 4) & 0xff,
                  label=int.from_bytes(body[1:4], 'big') & 0xfffff)


def join_packet(packet, length=None):
    """The bytes of a packet; length: of a payload that is quoted in part."""
    length = len(packet.payload) if length is None else length
    ends = packet.src.packed + packet.dst.packed
    if packet.version == 4:
        fragment = packet.offset | (0x2000 if packet.more else 0) | (0x4000 if packet.dont else 0)
        head = struct.pack('!BBHHHBBH', 0x45, packet.traffic, 20 + length, packet.ident, fragment, packet.ttl, packet.protocol, 0)
        head = head[:10] + struct.pack('!H', checksum(head + ends)) + ends
        return head + packet.payload
    protocol, payload = packet.protocol, packet.payload
    if packet.offset or packet.more:
        payload = struct.pack('!BxHI', protocol, packet.offset << 3 | packet.more, packet.ident) + payload
        protocol, length = FRAGMENT, length + 8
    return struct.pack('!IHBB', 6 << 28 | packet.traffic << 20 | packet.label, length, protocol, packet.ttl) + ends + payload


def packet_of(frame):
    """The frame's packet, or None: then it is no IP."""
    layer = split_link(frame)
    return read_packet(layer.body) if layer.ethertype in (IPV4, IPV6) else None


def direction(frame):
    """0 or 1, by which end's address is lower; 0 for what is no IP."""
    packet = packet_of(frame)
    return int(packet is not None and packet.src < packet.dst)


def with_packet(frame, packet):
    layer = split_link(frame)
    ethertype = IPV6 if packet.version == 6 else IPV4
    return frame.with_data(join_link(dataclasses.replace(layer, ethertype=ethertype, body=join_packet(packet))))


# ---- Edits ---------------------------------------------------------------------------------------

CHECKSUM_AT = {TCP: 16, UDP: 6, ICMPV6: 2}


def with_checksum(packet, old, new):
    """The transport's checksum after what it covers changed; fragments but the first have none."""
    at = CHECKSUM_AT.get(packet.protocol)
    if at is None or packet.offset or len(packet.payload) < at + 2:
        return packet
    was, = struct.unpack_from('!H', packet.payload, at)
    if packet.protocol == UDP and was == 0:
        return packet  # not used
    now = struct.pack('!H', corrected(was, old, new))
    return dataclasses.replace(packet, payload=packet.payload[:at] + now + packet.payload[at + 2:])


def with_ends(packet, src, dst):
    """The same packet between other addresses, of either version."""
    moved = dataclasses.replace(packet, src=src, dst=dst)
    return with_checksum(moved, packet.src.packed + packet.dst.packed, src.packed + dst.packed)


def with_ports(packet, src, dst):
    old, new = packet.payload[:4], struct.pack('!HH', src, dst)
    moved = dataclasses.replace(packet, payload=new + packet.payload[4:])
    return with_checksum(moved, old, new)


def quotation(packet):
    """The packet an ICMP error quotes; None if this is no error."""
    types = {ICMP: (3, 11, 12), ICMPV6: (1, 2, 3, 4)}
    if packet.protocol not in types or packet.offset or packet.payload[0] not in types[packet.protocol]:
        return None
    return read_packet(packet.payload[8:])


def quoted_length(packet):
    """Bytes of the quoted packet's payload as its own header counts them."""
    body = packet.payload[8:]
    if body[0] >> 4 == 4:
        return int.from_bytes(body[2:4], 'big') - (body[0] & 15) * 4
    return int.from_bytes(body[4:6], 'big')


def with_quotation(packet, quote):
    """An ICMP error of the same kind, quoting this."""
    payload = packet.payload[:2] + b'\0\0' + packet.payload[4:8] + join_packet(quote, quoted_length(packet))
    return with_icmp_checksum(dataclasses.replace(packet, payload=payload))


def with_icmp_checksum(packet):
    payload = packet.payload[:2] + b'\0\0' + packet.payload[4:]
    pseudo = b''
    if packet.version == 6:
        pseudo = packet.src.packed + packet.dst.packed + struct.pack('!II', len(payload), ICMPV6)
    value = struct.pack('!H', checksum(pseudo + payload))
    return dataclasses.replace(packet, payload=payload[:2] + value + payload[4:])


# What RFC 7915 section 4.2 makes of ICMP's type 3, by code.
UNREACHABLE = {0: 0, 1: 0, 3: 4, 9: 1, 10: 1, 13: 1}


def to_icmpv6(packet, src, dst, quote):
    """An ICMPv4 error between IPv6 ends, quoting what was quoted, which is translated already."""
    kind, code = packet.payload[:2]
    if kind != 3:
        raise ValueError(f'ICMP type {kind} is not translated')
    payload = bytes([1, UNREACHABLE[code], 0, 0]) + b'\0' * 4 + join_packet(quote, quoted_length(packet))
    return with_icmp_checksum(dataclasses.replace(packet, src=src, dst=dst, protocol=ICMPV6, payload=payload))


# ---- Tunnels -------------------------------------------------------------------------------------

OUTER = ipaddress.ip_address('198.51.100.251'), ipaddress.ip_address('198.51.100.252')


def carry(protocol, payload):
    """An Ethernet frame with an IPv4 packet between the tunnel's ends."""
    outer = Packet(*OUTER, protocol, 64, payload)
    return MAC + struct.pack('!H', IPV4) + join_packet(outer)


def carry_udp(port, payload):
    return carry(UDP, struct.pack('!HHHH', 49999, port, 8 + len(payload), 0) + payload)


def tag(frame, *tags):
    """VLAN tags, outermost first, before those that are there; each (EtherType, id)."""
    words = b''.join(struct.pack('!HH', ethertype, vlan) for ethertype, vlan in tags)
    if frame.link == COOKED_2:  # the first EtherType stands elsewhere than the others
        chain = words + frame.data[:2]
        return frame.with_data(chain[:2] + frame.data[2:20] + chain[2:] + frame.data[20:])
    at = {ETHERNET: 12, COOKED: 14}[frame.link]
    return frame.with_data(frame.data[:at] + words + frame.data[at:])


def gre(frame):
    """Ethernet in GRE (RFC 2784, with a key: RFC 2890)."""
    return carry(47, struct.pack('!HHI', 0x2000, 0x6558, 7) + ethernet(frame))


def gre_ip(frame):
    """IP in GRE (RFC 2784); what is no IP goes as it is."""
    layer = split_link(frame)
    if layer.ethertype not in (IPV4, IPV6):
        return ethernet(frame)
    return carry(47, struct.pack('!HH', 0, layer.ethertype) + layer.body)


def erspan_2(frame):
    head = struct.pack('!HHIHHI', 0x1000, 0x88be, frame.number, 1 << 12 | 100, 5, 0)
    return carry(47, head + ethernet(frame))


def erspan_3(frame):
    head = struct.pack('!HHIHHIHH', 0x1000, 0x22eb, frame.number, 2 << 12 | 100, 5, 0, 0, 0)
    return carry(47, head + ethernet(frame))


def vxlan(frame):
    return carry_udp(4789, struct.pack('!II', 0x08000000, 77 << 8) + ethernet(frame))


def geneve(frame):
    """With one option of four bytes (RFC 8926 section 3.5)."""
    option = struct.pack('!HBBI', 0x0102, 0x80, 1, 0)
    return carry_udp(6081, struct.pack('!BBHI', len(option) // 4, 0, 0x6558, 77 << 8) + option + ethernet(frame))


def ip_in_ip(frame):
    layer = split_link(frame)
    if layer.ethertype not in (IPV4, IPV6):
        return ethernet(frame)
    return carry(4 if layer.ethertype == IPV4 else 41, layer.body)


def mpls(frame):
    """Two labels, bottom of stack at the second (RFC 3032); what is no IP goes as it is."""
    layer = split_link(frame)
    if layer.ethertype not in (IPV4, IPV6):
        return ethernet(frame)
    labels = struct.pack('!II', 16 << 12 | 64, 17 << 12 | 0x100 | 64)
    return MAC + struct.pack('!H', 0x8847) + labels + layer.body


def pppoe(frame):
    layer = split_link(frame)
    if layer.ethertype not in (IPV4, IPV6):
        return ethernet(frame)
    protocol = struct.pack('!H', 0x0021 if layer.ethertype == IPV4 else 0x0057)
    head = struct.pack('!BBHH', 0x11, 0, 9, len(layer.body) + 2)
    return MAC + struct.pack('!H', 0x8864) + head + protocol + layer.body
