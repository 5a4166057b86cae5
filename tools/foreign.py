"""Foreign payloads on documented ports: what a firewall rule lets through and no document means.

Each kind of KINDS is a protocol that the table does not know, or noise, as a client and a server of it
would speak; near misses of our own protocols are among them on purpose (RTSP beside SIP, UDT beside
RTP, lengths before records beside RFC 4571). flows() gives every kind to every endpoint, write() makes
a capture of them. All randomness comes from seeds that are named in the flow, so two runs are alike.

A kind says by which names it may be called, as nDPI or we would write them: any other name is wrong.
No name is never wrong here.
"""
import random
import struct

NOISE = ()


def be16(value):
    return struct.pack('>H', value & 0xffff)


def be24(value):
    return struct.pack('>I', value)[1:]


def be32(value):
    return struct.pack('>I', value & 0xffffffff)


def le32(value):
    return struct.pack('<I', value & 0xffffffff)


def talk(messages):
    """Client and server in turns, the client first."""
    return [(i % 2, message) for i, message in enumerate(messages)]


def reply(messages):
    """The server first."""
    return [(1 - i % 2, message) for i, message in enumerate(messages)]


def lines(*texts):
    return [text.encode() + b'\r\n' for text in texts]


# ---- Noise -----------------------------------------------------------------------------------------


def noise(r):
    return talk([r.randbytes(r.randrange(1, 1200)) for _ in range(10)])


def noise_version_2(r):
    """Two bits like RTP, and nothing else."""
    return talk([bytes([r.choice((0x80, 0x90))]) + r.randbytes(r.randrange(11, 400)) for _ in range(12)])


def noise_one_source(r):
    """Like RTP but for the sequence number, which leaps."""
    ssrc = r.randbytes(4)
    return talk([b'\x80' + bytes([r.randrange(128)]) + r.randbytes(6) + ssrc + r.randbytes(60) for _ in range(12)])


def noise_stun_length(r):
    """A STUN type and a length that fits; no cookie, no attributes that fit."""
    def one(kind):
        body = r.randbytes(4 * r.randrange(2, 30))
        return be16(kind) + be16(len(body)) + r.randbytes(16) + body
    return talk([one(r.choice((1, 0x101, 3, 0x103, 4, 0x115))) for _ in range(8)])


def noise_text(r):
    words = 'INFO status update OPTIONS value 200 OK via contact to from version 2.0 message get'.split()
    return talk([' '.join(r.choice(words) for _ in range(20)).encode() + b'\r\n' for _ in range(6)])


def zeros(r):
    return talk([bytes(r.choice((1, 8, 20, 28, 100, 400))) for _ in range(8)])


def ones(r):
    return talk([b'\xff' * r.choice((1, 8, 20, 100)) for _ in range(8)])


