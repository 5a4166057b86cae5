"""Conversations written by hand, of protocols that no capture of pcaps/ holds.

Bytes are literals from the specifications that each row names, and stand in packets as a client and
a server would send them: TCP with its handshake and end, one segment a turn; UDP one datagram a turn.
"""
import dataclasses
import ipaddress
import struct

import captures
import packets

CLIENT, SERVER = ipaddress.ip_address('10.0.9.21'), ipaddress.ip_address('10.0.2.20')
CLIENT_PORT = 50210
START_NS = 1795224384 * 10**9
SYN, ACK, PUSH, FIN = 2, 16, 8, 1


@dataclasses.dataclass(frozen=True)
class Session:
    name: str
    protocol: str   # what the report must call it
    transport: int
    port: int       # its own
    turns: list     # of (side, bytes); side 0 is the client


def of(text):
    """Bytes in hex, words in quotes as they are; line ends as CR LF where a | stands."""
    out = b''
    for i, part in enumerate(text.split("'")):
        out += part.replace('|', '\r\n').encode() if i % 2 else bytes.fromhex(part)
    return out


# [MS-TURN] 2.2.1, 2.2.2: the magic cookie is every message's first attribute; ids are 16 free bytes.
COOKIE = '000f 0004 72c64bc6'
ID = '26deb016533bd08dfd5c344c3dc48c4b'
ALLOCATE = of(f'0003 0010 {ID} {COOKIE} 8008 0004 00000002')
ALLOCATE_401 = of(f"0113 0045 {ID} {COOKIE} 8008 0004 00000002 0009 000b 00000401 'not now'"
                  "0014 0014 'nonce-nonce-nonce-no' 0015 000a '\"rtcmedia\"'")
ALLOCATED = of(f"0103 0028 {ID} {COOKIE} 000d 0004 0000003c 0001 0008 0001c5440a010314 8022 0008 '2.0.1211'")


def control(message):
    """[MS-TURN] 2.1.4: the frame of a message over TCP."""
    return struct.pack('!BBH', 2, 0, len(message)) + message


# [MS-TURN] 2.1.1: one fixed ClientHello, one fixed ServerHello with its end, and never any TLS.
RANDOM = bytes(range(32)).hex()
PSEUDO_HELLO = of(f'160301002d 01000029 0301 {RANDOM} 00 0002 0018 0100')
PSEUDO_ANSWER = of(f'160301004e 02000046 0301 {RANDOM} 20 {RANDOM} 0018 00 0e000000')

# [MC-SQLR] 2.2.3 and 2.2.5: a unicast request, and a list of one instance.
SSRP_LIST = b'ServerName;SQL01;InstanceName;RTC;IsClustered;No;Version;11.0.2100.60;tcp;49172;;'

# [MS-TDS] 2.2.6.5: VERSION at 26, ENCRYPTION (off) at 32, INSTOPT at 33, THREADID at 34, MARS at 38.
TDS_OPTIONS = ('00 001a 0006 01 0020 0001 02 0021 0001 03 0022 0004 04 0026 0001 ff'
               '0b000c380000 00 00 000001b8 00')

# RFC 6347 section 4.2: a ClientHello and a HelloVerifyRequest in DTLS 1.2.
DTLS_HELLO = of('16 fefd 0000 000000000001 0043 01 000037 0000 000000 000037'
                f'fefd {RANDOM} 00 00 0004 c02bc02f 0100 0009 002b 0005 04 fefd feff')
DTLS_VERIFY = of('16 feff 0000 000000000001 0013 03 000007 0000 000000 000007 feff 04 01020304')

# [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2: X.224 connection request and confirm; TLS is asked for and granted.
RDP_REQUEST = of("0300 002a 25 e0 0000 0000 00 'Cookie: mstshash=user|' 01 00 0800 01000000")
RDP_CONFIRM = of('0300 0013 0e d0 0000 1234 00 02 00 0800 01000000')

# RFC 6120 section 4.7: a client's stream, and the server's with what it offers.
XMPP_CLIENT = (b"<?xml version='1.0'?><stream:stream to='contoso.example' version='1.0' xmlns='jabber:client' "
               b"xmlns:stream='http://etherx.jabber.org/streams'>")
XMPP_SERVER = (b"<?xml version='1.0'?><stream:stream from='contoso.example' id='a1' version='1.0' "
               b"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><stream:features>"
               b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>"
               b"</stream:features>")


def rtp(number):
    """RFC 3550 section 5.1: PCMU, 20 ms."""
    return struct.pack('!BBHII', 0x80, 0, number, 160 * number, 0xabc) + bytes(160)


