"""Reads a line of ArcSight's Common Event Format as its specification says, and refuses any other.

Written from "Implementing ArcSight Common Event Format (CEF)", version 25 (CEF:0): the header's
seven pipes, what is escaped in it and in the extension, the dictionary's keys with their types and
longest values. Only the keys that pcaudit may write are in the dictionary here.
"""
import ipaddress
import re

HEADER = ['version', 'vendor', 'product', 'device_version', 'signature', 'name', 'severity']
KEY = re.compile(r'(?:^| )([A-Za-z0-9_]+)=')


def integer(text):
    return re.fullmatch(r'-?\d+', text) and abs(int(text)) < 2 ** 63


def port(text):
    return re.fullmatch(r'\d{1,5}', text) and int(text) < 65536


def ipv4(text):
    return ipaddress.IPv4Address(text)


def ipv6(text):
    return ipaddress.IPv6Address(text)


def words(*allowed):
    return lambda text: text in allowed


def text_of(longest):
    return lambda text: 0 < len(text) <= longest


DICTIONARY = {
    'rt': integer, 'start': integer, 'end': integer, 'cnt': integer, 'in': integer, 'out': integer,
    'src': ipv4, 'dst': ipv4, 'spt': port, 'dpt': port, 'c6a2': ipv6, 'c6a3': ipv6,
    'shost': text_of(1023), 'dhost': text_of(1023), 'proto': text_of(31), 'app': text_of(31),
    'act': text_of(63), 'outcome': text_of(63), 'reason': text_of(1023), 'cat': text_of(1023),
    'deviceDirection': words('0', '1'), 'deviceExternalId': text_of(255), 'externalId': text_of(40),
    'fname': text_of(1023), 'msg': text_of(1023), 'flexString1': text_of(1023),
    **{f'cs{n}': text_of(4000) for n in range(1, 7)}, **{f'cn{n}': integer for n in range(1, 4)},
}
LABELLED = re.compile(r'(cs\d|cn\d|c6a\d|flexString\d)$')


class Wrong(ValueError):
    """The line is no CEF; says what stands where."""


def unescape(text, special, what):
    """Undoes the escapes that may stand here; a lone one, or a bare special, is wrong."""
    out, at = [], 0
    while at < len(text):
        c = text[at]
        if c == '\\':
            at += 1
            if at == len(text) or text[at] not in '\\' + special:
                raise Wrong(f'{what}: a backslash that escapes nothing in {text!r}')
            out.append(text[at])
        elif c in special:
            raise Wrong(f'{what}: {c!r} is not escaped in {text!r}')
        else:
            out.append(c)
        at += 1
    return ''.join(out)


def split_header(line):
    """The seven fields, still escaped, and what follows the seventh pipe."""
    fields, field, at = [], '', 0
    while len(fields) < 7:
        if at == len(line):
            raise Wrong(f'only {len(fields)} pipes')
        if line[at] == '\\':
            field += line[at:at + 2]
            at += 2
        elif line[at] == '|':
            fields.append(field)
            field, at = '', at + 1
        else:
            field += line[at]
            at += 1
    return fields, line[at:]


def read_extension(extension):
    """Keys to values: a value ends where the next key begins, before its unescaped equals sign."""
    found = [m for m in KEY.finditer(extension)]
    if not found or found[0].start() != 0:
        raise Wrong(f'no key at the beginning of {extension[:40]!r}')
    values = {}
    for here, after in zip(found, found[1:] + [None]):
        key, value = here[1], extension[here.end():after.start() if after else None]
        if key in values:
            raise Wrong(f'{key} stands twice')
        values[key] = unescape(value, '=', key)
    return values


def check_values(values):
    for key, value in values.items():
        if key.endswith('Label') and LABELLED.match(key[:-5]):
            if key[:-5] not in values:
                raise Wrong(f'{key} labels nothing')
            continue
        if key not in DICTIONARY:
            raise Wrong(f'{key} is not in the dictionary')
        try:
            good = DICTIONARY[key](value)
        except ValueError as error:
            raise Wrong(f'{key}={value!r}: {error}') from error
        if not good:
            raise Wrong(f'{key}={value[:60]!r} is not what the dictionary allows')
        if LABELLED.match(key) and f'{key}Label' not in values:
            raise Wrong(f'{key} has no label')


def parse(line):
    """Header fields by name, and under 'extension' the keys; raises Wrong."""
    if re.search('[\x00-\x1f\x7f\x85\u2028\u2029]', line):
        raise Wrong('a control character or a line break')
    fields, extension = split_header(line)
    event = dict(zip(HEADER, (unescape(field, '|', name) for name, field in zip(HEADER, fields))))
    if event['version'] != 'CEF:0':
        raise Wrong(f'version {event["version"]!r}')
    for name in HEADER[1:6]:
        if not event[name]:
            raise Wrong(f'{name} is empty')
    if not re.fullmatch(r'\d|10', event['severity']):
        raise Wrong(f'severity {event["severity"]!r}')
    event['extension'] = read_extension(extension)
    check_values(event['extension'])
    return event