def counter_be32(r):
    start = r.randrange(4)
    return talk([be32(start + i // 2) + r.randbytes(r.randrange(8, 200)) for i in range(12)])


def counter_be16(r):
    start = r.randrange(65536)
    return talk([be16(start + i // 2) + bytes(r.randrange(8, 60)) for i in range(12)])


def counter_le16(r):
    return talk([struct.pack('<H', i // 2) + r.randbytes(r.randrange(8, 200)) for i in range(12)])


def telemetry(r):
    """Two bits like RTP, a number that grows and a clock, in other places."""
    return talk([b'\x80\x01' + be32(7000 + i) + be16(20) + le32(100000 + 40 * i) + r.randbytes(20) for i in range(12)])


def records_16(r):
    """A 16-bit length before each record, as in RFC 4571, and noise in it."""
    def run():
        return b''.join(be16(len(b)) + b for b in (r.randbytes(r.randrange(12, 200)) for _ in range(6)))
    return talk([run() for _ in range(4)])


def records_16_version_2(r):
    def run():
        return b''.join(be16(len(b)) + b for b in (b'\x80' + r.randbytes(r.randrange(12, 200)) for _ in range(6)))
    return talk([run() for _ in range(4)])


def records_32(r):
    return talk([b''.join(be32(len(b)) + b for b in (r.randbytes(r.randrange(4, 300)) for _ in range(3))) for _ in range(6)])


def keepalive(r):
    """One byte that comes back: a whole request of SSRP is not longer."""
    byte = bytes([r.randrange(16)])
    return talk([byte] * 8)


def echo(r):
    return talk([m for m in (r.randbytes(r.choice((4, 20, 32, 56))) for _ in range(4)) for _ in 'ab'])


def begins_like(opening):
    """The first bytes of a protocol of ours, its length right, and noise for the rest."""
    def speak(r):
        out = []
        for _ in range(6):
            body = r.randbytes(r.randrange(40, 300))
            out.append(opening(len(body)) + body)
        return talk(out)
    return speak


# ---- Datagrams -------------------------------------------------------------------------------------


def name(*labels):
    return b''.join(bytes([len(x)]) + x.encode() for x in labels) + b'\0'


def dns(r):
    out = []
    for host in ('dc01', 'fe01', '_sipinternaltls._tcp', 'mail'):
        question = name(host, 'contoso', 'example') + be16(1) + be16(1)
        ident = r.randbytes(2)
        out += [ident + bytes.fromhex('01000001000000000000') + question,
                ident + bytes.fromhex('81800001000100000000') + question + b'\xc0\x0c' + be16(1) + be16(1) + be32(300) +
                be16(4) + r.randbytes(4)]
    return talk(out)


def mdns(r):
    question = name('_ipp', '_tcp', 'local') + be16(12) + be16(1)
    answer = name('_ipp', '_tcp', 'local') + be16(12) + be16(0x8001) + be32(4500) + be16(10) + name('printer', 'x')[:10]
    asked, said = bytes(4) + be16(1) + bytes(6) + question, bytes(2) + b'\x84\0' + be16(0) + be16(1) + bytes(4) + answer
    return [(0, asked)] * 3 + [(1, said)] * 2


def netbios_name(r):
    encoded = b'\x20' + b'EGEFCACACACACACACACACACACACACACA' + b'\0'
    return talk([r.randbytes(2) + bytes.fromhex('01100001000000000000') + encoded + be16(0x20) + be16(1) for _ in range(4)])


def ntp(r):
    first = r.choice((0x23, 0xe3, 0xa3))  # leap bits 00, 11 and 10: the last looks like RTP
    out = []
    for _ in range(4):
        out += [bytes([first]) + bytes.fromhex('000afa') + bytes(36) + r.randbytes(8),
                b'\x24\x02\x0a\xe9' + bytes(8) + r.randbytes(4) + r.randbytes(32)]
    return talk(out)


def ntp_control(r):
    return talk([b'\x16\x02' + be16(i) + bytes(8) for i in range(4)])


def dtls(r):
    def record(kind, epoch, seq, body):
        return bytes([kind]) + b'\xfe\xfd' + be16(epoch) + bytes(2) + be32(seq) + be16(len(body)) + body

    def handshake(kind, seq, body):
        return bytes([kind]) + be24(len(body)) + be16(seq) + be24(0) + be24(len(body)) + body
    rand = r.randbytes(32)
    extensions = bytes.fromhex('000a00080006001d00170018' '000d00080006040305030403' '000e0005000200010000')
    tail = bytes.fromhex('0004c02bc02f') + b'\x01\x00' + be16(len(extensions)) + extensions
    cookie = r.randbytes(20)
    hello = b'\xfe\xfd' + rand + b'\0\0' + tail
    again = b'\xfe\xfd' + rand + b'\0\x14' + cookie + tail
    server = b'\xfe\xfd' + r.randbytes(32) + b'\0' + b'\xc0\x2b\0'
    return talk([record(22, 0, 0, handshake(1, 0, hello)), record(22, 0, 0, handshake(3, 0, b'\xfe\xff\x14' + cookie)),
                 record(22, 0, 1, handshake(1, 1, again)),
                 record(22, 0, 1, handshake(2, 1, server)) + record(22, 0, 2, handshake(14, 2, b'')),
                 record(20, 0, 2, b'\1') + record(22, 1, 0, r.randbytes(40)),
                 record(20, 0, 3, b'\1') + record(22, 1, 0, r.randbytes(40)),
                 record(23, 1, 1, r.randbytes(80)), record(23, 1, 1, r.randbytes(80))])


def quic(r):
    """Version 1: Initial of 1200 bytes each way, Handshake, then short headers. All but the headers is sealed."""
    def long(kind, to, come, body):
        token = b'\0' if kind == 0xc0 else b''
        ends = bytes([len(to)]) + to + bytes([len(come)]) + come
        return bytes([kind | 1]) + be32(1) + ends + token + be16(0x4000 | len(body)) + body
    a, b = r.randbytes(8), r.randbytes(8)
    out = [(0, long(0xc0, a, b, r.randbytes(1170))), (1, long(0xc0, b, a, r.randbytes(1170))),
           (1, long(0xe0, b, a, r.randbytes(700))),
           (0, long(0xe0, a, b, r.randbytes(90)))]
    return out + [(i % 2, bytes([0x40 | r.randrange(64)]) + (a if i % 2 == 0 else b) + r.randbytes(r.randrange(20, 1200)))
                  for i in range(8)]


def wireguard(r):
    a, b = r.randbytes(4), r.randbytes(4)
    out = [b'\1\0\0\0' + a + r.randbytes(140), b'\2\0\0\0' + b + a + r.randbytes(80)]
    for i in range(10):
        out.append(b'\4\0\0\0' + (b, a)[i % 2] + struct.pack('<Q', i // 2) + r.randbytes(16 * r.randrange(2, 40)))
    return talk(out)


def openvpn_messages(r):
    a, b = r.randbytes(8), r.randbytes(8)
    out = [b'\x38' + a + b'\0' + be32(0), b'\x40' + b + b'\1' + be32(0) + a + be32(0)]
    for i in range(1, 5):
        out += [b'\x20' + a + b'\0' + be32(i) + r.randbytes(100), b'\x28' + b + b'\1' + be32(i) + a]
    return out + [b'\x48' + bytes(3) + be32(i // 2) + r.randbytes(120) for i in range(6)]


def openvpn(r):
    return talk(openvpn_messages(r))


def esp_in_udp(r):
    a, b = r.choice((0x80c31234, r.getrandbits(32) | 1)), r.getrandbits(32) | 1
    packets_both_ways = [be32((a, b)[i % 2]) + be32(i // 2 + 1) + r.randbytes(4 * r.randrange(16, 90)) for i in range(12)]
    return talk(packets_both_ways) + [(0, b'\xff')]


def ikev2(r):
    a, b = r.randbytes(8), r.randbytes(8)
    marker = r.choice((b'', bytes(4)))

    def message(exchange, flags, ident, body):
        answerer = b if ident or flags & 0x20 else bytes(8)
        return marker + a + answerer + b'\x21\x20' + bytes([exchange, flags]) + be32(ident) + be32(28 + len(body)) + body
    sa = bytes.fromhex('220000300000002c010100040300000c0100000c800e01000300000802000005030000080300000c0000000804000013')
    return talk([message(34, 8, 0, sa + r.randbytes(200)), message(34, 0x20, 0, sa + r.randbytes(200)),
                 message(35, 8, 1, r.randbytes(240)), message(35, 0x20, 1, r.randbytes(200))])


def snmp(r):
    def pdu(kind):
        value = bytes.fromhex('300e300c06082b060102010105000500')
        body = b'\2\4' + r.randbytes(4) + b'\2\1\0\2\1\0' + value
        inner = b'\2\1\1\4\6public' + bytes([kind, len(body)]) + body
        return b'\x30' + bytes([len(inner)]) + inner
    return talk([pdu((0xa0, 0xa2)[i % 2]) for i in range(6)])


def syslog(r):
    def one(second):
        return f'<{r.randrange(8, 190)}>Nov 21 01:00:{second:02} fe01 sshd[{r.randrange(9999)}]: Accepted publickey for root'
    return [(0, one(i).encode()) for i in range(6)]


def tftp(r):
    return talk([b'\0\1SEPconfig.xml\0octet\0', b'\0\3\0\1' + r.randbytes(512), b'\0\4\0\1',
                 b'\0\3\0\2' + r.randbytes(100), b'\0\4\0\2'])


def utp(r):
    ident, out = r.randrange(60000), []
    for i in range(10):
        first = 0x41 if i == 0 else 0x21 if i == 1 else 0x01
        out.append(bytes([first, 0]) + be16(ident + i % 2) + be32(1000000 + 977 * i) + be32(500 + i) + be32(0x100000) +
                   be16(i // 2 + 1) + be16(i // 2) + (r.randbytes(300) if i > 2 else b''))
    return talk(out)


def dht(r):
    out = []
    for _ in range(3):
        out += [b'd1:ad2:id20:' + r.randbytes(20) + b'e1:q4:ping1:t2:' + r.randbytes(2) + b'1:y1:qe',
                b'd1:rd2:id20:' + r.randbytes(20) + b'e1:t2:' + r.randbytes(2) + b'1:y1:re']
    return talk(out)


def memcached_udp(r):
    return talk([be16(i // 2) + bytes.fromhex('000000010000') +
                 (b'get key\r\n', b'VALUE key 0 5\r\nhello\r\nEND\r\n')[i % 2] for i in range(6)])


def ssdp(r):
    search = lines('M-SEARCH * HTTP/1.1', 'HOST: 239.255.255.250:1900', 'MAN: "ssdp:discover"', 'MX: 1', 'ST: ssdp:all', '')
    found = lines('HTTP/1.1 200 OK', 'CACHE-CONTROL: max-age=100', 'ST: upnp:rootdevice', 'USN: uuid:1::upnp:rootdevice', '')
    return [(0, b''.join(search))] * 3 + [(1, b''.join(found))]


def coap(r):
    token = r.randbytes(4)
    return talk([(b'\x44\x01', b'\x64\x45')[i % 2] + be16(500 + i // 2) + token +
                 (b'\xbb.well-known\x04core', b'\xc1\x28\xff</sensors>')[i % 2] for i in range(6)])


def radius(r):
    return talk([bytes([(1, 2)[i % 2], i // 2]) + be16(20 + 14) + r.randbytes(16) + b'\1\x08steven\4\6' + r.randbytes(4)
                 for i in range(6)])


def gtp_u(r):
    return talk([b'\x30\xff' + be16(60) + be32(0x100 + i % 2) + b'\x45\0\0\x3c' + r.randbytes(56) for i in range(8)])


def l2tp(r):
    def control(ns, nr, kind):
        body = bytes.fromhex('800800000000') + be16(kind) + bytes.fromhex('8008000000020100') + b'\x80\x0a\0\0\0\7fe01'
        return b'\xc8\2' + be16(12 + len(body)) + bytes(4) + be16(ns) + be16(nr) + body
    return talk([control(0, 0, 1), control(0, 1, 2), control(1, 1, 3)] +
                [b'\0\2\0\1\0\2\xff\x03\xc0\x21' + r.randbytes(20) for _ in range(5)])


def netflow(r):
    return [(0, be16(5) + be16(2) + be32(100000 + i) + be32(1700000000) + bytes(4) + be32(i) + bytes(4) + r.randbytes(96))
            for i in range(6)]


def ipfix(r):
    return [(0, be16(10) + be16(16 + 40) + be32(1700000000 + i) + be32(i) + be32(1) + be16(256) + be16(40) +
             r.randbytes(36)) for i in range(6)]


def sflow(r):
    return [(0, be32(5) + be32(1) + r.randbytes(4) + be32(0) + be32(i) + be32(1000 * i) + be32(1) + be32(1) + be32(80) +
             r.randbytes(80)) for i in range(6)]


def bfd(r):
    a, b = r.randbytes(4), r.randbytes(4)
    return talk([b'\x20\xc0\x03\x18' + (a + b, b + a)[i % 2] + be32(300000) * 2 + be32(0) for i in range(12)])


def rip(r):
    return [(0, b'\2\2\0\0' + be16(2) + be16(0) + bytes([10, 0, i, 0]) + b'\xff\xff\xff\0' + bytes(4) + be32(1))
            for i in range(5)]


def source_query(r):
    return talk([b'\xff\xff\xff\xffTSource Engine Query\0',
                 b'\xff\xff\xff\xffI\x11server\0map\0folder\0game\0' + r.randbytes(20)] * 2)


def mgcp(r):
    return talk([b'RSIP 1200 *@gw.contoso.example MGCP 1.0\r\nRM: restart\r\n\r\n', b'200 1200 OK\r\n\r\n',
                 b'AUEP 1201 aaln/1@gw.contoso.example MGCP 1.0\r\nF: A\r\n\r\n', b'200 1201 OK\r\nA: PCMU\r\n\r\n'])


def megaco(r):
    return talk([b'MEGACO/1 [10.0.3.5]:2944 Transaction = 1 {Context = - {ServiceChange = ROOT {Services {Method = Restart}}}}',
                 b'MEGACO/1 [10.0.2.40]:2944 Reply = 1 {Context = - {ServiceChange = ROOT}}'] * 2)


def ras(r):
    return talk([b'\x0e' + be16(i) + b'\x06\0\x08\x91\x4a\0\x04' + r.randbytes(40) for i in range(4)])


def cldap(r):
    return talk([bytes.fromhex('3025020101632004000a01000a0100020100020100010100870b6f626a656374436c6173733000'),
                 bytes.fromhex('300c02010165070a010004000400')] * 2)


def sun_rpc(r):
    out = []
    for _ in range(3):
        xid = r.randbytes(4)
        out += [xid + be32(0) + be32(2) + be32(100000) + be32(2) + be32(3) + bytes(16) + be32(100003) + be32(3) +
                be32(17) + be32(0),
                xid + be32(1) + be32(0) + bytes(8) + be32(0) + be32(2049)]
    return out


def portmap(r):
    return talk(sun_rpc(r))


def dds(r):
    return [(i % 2, b'RTPS\2\3\1\x0f' + r.randbytes(12) + b'\x09\1\x08\0' + r.randbytes(8) + b'\x15\5' +
             struct.pack('<H', 44) + r.randbytes(44)) for i in range(6)]


def udt(r):
    """UDT and SRT: their control packets begin 0x80, their data packets with a number that grows."""
    a, b = r.randbytes(4), r.randbytes(4)
    out = [b'\x80\0\0\0\0\0\0\0' + be32(100 + i) + (bytes(4), a)[i % 2] + be32(4) + be32(1) + r.randbytes(40) for i in range(4)]
    for i in range(6):
        out += [be32(900 + i) + be32(0xe0000001 + i) + be32(2000 + 10 * i) + b + r.randbytes(600),
                b'\x80\2\0\0' + be32(i) + be32(2005 + 10 * i) + a + be32(901 + i) + r.randbytes(24)]
    return talk(out)


def mpeg_ts(r):
    return [(0, b''.join(b'\x47\x01\x00' + bytes([0x10 | (7 * i + k) % 16]) + r.randbytes(184) for k in range(7)))
            for i in range(8)]


def dhcp_v6(r):
    ident = r.randbytes(3)
    return talk([b'\1' + ident + bytes.fromhex('0001000e000100012c000000020000000001') +
                 bytes.fromhex('000800020000'),
                 b'\2' + ident + bytes.fromhex('0002000e000100012c000000020000000002')])


def kerberos_messages(r):
    request = bytes.fromhex('6a819030818da103020105a20302010aa48180307ea00703050040810010a1153013a003020101a10c300a1b0866726f6e74656e64')
    return [request + r.randbytes(90),
            bytes.fromhex('7e5b3059a003020105a10302011ea411180f32303236313132313031303030305a') + r.randbytes(60)]


def kerberos(r):
    return talk(kerberos_messages(r) * 2)


def zoom_like(r):
    """A byte of its own, a number, then RTP deeper inside: media, but not media of ours at this offset."""
    ssrc = r.randbytes(4)
    return talk([b'\5\x10\1\0' + be16(i) + bytes(18) + b'\x90\x62' + be16(100 + i // 2) + be32(3000 * i) + ssrc +
                 r.randbytes(200) for i in range(12)])


def statsd(r):
    return [(0, f'fe01.sip.requests:{r.randrange(99)}|c\n'.encode()) for _ in range(6)]


def game(r):
    """A 16-bit number, the last one seen, bits that say which others were."""
    return talk([be16(i // 2) + be16(i // 2) + be32(0xffffffff) + r.randbytes(r.randrange(10, 120)) for i in range(14)])


def mosh(r):
    return talk([struct.pack('>Q', (i % 2) << 63 | i // 2) + r.randbytes(64) for i in range(12)])


# ---- Streams ---------------------------------------------------------------------------------------


def smtp(r):
    return reply(lines('220 mail.contoso.example ESMTP', 'EHLO fe01.contoso.example',
                       '250-mail.contoso.example\r\n250-SIZE\r\n250 OK',
                       'MAIL FROM:<a@contoso.example>', '250 OK', 'RCPT TO:<b@contoso.example>', '250 OK', 'QUIT', '221 Bye'))


def ftp(r):
    return reply(lines('220 FTP server ready', 'USER anonymous', '331 Password please', 'PASS x', '230 Logged in', 'SYST',
                       '215 UNIX', 'QUIT', '221 Bye'))


def imap(r):
    return reply(lines('* OK [CAPABILITY IMAP4rev1] ready', 'a1 LOGIN user pass', 'a1 OK done', 'a2 SELECT INBOX',
                       '* 3 EXISTS\r\na2 OK done'))


def pop3(r):
    return reply(lines('+OK POP3 ready', 'USER user', '+OK', 'PASS pass', '+OK 2 messages', 'STAT', '+OK 2 320', 'QUIT', '+OK'))


def nntp(r):
    return reply(lines('200 news ready', 'MODE READER', '200 posting allowed', 'GROUP misc.test', '211 1 1 1 misc.test',
                       'QUIT', '205 bye'))


def irc(r):
    return talk(lines('NICK guest\r\nUSER guest 0 * :Guest', ':irc.example 001 guest :Welcome', 'JOIN #a',
                      ':guest!g@h JOIN #a', 'PING 1', 'PONG 1'))


def redis(r):
    return talk([b'*1\r\n$4\r\nPING\r\n', b'+PONG\r\n', b'*2\r\n$3\r\nGET\r\n$1\r\na\r\n', b'$5\r\nhello\r\n',
                 b'*1\r\n$4\r\nINFO\r\n', b'$4\r\nx:1\n\r\n'])


def memcached(r):
    return talk([b'get session:1\r\n', b'END\r\n', b'set session:1 0 60 5\r\nhello\r\n', b'STORED\r\n', b'stats\r\n',
                 b'STAT pid 1\r\nEND\r\n'])


def nats(r):
    return reply([b'INFO {"server_id":"NA","version":"2.9.0","port":4222}\r\n', b'CONNECT {"verbose":false}\r\nPING\r\n',
                  b'PONG\r\n', b'PUB a 5\r\nhello\r\n', b'+OK\r\n'])


def stomp(r):
    return talk([b'CONNECT\naccept-version:1.2\nhost:contoso\n\n\0', b'CONNECTED\nversion:1.2\n\n\0',
                 b'SEND\ndestination:/queue/a\n\nhello\0', b'RECEIPT\nreceipt-id:1\n\n\0'])


def rtsp(r):
    return talk([b'OPTIONS rtsp://10.0.2.20/stream RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: player\r\n\r\n',
                 b'RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n',
                 b'DESCRIBE rtsp://10.0.2.20/stream RTSP/1.0\r\nCSeq: 2\r\n\r\n', b'RTSP/1.0 404 Not Found\r\nCSeq: 2\r\n\r\n'])


def msrp(r):
    fe, client = 'msrp://10.0.2.20:7654/k;tcp', 'msrp://10.0.9.21:9/x;tcp'
    return talk([b''.join(lines('MSRP a786 SEND', f'To-Path: {fe}', f'From-Path: {client}', 'Message-ID: 1', '-------a786$')),
                 b''.join(lines('MSRP a786 200 OK', f'To-Path: {client}', f'From-Path: {fe}', '-------a786$'))])


def icap(r):
    return talk([b'OPTIONS icap://10.0.2.20/avscan ICAP/1.0\r\nHost: 10.0.2.20\r\n\r\n',
                 b'ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: "1"\r\n\r\n'])


def mysql(r):
    def packet(seq, body):
        return struct.pack('<I', len(body))[:3] + bytes([seq]) + body
    return reply([packet(0, b'\n5.7.42-log\0' + le32(9) + r.randbytes(8) + b'\0\xff\xf7\x21\2\0\xff\x81\x15' + bytes(10) +
                         r.randbytes(12) + b'\0'),
                  packet(1, le32(0xfa68d) + le32(1 << 24) + b'\x21' + bytes(23) + b'root\0\x14' + r.randbytes(20)),
                  packet(2, b'\0\0\0\2\0\0\0'),
                  packet(0, b'\3select 1'), packet(1, b'\1')])


def postgresql(r):
    start = be32(196608) + b'user\0app\0database\0app\0\0'
    return talk([be32(len(start) + 4) + start, b'R' + be32(12) + be32(5) + r.randbytes(4),
                 b'p' + be32(40) + b'md5' + b'0' * 32 + b'\0', b'R' + be32(8) + be32(0),
                 b'Q' + be32(13) + b'select 1\0', b'T' + be32(6) + be16(0)])


def ldap(r):
    return talk([bytes.fromhex('300c020101600702010304008000'), bytes.fromhex('300c02010161070a010004000400'),
                 bytes.fromhex('3025020102632004000a01000a0100020100020100010100870b6f626a656374436c6173733000'),
                 bytes.fromhex('300c02010265070a010004000400')])


def kafka(r):
    def message(body):
        return be32(len(body)) + body
    out = []
    for i in range(3):
        out += [message(be16(18) + be16(2) + be32(i) + be16(8) + b'producer'),
                message(be32(i) + be16(0) + be32(6) + r.randbytes(36))]
    return talk(out)


def socks5(r):
    return talk([b'\5\2\0\2', b'\5\0', b'\5\1\0\3\x0fcontoso.example\x01\xbb', b'\5\0\0\1\x0a\0\2\x14\x04\x38',
                 r.randbytes(60), r.randbytes(90)])


def socks4(r):
    return talk([b'\4\1\x01\xbb\x0a\0\2\x14user\0', b'\0\x5a\x01\xbb\x0a\0\2\x14', r.randbytes(60), r.randbytes(60)])


def vnc(r):
    return reply([b'RFB 003.008\n', b'RFB 003.008\n', b'\2\2\1', b'\2', r.randbytes(16), r.randbytes(16), be32(0)])


def telnet(r):
    return reply([bytes.fromhex('fffd18fffd20fffd23fffd27'), bytes.fromhex('fffb18fffb20fffc23fffb27'), b'\r\nlogin: ',
                  b'root\r\n', b'Password: '])


def openvpn_tcp(r):
    return talk([be16(len(m)) + m for m in openvpn_messages(r)])


def bittorrent(r):
    return talk([b'\x13BitTorrent protocol' + bytes(5) + b'\x10\0\5' + r.randbytes(20) + b'-TR3000-' +
                 r.randbytes(12)] * 2 + [be32(5) + b'\4' + be32(i) for i in range(4)])


def dns_tcp(r):
    return [(side, be16(len(m)) + m) for side, m in dns(r)]


def mqtt(r):
    return talk([b'\x10\x13\0\4MQTT\4\2\0\x3c\0\7sensor1', b'\x20\2\0\0', b'\x30\x0c\0\5a/b/chello', b'\xc0\0', b'\xd0\0'])


def amqp(r):
    return talk([b'AMQP\0\0\x09\1', b'\1\0\0' + be32(20) + be16(10) + be16(10) + r.randbytes(16) + b'\xce',
                 b'\1\0\0' + be32(12) + be16(10) + be16(11) + r.randbytes(8) + b'\xce'])


def rtmp(r):
    return talk([b'\3' + be32(0) + bytes(4) + r.randbytes(1528), b'\3' + be32(0) + bytes(4) + r.randbytes(1528),
                 r.randbytes(1536), r.randbytes(1536)])


def git(r):
    return talk([b'0036git-upload-pack /project.git\0host=git.example\0\0',
                 b'003f' + b'7' * 40 + b' HEAD\0multi_ack\n0000', b'0032want ' + b'7' * 40 + b'\n0000'])


def rsync(r):
    return reply(lines('@RSYNCD: 31.0', '@RSYNCD: 31.0', '@RSYNCD: OK', 'module'))


def x11(r):
    return talk([b'l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT-MAGIC-COOKIE-1\0\0' + r.randbytes(16),
                 b'\1\0\x0b\0\0\0' + struct.pack('<H', 60) + r.randbytes(240)])


def bgp(r):
    return talk([b'\xff' * 16 + be16(29) + b'\1\4' + be16(65001) + be16(180) + r.randbytes(4) + b'\0'] * 2 +
                [b'\xff' * 16 + be16(19) + b'\4'] * 4)


def modbus(r):
    return talk([be16(i // 2) + bytes(2) + (be16(6) + b'\1\3\0\0\0\2', be16(7) + b'\1\3\4' + r.randbytes(4))[i % 2]
                 for i in range(8)])


def dicom(r):
    return talk([b'\1\0' + be32(68) + be16(1) + bytes(2) + b'ARCHIVE         SCANNER         ' + bytes(32),
                 b'\2\0' + be32(68) + be16(1) + bytes(2) + b'ARCHIVE         SCANNER         ' + bytes(32)])


def sun_rpc_tcp(r):
    return talk([be32(0x80000000 | len(m)) + m for m in sun_rpc(r)])


def kerberos_tcp(r):
    return talk([be32(len(m)) + m for m in kerberos_messages(r)])


def diameter(r):
    return talk([b'\1' + be24(20 + 44) + (b'\x80', b'\0')[i % 2] + be24(257) + be32(0) + be32(i // 2) + be32(i // 2) +
                 be32(264) + b'\x40' + be24(36) + r.randbytes(36) for i in range(4)])


def h225(r):
    return talk([b'\3\0' + be16(60) + b'\x08\2' + be16(0x1234 | (i % 2) << 15) + b'\5\x04\3\x88\x93\xa5\x7e' +
                 r.randbytes(45) for i in range(4)])


def iscsi(r):
    def pdu(first):
        text = b'InitiatorName=iqn.2026-01.example:fe01\0SessionType=Normal\0'
        return first + bytes(4) + be24(len(text)) + r.randbytes(40) + text + bytes(-len(text) % 4)
    return talk([pdu(b'\x43\x87\0'), pdu(b'\x23\x87\0')])


def oracle(r):
    text = b'(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=x))(ADDRESS=(PROTOCOL=TCP)(HOST=h)(PORT=1521)))'
    return talk([be16(58 + len(text)) + bytes(2) + b'\1\0\0\0' +
                 bytes.fromhex('0138012c0c4120007fff7f0800000100') + be16(len(text)) + be16(58) + bytes(30) + text,
                 be16(32) + bytes(2) + b'\2\0\0\0' + r.randbytes(24)])


def mongodb(r):
    def message(op, body):
        return le32(16 + len(body)) + r.randbytes(4) + le32(0) + le32(op) + body
    return talk([message(2013, le32(0) + b'\0' + le32(30) + b'\x10hello\0' + le32(1) + b'\2$db\0' + le32(6) +
                         b'admin\0\0'), message(2013, le32(0) + b'\0' + le32(16) + r.randbytes(12))] * 2)


def cassandra(r):
    return talk([b'\4\0\0\0\5' + be32(0), b'\x84\0\0\0\6' + be32(4) + r.randbytes(4),
                 b'\4\0\0\1\1' + be32(22) + be16(1) + be16(11) + b'CQL_VERSION\0\x053.0.0'[:18], b'\x84\0\0\1\2' + be32(0)])


def http2(r):
    return talk([b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + be24(18) + b'\4\0' + be32(0) + r.randbytes(18),
                 be24(0) + b'\4\0' + be32(0), be24(40) + b'\1\5' + be32(1) + r.randbytes(40),
                 be24(20) + b'\1\4' + be32(1) + r.randbytes(20)])


def zeromq(r):
    return talk([b'\xff' + bytes(8) + b'\x7f\3\0NULL' + bytes(48), b'\xff' + bytes(8) + b'\x7f\3\0NULL' + bytes(48),
                 b'\4\x19\5READY\x0bSocket-Type' + be32(3) + b'REQ'])


def ajp(r):
    return talk([b'\x12\x34' + be16(60) + b'\2\2\0\x08HTTP/1.1\0\0\1/\0' + r.randbytes(40),
                 b'AB' + be16(20) + b'\4\0\xc8' + r.randbytes(17)])


def fastcgi(r):
    return talk([b'\1\1\0\1\0\x08\0\0\0\1\0\0\0\0\0\0\1\4\0\1\0\x18\0\0\x0f\x07SCRIPT_NAME/a.php\0',
                 b'\1\6\0\1\0\x10\0\0Status: 200 OK\r\n'])


def nbss_request(r):
    return talk([b'\x81\0\0\x44\x20' + b'EGEFCACACACACACACACACACACACACACA' + b'\0\x20' +
                 b'EGEFCACACACACACACACACACACACACACA' + b'\0', b'\x83\0\0\1\x82'])


def proxy_2(r):
    return talk([b'\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c' + r.randbytes(12), r.randbytes(50), r.randbytes(50)])


def bitcoin(r):
    def message(command):
        return b'\xf9\xbe\xb4\xd9' + command.ljust(12, b'\0') + le32(80) + r.randbytes(84)
    return talk([message(b'version'), message(b'version'), message(b'verack'), message(b'verack')])


def skinny(r):
    return talk([le32(8 + 20) + le32(0) + le32((1, 0x81)[i % 2]) + r.randbytes(20) for i in range(4)])


def json_lines(r):
    return talk([b'{"jsonrpc":"2.0","method":"status","id":%d}\n' % r.randrange(9),
                 b'{"jsonrpc":"2.0","result":"ok","id":1}\n'] * 3)


def soap(r):
    envelope = "<?xml version='1.0'?><s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'"
    return talk([(envelope + '><s:Body><stream/></s:Body></s:Envelope>').encode(), (envelope + '/>').encode()])


def thrift(r):
    return talk([be32(40) + b'\x80\1\0\1' + be32(4) + b'ping' + be32(i) + r.randbytes(24) for i in range(4)])


def whois(r):
    return talk([b'contoso.example\r\n', b'% No match\r\n'])


def gopher(r):
    return talk([b'/docs\r\n', b'0About\t/about\thost\t70\r\n.\r\n'])


def hl7(r):
    return talk([b'\x0bMSH|^~\\&|A|B|C|D|20261121||ADT^A01|1|P|2.3\r\x1c\r',
                 b'\x0bMSH|^~\\&|C|D|A|B|20261121||ACK|1|P|2.3\rMSA|AA|1\r\x1c\r'])


def fix(r):
    return talk([b'8=FIX.4.2\x019=65\x0135=A\x0149=A\x0156=B\x0134=1\x0110=062\x01',
                 b'8=FIX.4.2\x019=65\x0135=A\x0149=B\x0156=A\x0134=1\x0110=062\x01'])


def dnp3(r):
    return talk([b'\x05\x64\x05\xc0\1\0\0\4' + r.randbytes(20), b'\x05\x64\x05\x44\0\4\1\0' + r.randbytes(20)] * 3)


def iec_104(r):
    return talk([b'\x68\4\7\0\0\0', b'\x68\4\x0b\0\0\0'] +
                [b'\x68\x0e' + struct.pack('<HH', 2 * i, 0) + r.randbytes(10) for i in range(4)])


def rlogin(r):
    return talk([b'\0root\0root\0xterm/38400\0', b'\0', r.randbytes(10), r.randbytes(40)])


# A kind: on what it runs, the names it may be called by (NOISE: none), and how it speaks.
KINDS = {
    'noise': ('both', NOISE, noise),
    'noise-version-2': ('both', NOISE, noise_version_2),
    'noise-one-source': ('udp', NOISE, noise_one_source),
    'noise-stun-length': ('both', NOISE, noise_stun_length),
    'noise-text': ('both', NOISE, noise_text),
    'zeros': ('both', NOISE, zeros),
    'ones': ('both', NOISE, ones),
    'counter-be32': ('both', NOISE, counter_be32),
    'counter-be16': ('both', NOISE, counter_be16),
    'counter-le16': ('both', NOISE, counter_le16),
    'telemetry': ('udp', NOISE, telemetry),
    'keepalive': ('both', NOISE, keepalive),
    'echo': ('both', NOISE, echo),
    'like-tls': ('tcp', NOISE, begins_like(lambda n: b'\x16\3\1' + be16(n + 4) + b'\1' + be24(n))),
    'like-tls-data': ('tcp', NOISE, begins_like(lambda n: b'\x17\3\3' + be16(n + 5))),
    'like-ssl-2': ('tcp', NOISE, begins_like(lambda n: be16(0x8000 | n + 1) + b'\1')),
    'like-smb': ('tcp', NOISE, begins_like(lambda n: be32(n + 4) + b'\xffSMX')),
    'like-dce-rpc': ('tcp', NOISE, begins_like(lambda n: b'\5\0\x1f\3\x10\0\0\0' + struct.pack('<H', n + 10))),
    'like-tds': ('tcp', NOISE, begins_like(lambda n: b'\x12\1' + be16(n + 8) + bytes(4))),
    'like-stun': ('both', NOISE, begins_like(lambda n: be16(1) + be16(n + 16) + b'\x21\x12\xa4\x43')),
    'like-msturn': ('both', NOISE, begins_like(lambda n: be16(3) + be16(n + 8) + b'Z' * 16 +
                                               bytes.fromhex('000f000472c64bc7'))),
    'like-dhcp': ('udp', NOISE, begins_like(lambda n: b'\1\1\6\0' + bytes(232) + bytes.fromhex('63825364'))),
    'like-ssrp': ('udp', NOISE, begins_like(lambda n: b'\5' + struct.pack('<H', n))),
    'like-rtcp': ('udp', NOISE, begins_like(lambda n: b'\x81\xc8' + be16(n))),
    'records-16': ('tcp', NOISE, records_16),
    'records-16-version-2': ('tcp', NOISE, records_16_version_2),
    'records-32': ('tcp', NOISE, records_32),
    'dns': ('udp', ('dns',), dns),
    'mdns': ('udp', ('dns', 'mdns'), mdns),
    'netbios-name': ('udp', ('netbios', 'dns'), netbios_name),
    'ntp': ('udp', ('ntp',), ntp),
    'ntp-control': ('udp', ('ntp',), ntp_control),
    'dtls': ('udp', ('dtls',), dtls),
    'quic': ('udp', ('quic',), quic),
    'wireguard': ('udp', ('wireguard',), wireguard),
    'openvpn': ('udp', ('openvpn',), openvpn),
    'esp-in-udp': ('udp', ('ipsec',), esp_in_udp),
    'ikev2': ('udp', ('ipsec',), ikev2),
    'snmp': ('udp', ('snmp',), snmp),
    'syslog': ('udp', ('syslog',), syslog),
    'tftp': ('udp', ('tftp',), tftp),
    'utp': ('udp', ('bittorrent',), utp),
    'dht': ('udp', ('bittorrent',), dht),
    'memcached-udp': ('udp', ('memcached',), memcached_udp),
    'ssdp': ('udp', ('ssdp',), ssdp),
    'coap': ('udp', ('coap',), coap),
    'radius': ('udp', ('radius',), radius),
    'gtp-u': ('udp', ('gtp', 'gtp_u'), gtp_u),
    'l2tp': ('udp', ('l2tp',), l2tp),
    'netflow': ('udp', ('netflow',), netflow),
    'ipfix': ('udp', ('netflow',), ipfix),
    'sflow': ('udp', ('sflow',), sflow),
    'bfd': ('udp', ('bfd',), bfd),
    'rip': ('udp', ('rip',), rip),
    'source-query': ('udp', ('steam', 'source_engine'), source_query),
    'mgcp': ('udp', ('mgcp',), mgcp),
    'megaco': ('udp', ('megaco',), megaco),
    'ras': ('udp', ('h323',), ras),
    'cldap': ('udp', ('ldap',), cldap),
    'portmap': ('udp', ('nfs', 'rpc'), portmap),
    'dds': ('udp', ('rtps',), dds),
    'udt': ('udp', ('srt', 'udt'), udt),
    'mpeg-ts': ('udp', ('mpeg_ts',), mpeg_ts),
    'dhcp-v6': ('udp', ('dhcpv6',), dhcp_v6),
    'kerberos': ('udp', ('kerberos',), kerberos),
    'zoom-like': ('udp', ('zoom',), zoom_like),
    'statsd': ('udp', ('statsd',), statsd),
    'game': ('udp', NOISE, game),
    'mosh': ('udp', ('mosh',), mosh),
    'smtp': ('tcp', ('smtp',), smtp),
    'ftp': ('tcp', ('ftp_control',), ftp),
    'imap': ('tcp', ('imap',), imap),
    'pop3': ('tcp', ('pop3',), pop3),
    'nntp': ('tcp', ('usenet',), nntp),
    'irc': ('tcp', ('irc',), irc),
    'redis': ('tcp', ('redis',), redis),
    'memcached': ('tcp', ('memcached',), memcached),
    'nats': ('tcp', ('nats',), nats),
    'stomp': ('tcp', ('stomp',), stomp),
    'rtsp': ('tcp', ('rtsp',), rtsp),
    'msrp': ('tcp', ('msrp',), msrp),
    'icap': ('tcp', ('icap',), icap),
    'mysql': ('tcp', ('mysql',), mysql),
    'postgresql': ('tcp', ('postgresql',), postgresql),
    'ldap': ('tcp', ('ldap',), ldap),
    'kafka': ('tcp', ('kafka',), kafka),
    'socks5': ('tcp', ('socks',), socks5),
    'socks4': ('tcp', ('socks',), socks4),
    'vnc': ('tcp', ('vnc',), vnc),
    'telnet': ('tcp', ('telnet',), telnet),
    'openvpn-tcp': ('tcp', ('openvpn',), openvpn_tcp),
    'bittorrent': ('tcp', ('bittorrent',), bittorrent),
    'dns-tcp': ('tcp', ('dns',), dns_tcp),
    'mqtt': ('tcp', ('mqtt',), mqtt),
    'amqp': ('tcp', ('amqp',), amqp),
    'rtmp': ('tcp', ('rtmp',), rtmp),
    'git': ('tcp', ('git',), git),
    'rsync': ('tcp', ('rsync',), rsync),
    'x11': ('tcp', ('xdmcp', 'x11'), x11),
    'bgp': ('tcp', ('bgp',), bgp),
    'modbus': ('tcp', ('modbus',), modbus),
    'dicom': ('tcp', ('dicom',), dicom),
    'sun-rpc': ('tcp', ('nfs', 'rpc'), sun_rpc_tcp),
    'kerberos-tcp': ('tcp', ('kerberos',), kerberos_tcp),
    'diameter': ('tcp', ('diameter',), diameter),
    'h225': ('tcp', ('h323',), h225),
    'iscsi': ('tcp', ('iscsi',), iscsi),
    'oracle': ('tcp', ('oracle',), oracle),
    'mongodb': ('tcp', ('mongodb',), mongodb),
    'cassandra': ('tcp', ('cassandra',), cassandra),
    'http2': ('tcp', ('http', 'http2'), http2),
    'zeromq': ('tcp', ('zeromq',), zeromq),
    'ajp': ('tcp', ('ajp',), ajp),
    'fastcgi': ('tcp', ('fastcgi',), fastcgi),
    'nbss-request': ('tcp', ('netbios', 'smb'), nbss_request),
    'proxy-2': ('tcp', ('haproxy',), proxy_2),
    'bitcoin': ('tcp', ('mining', 'bitcoin'), bitcoin),
    'skinny': ('tcp', ('ciscoskinny',), skinny),
    'json-lines': ('tcp', NOISE, json_lines),
    'soap': ('tcp', ('soap',), soap),
    'thrift': ('tcp', ('thrift',), thrift),
    'whois': ('tcp', ('whois-das',), whois),
    'gopher': ('tcp', ('gopher',), gopher),
    'hl7': ('tcp', ('hl7',), hl7),
    'fix': ('tcp', ('fix',), fix),
    'dnp3': ('tcp', ('dnp3',), dnp3),
    'iec-104': ('tcp', ('iec60870',), iec_104),
    'rlogin': ('tcp', ('rsh', 'rlogin'), rlogin),
}


# ---- A capture -------------------------------------------------------------------------------------


def header_ip(src, dst, protocol, length):
    return struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + length, 0, 0, 64, protocol, 0, src, dst)


def packets(flow):
    """The IP packets of a flow: endpoints, ports, transport and messages in order."""
    ends, ports, transport, messages = flow
    seq = [1000, 2000]

    def tcp(side, flags, body=b''):
        ack = seq[1 - side] if flags & 0x10 else 0
        head = struct.pack('>HHIIBBHHH', ports[side], ports[1 - side], seq[side], ack, 5 << 4, flags, 65535, 0, 0)
        seq[side] += len(body) + (1 if flags & 3 else 0)
        return header_ip(ends[side], ends[1 - side], 6, 20 + len(body)) + head + body
    if transport == 'tcp':
        yield tcp(0, 2)
        yield tcp(1, 0x12)
        yield tcp(0, 0x10)
    for side, body in messages:
        if transport == 'udp':
            yield header_ip(ends[side], ends[1 - side], 17, 8 + len(body)) + struct.pack('>HHHH', ports[side],
                    ports[1 - side], 8 + len(body), 0) + body
        for at in range(0, len(body), 1400) if transport == 'tcp' else ():
            yield tcp(side, 0x18, body[at:at + 1400])
    if transport == 'tcp':
        yield tcp(0, 0x11)
        yield tcp(1, 0x11)
        yield tcp(0, 0x10)


def flows(endpoints, seeds):
    """Every kind at every endpoint (source, its first port, destination, port, transport), with each seed of the transport."""
    for n, (src, sport, dst, dport, transport) in enumerate(endpoints):
        at = 0
        for kind, (runs_on, _, speak) in KINDS.items():
            if runs_on not in ('both', transport):
                continue
            for seed in range(seeds[transport]):
                messages = speak(random.Random(f'{kind} {n} {seed}'))
                yield kind, (src, sport + at, dst, dport, transport), messages
                at += 1


def address(text):
    return bytes(int(part) for part in text.split('.'))


def write(path, some_flows):
    """A capture of raw IPv4, a flow after the other, a packet each millisecond."""
    with open(path, 'wb') as file:
        file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        tick = 0
        for _, (src, sport, dst, dport, transport), messages in some_flows:
            for packet in packets(((address(src), address(dst)), (sport, dport), transport, messages)):
                file.write(struct.pack('<IIII', 1800000000 + tick // 1000, tick % 1000 * 1000, len(packet), len(packet)) +
                           packet)
                tick += 1