def framed(packet):
    """RFC 4571 section 2."""
    return struct.pack('!H', len(packet)) + packet


# RFC 8489 section 5: a Binding request, and its success with XOR-MAPPED-ADDRESS.
BINDING = of('0001 0000 2112a442 0102030405060708090a0b0c')
BOUND = of('0101 000c 2112a442 0102030405060708090a0b0c 0020 0008 0001 e530 2b12ad57')


SESSIONS = [Session(*row) for row in (
    ('MS-TURN over UDP', 'msturn', packets.UDP, 3478,
     [(0, ALLOCATE), (1, ALLOCATE_401), (0, ALLOCATE), (1, ALLOCATED)]),
    ('MS-TURN behind pseudo TLS', 'msturn', packets.TCP, 443,
     [(0, PSEUDO_HELLO), (1, PSEUDO_ANSWER), (0, control(ALLOCATE)), (1, control(ALLOCATE_401)),
      (0, control(ALLOCATE)), (1, control(ALLOCATED))]),
    ('MS-TURN over TCP', 'msturn', packets.TCP, 443,
     [(0, control(ALLOCATE)), (1, control(ALLOCATE_401)), (0, control(ALLOCATE)), (1, control(ALLOCATED))]),
    ('SQL Browser', 'ssrp', packets.UDP, 1434,
     [(0, b'\x04RTC\0'), (1, b'\x05' + struct.pack('<H', len(SSRP_LIST)) + SSRP_LIST)]),
    ('SQL Server', 'tds', packets.TCP, 1433,
     [(0, of('12 01 002f 0000 01 00' + TDS_OPTIONS)), (1, of('04 01 002f 0000 01 00' + TDS_OPTIONS))]),
    ('DTLS', 'dtls', packets.UDP, 50004, [(0, DTLS_HELLO), (1, DTLS_VERIFY)]),
    ('RDP', 'rdp', packets.TCP, 3389, [(0, RDP_REQUEST), (1, RDP_CONFIRM)]),
    ('XMPP of a client', 'xmpp-client', packets.TCP, 5222, [(0, XMPP_CLIENT), (1, XMPP_SERVER)]),
    ('STUN over TCP, as ICE has it', 'stun', packets.TCP, 50006, [(0, framed(BINDING)), (1, framed(BOUND))]),
    ('RTP over TCP', 'rtp', packets.TCP, 50008,
     [(0, b''.join(framed(rtp(n)) for n in range(1, 9))), (1, b''.join(framed(rtp(n)) for n in range(1, 9)))]),
    ('MSNFTP', 'file-transfer', packets.TCP, 6891,
     [(0, b'VER MSN_SECURE_FTP\r\n'), (1, b'VER MSN_SECURE_FTP\r\n'), (0, b'USR user@contoso.example 1234567\r\n'),
      (1, b'FIL 5\r\n'), (0, b'TFR\r\n'), (1, b'\0\5\0hello'), (0, b'BYE 16777989\r\n')]),
)]


def frames_of(session):
    """The session as it would be captured, on its own port."""
    ends, ports = (CLIENT, SERVER), (CLIENT_PORT, session.port)
    sequence, out = [1000, 2000], []

    def send(side, head, payload):
        body = head + payload
        at = packets.CHECKSUM_AT[session.transport]
        pseudo = ends[side].packed + ends[1 - side].packed + struct.pack('!HH', session.transport, len(body))
        value = struct.pack('!H', packets.checksum(pseudo + body))
        packet = packets.Packet(ends[side], ends[1 - side], session.transport, 64, body[:at] + value + body[at + 2:])
        number = len(out) + 1
        data = packets.MAC + struct.pack('!H', packets.IPV4) + packets.join_packet(packet)
        out.append(captures.Frame(number, START_NS + number * 10**6, captures.ETHERNET, data))

    def segment(side, flags, payload=b''):
        head = struct.pack('!HHIIBBHHH', ports[side], ports[1 - side], sequence[side],
                           sequence[1 - side] if flags & ACK else 0, 0x50, flags, 8192, 0, 0)
        send(side, head, payload)
        sequence[side] += len(payload) + bool(flags & (SYN | FIN))

    if session.transport == packets.UDP:
        for side, payload in session.turns:
            send(side, struct.pack('!HHHH', ports[side], ports[1 - side], 8 + len(payload), 0), payload)
        return out
    segment(0, SYN)
    segment(1, SYN | ACK)
    segment(0, ACK)
    for side, payload in session.turns:
        segment(side, ACK | PUSH, payload)
    segment(0, ACK | FIN)
    segment(1, ACK | FIN)
    segment(0, ACK)
    return out
