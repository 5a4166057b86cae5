"""Is every fact so that tshark can state as well? facts.py PCAUDIT

Over pcaps/, flow by flow: names, versions, suites, fingerprints, certificates, methods, codes, dialects,
options and questions, each as tshark's fields have it, and the packet that we say stated it must be one in
which tshark has the field. A fact that only one of the two has is a difference as well, but where tshark
does not know the protocol on that port (it goes by port for SSH and XMPP).
"""
import collections
import concurrent.futures
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = ROOT / 'rules' / 'contoso.yaml'
CAPTURES = sorted(path for path in (ROOT / 'pcaps').iterdir() if path.suffix in ('.pcap', '.pcapng'))
ASK = ['tshark', '-n', '-o', 'tcp.try_heuristic_first:TRUE', '-o', 'udp.try_heuristic_first:TRUE']
ENDS = ['ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'udp.srcport', 'udp.dstport']
VERSIONS = {0x300: 'SSL 3.0', 0x301: 'TLS 1.0', 0x302: 'TLS 1.1', 0x303: 'TLS 1.2', 0x304: 'TLS 1.3'}
DIALECTS = {0x202: '2.0.2', 0x210: '2.1', 0x300: '3.0', 0x302: '3.0.2', 0x311: '3.1.1'}
DHCP = dict(enumerate('discover offer request decline ack nak release inform'.split(), 1))
INTERFACES = {'e1af8308-5d1f-11c9-91a4-08002b14a0fa': 'EPM'}
# Named by tshark only on its own port.
NOT_KNOWN_THERE = {('wrong-protocol.pcapng', '1:15', 'ssh.software')}


def number(text):
    return int(text, 0)


def words(values):
    return list(dict.fromkeys(values))


def version(packet):
    """What a hello says: the extension where there is one, without the values that mean nothing (RFC 8701)."""
    listed = [number(v) for v in packet['tls.handshake.extensions.supported_version']]
    said = [v for v in listed if v & 0x0f0f != 0x0a0a] or [number(packet['tls.handshake.version'][0])]
    return VERSIONS[max(said)]


def with_type(packets, field, value):
    return [p for p in packets if value in p[field]]


def of_hello(kind, read):
    """A value of the first ClientHello (1) or of the last ServerHello (2)."""
    def find(packets, _):
        hellos = with_type(packets, 'tls.handshake.type', kind)
        hello = hellos[:1] if kind == '1' else hellos[-1:]
        return hello, read(hello[0]) if hello else None
    return find


def first_of(field):
    def find(packets, _):
        having = [p for p in packets if p[field]]
        return having, having[0][field][0] if having else None
    return find


def all_of(field, read=str):
    def find(packets, _):
        having = [p for p in packets if p[field]]
        return having, words(read(v) for p in having for v in p[field])
    return find


def certificate_of(is_client):
    def find(packets, opener):
        having = [p for p in packets if p['tls.handshake.certificate'] and (p['from'] == opener) == is_client]
        return having, hashlib.sha256(bytes.fromhex(having[0]['tls.handshake.certificate'][0])).hexdigest() if having else None
    return find


def dialects(is_answer):
    def find(packets, _):
        negotiate = [p for p in with_type(packets, 'smb2.cmd', '0') if p['smb2.dialect']]
        having = [p for p in negotiate if (p['smb2.flags.response'] == ['1']) == is_answer]
        said = [DIALECTS[number(v)] for p in having[:1] for v in p['smb2.dialect']]
        return having, (said[0] if said else None) if is_answer else said
    return find


def stun_errors(packets, _):
    having = [p for p in packets if p['stun.att.error']]
    codes = [zip(p['stun.att.error.class'], p['stun.att.error']) for p in having]
    return having, words(100 * number(hundreds) + number(rest) for pairs in codes for hundreds, rest in pairs)


def stun_has(attribute):
    def find(packets, _):
        having = with_type(packets, 'stun.att.type', attribute)
        return having, True if having else None
    return find


def asked(packets, _):
    having = with_type(packets, 'tls.handshake.type', '13')
    return having, True if having else None


SUITES = {}
FACTS = {
    'tls.max_version': of_hello('1', version),
    'tls.sni': of_hello('1', lambda p: (p['tls.handshake.extensions_server_name'] or [None])[0]),
    'tls.alpn': of_hello('1', lambda p: p['tls.handshake.extensions_alpn_str']),
    'tls.ja3': of_hello('1', lambda p: p['tls.handshake.ja3'][0]),
    'tls.version': of_hello('2', version),
    'tls.suite': of_hello('2', lambda p: SUITES[number(p['tls.handshake.ciphersuite'][0])]),
    'tls.alpn_chosen': of_hello('2', lambda p: (p['tls.handshake.extensions_alpn_str'] or [None])[0]),
    'tls.certificate_request': asked,
    'tls.server_cert.sha256': certificate_of(False),
    'tls.client_cert.sha256': certificate_of(True),
    'sip.methods': all_of('sip.Method'),
    'sip.status_codes': all_of('sip.Status-Code', number),
    'sip.user_agent': first_of('sip.User-Agent'),
    'sip.server': first_of('sip.Server'),
    'sip.media': all_of('sdp.media', lambda v: v.split()[0]),
    'http.method': all_of('http.request.method'),
    'http.host': first_of('http.host'),
    'http.user_agent': first_of('http.user_agent'),
    'http.status': all_of('http.response.code', number),
    'http.server': first_of('http.server'),
    'smb.offered': dialects(False),
    'smb.dialect': dialects(True),
    'dce_rpc.interface': all_of('dcerpc.cn_bind_to_uuid', lambda v: INTERFACES.get(v, v)),
    'stun.error': stun_errors,
    'stun.software': first_of('stun.att.software'),
    'stun.xor_mapped': stun_has('0x0020'),
    'stun.fingerprint': stun_has('0x8028'),
    'dhcp.message': all_of('dhcp.option.dhcp', lambda v: DHCP[number(v)]),
    'dhcp.vendor_class': first_of('dhcp.option.vendor_class_id'),
    'dns.query': first_of('dns.qry.name'),
    'ssh.software': all_of('ssh.protocol', lambda v: v.split('-', 2)[2].split(' ')[0]),
}
FIELDS = ['frame.number', *ENDS, 'tls.handshake.type', 'tls.handshake.version',
          'tls.handshake.extensions.supported_version', 'tls.handshake.extensions_server_name',
          'tls.handshake.extensions_alpn_str', 'tls.handshake.ja3', 'tls.handshake.ciphersuite',
          'tls.handshake.certificate', 'sip.Method', 'sip.Status-Code', 'sip.User-Agent', 'sip.Server', 'sdp.media',
          'http.request.method', 'http.host', 'http.user_agent', 'http.response.code', 'http.server', 'smb2.cmd',
          'smb2.flags.response', 'smb2.dialect', 'dcerpc.cn_bind_to_uuid', 'stun.att.error', 'stun.att.error.class',
          'stun.att.software', 'stun.att.type', 'dhcp.option.dhcp', 'dhcp.option.vendor_class_id', 'dns.qry.name',
          'ssh.protocol']


def suites():
    """tshark's own names of cipher suites."""
    out = subprocess.run(['tshark', '-G', 'values'], capture_output=True, check=True, text=True).stdout
    rows = (line.split('\t') for line in out.splitlines() if line.startswith('V\ttls.handshake.ciphersuite\t'))
    return {number(row[2]): row[3] for row in rows}


def ask_tshark(capture):
    """The packets of each pair of ends. ICMP, which quotes others' headers, is none of them."""
    command = [*ASK, '-r', str(capture), '-Y', '(tcp || udp) && !icmp && !icmpv6', '-T', 'fields', '-E', 'aggregator=~']
    for field in FIELDS:
        command += ['-e', field]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    flows = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        packet = {field: text.split('~') if text else [] for field, text in zip(FIELDS, line.split('\t'))}
        ip, port = ('ip', 'ipv6')[not packet['ip.src']], ('tcp', 'udp')[not packet['tcp.srcport']]
        packet['from'] = packet[ip + '.src'][0], packet[port + '.srcport'][0]
        flows[frozenset((packet['from'], (packet[ip + '.dst'][0], packet[port + '.dstport'][0])))].append(packet)
    return flows


def end(side):
    return side['ip'], str(side['port'])


def packets_of_facts(pcaudit, capture, flow):
    """By which packets we say that each fact was stated."""
    command = [pcaudit, 'explain', '-s', str(SITE), str(capture), '--flow', flow]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    found = collections.defaultdict(set)
    for packet, fact in re.findall(r'^  packet (\d+)\s+(\S+)', run.stdout, re.M):
        found[fact].add(packet)
    return found


# A message inside TLS that was written line by line, a record and a segment each: we name the packet
# of its first line, tshark that of the last. Frames 18 and 30 of the first, 32 and 36 of its answer.
PIECEWISE = {'tls13-dsb.pcapng'}


def differences(pcaudit, capture):
    command = [pcaudit, 'audit', '-s', str(SITE), '--flows=all', '-f', 'json', str(capture)]
    run = subprocess.run(command, capture_output=True, check=False)
    theirs, wrong, n = ask_tshark(capture), [], 0
    for flow in json.loads(run.stdout)['flows']:
        packets = theirs[frozenset((end(flow['src']), end(flow['dst'])))]
        stated = packets_of_facts(pcaudit, capture, flow['id'])
        for fact, find in FACTS.items():
            having, said = find(packets, end(flow['src']))
            ours = flow['facts'].get(fact)
            if not said and ours is None or (capture.name, flow['id'], fact) in NOT_KNOWN_THERE:
                continue
            n += 1
            if ours != said:
                wrong.append(f"{capture.name} {flow['id']}: {fact} is {ours}, tshark says {said}")
            elif capture.name in PIECEWISE:
                continue
            elif not stated[fact] <= {p['frame.number'][0] for p in having}:
                wrong.append(f"{capture.name} {flow['id']}: {fact} is said to be of packets {sorted(stated[fact])}")
    return wrong, n


def main(pcaudit):
    SUITES.update(suites())
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda capture: differences(pcaudit, capture), CAPTURES))
    wrong, n = [line for lines, _ in results for line in lines], sum(n for _, n in results)
    print('\n'.join([*wrong, f'{n} facts compared, {len(wrong)} differ']))
    return 1 if wrong or n < 300 else 0


if __name__ == '__main__':
    if not shutil.which('tshark'):
        print('skipped: tshark is not installed')
        sys.exit(77)
    sys.exit(main(sys.argv[1]))
