"""Holds packs, the example site and the README's examples against the schemas.

A schema that accepts everything would pass that, so broken variants must be refused, each for the
place that was broken. What no schema can say (names that lead nowhere, packs that disagree) is
checked beside it.
"""
import copy
import functools
import re
import unittest

import jsonschema
import yaml

import files

SITE = {
    'site': 'Example', 'packs': ['lync-server-2013'], 'features': ['pic'],
    'networks': ['10.0.0.0/8', '2001:db8::/32'],
    'roles': {'front-end-server': ['10.0.2.20', '2001:db8::20']},
    'hosts': {'10.0.2.20': 'fe01.example', '10.0.2.21': ['fe02.example', 'pool01.example']},
    'nat': {'203.0.113.10': '172.16.0.10'},
    'vips': {'10.0.2.5': {'members': ['10.0.2.20'], 'maps': {'443': 4443}}},
    'options': {'lb-mode': 'dns'}, 'severity': {'wrong-source': 'error'},
    'vantages': {'outer': {'sees': ['outside-perimeter', 'inside-inside']}},
    'allow': [{'from': 'front-end-server', 'to': ['10.0.4.10', '10.0.5.0/24', 'director'],
               'transport': 'tcp', 'ports': 1433, 'protocol': 'tds', 'security': 'none',
               'why': 'back end', 'owner': 'us', 'until': '2027-06-30'},
              {'from': 'any', 'to': 'any', 'transport': 'icmp', 'why': 'ping'}],
    'accept': [{'rule': 'fe-sip', 'kind': 'wrong-security', 'why': 'known'}],
    'rules': {'fe-sip': {'expect': {'within': '15m', 'hours': 'mon-fri 08-18',
                                    'zone': 'Europe/Berlin'}},
              'fe-focus': {'expect': False}, 'xmpp-internal': {'ports': [5098, '6000-6001']},
              'fe-dcom': {'off': True}, 'med-sip': {'severity': 'info'}},
}

GONE = object()

# Where, what stands there instead. The place that the schema names must be on the way to it.
BROKEN_PACKS = [
    (['pack'], GONE), (['pack'], 'Lync 2013'), (['version'], 1), (['product'], ''),
    (['documents'], []), (['rules'], GONE), (['colour'], 'red'),
    (['documents', 0, 'id'], GONE), (['documents', 0, 'address'], 'JJ618376'),
    (['documents', 0, 'date'], '15.03.2013'), (['documents', 0, 'pages'], 3),
    (['documents', 4, 'empty', 0, 'row'], 0), (['documents', 0, 'language'], 'Chinese'),
    (['roles', 0, 'kind'], 'host'), (['roles', 0, 'zone'], 'dmz'), (['roles', 0, 'zone'], GONE),
    (['roles', 0, 'default'], True), (['roles', 5, 'faces'], 'inside'),
    (['roles', 0, 'faces'], 'perimeter'), (['roles', 0, 'includes'], ['director']),
    (['features', 0, 'always'], 'yes'), (['features', 1, 'option'], 'lb-mode'),
    (['rules', 0, 'id'], 'PIC in'), (['rules', 0, 'id'], GONE), (['rules', 0, 'title'], GONE),
    (['rules', 0, 'from'], []), (['rules', 0, 'from'], 'everyone'), (['rules', 0, 'to'], GONE),
    (['rules', 0, 'from'], 'pic-partner'), (['rules', 2, 'from'], 'unstated'),
    (['rules', 0, 'transport'], 'sctp'), (['rules', 0, 'ports'], 70000),
    (['rules', 0, 'ports'], 0), (['rules', 0, 'ports'], '50000-59,999'),
    (['rules', 0, 'ports'], '5061'), (['rules', 0, 'ports'], []), (['rules', 0, 'ports'], 'any'),
    (['rules', 0, 'port-end'], 'initiator'), (['rules', 0, 'protocol'], 'sips'),
    (['rules', 0, 'security'], 'ssl'), (['rules', 0, 'need'], 'maybe'),
    (['rules', 0, 'feature'], GONE), (['rules', 0, 'feature'], ['a', 'b']),
    (['rules', 0, 'feature'], {'any': ['a'], 'all': ['b']}),
    (['rules', 0, 'protocol'], 'rtp'), (['rules', 0, 'cites'], GONE), (['rules', 0, 'cites'], []),
    (['rules', 0, 'cites', 0, 'row'], GONE), (['rules', 0, 'cites', 0, 'table'], 0),
    (['rules', 0, 'cites', 0, 'where'], 'below'), (['rules', 0, 'cites', 0, 'cells'], []),
    (['rules', 0, 'cites', 0, 'document'], GONE), (['rules', 0, 'printed'], {'from': 'nobody'}),
    (['rules', 0, 'expect'], {'from': 'pic-partner'}), (['rules', 0, 'disputed'], ''),
    (['rules', 0, 'secruity'], 'tls'), (['rules', 2, 'printed'], {'to': 'unstated'}),
    (['rules', 0, 'id'], 'a' * 65),
]

BROKEN_SITES = [
    (['site'], GONE), (['packs'], []), (['packs'], 'lync-server-2013'), (['role'], {}),
    (['features'], []), (['features'], ['pic', 'pic']), (['features'], ['Pic']),
    (['networks'], ['10.0.0.0/33']), (['networks'], ['10.0.0.256']), (['networks'], []),
    (['networks'], ['2001:db8::/129']), (['networks'], ['10.0.0']),
    (['roles', 'front-end-server'], '10.0.2.20'), (['roles', 'front-end-server'], []),
    (['roles', 'Front End'], ['10.0.2.20']), (['roles', 'front-end-server'], ['fe01.example']),
    (['hosts', 'fe01'], '10.0.2.20'), (['hosts', '10.0.2.20'], []),
    (['hosts', '10.0.2.20'], ['']), (['hosts', '10.0.2.20'], ['fe01.example', 443]),
    (['hosts', '10.0.2.20'], ['a'] * 65), (['hosts', '10.0.2.20'], {'name': 'fe01.example'}),
    (['nat', '203.0.113.10'], '172.16.0.0/24'),
    (['vips', '10.0.2.5'], ['10.0.2.20']), (['vips', '10.0.2.5', 'members'], GONE),
    (['vips', '10.0.2.5', 'maps', '443'], 99999), (['vips', '10.0.2.5', 'maps', 'https'], 443),
    (['options', 'lb-mode'], ['dns']), (['severity', 'wrong-souce'], 'error'),
    (['severity', 'missing'], 'fatal'), (['vantages', 'outer', 'sees'], ['outside']),
    (['vantages', 'outer', 'sees'], []), (['vantages', 'outer', 'see'], ['inside-inside']),
    (['allow', 0, 'why'], GONE), (['allow', 0, 'to'], GONE), (['allow', 0, 'ports'], GONE),
    (['allow', 0, 'transport'], 'ip'), (['allow', 0, 'until'], '30.06.2027'),
    (['allow', 0, 'until'], '2027-13-01'), (['allow', 0, 'protocol'], 'mssql'),
    (['allow', 0, 'from'], []), (['allow', 1, 'ports'], 8), (['allow', 0, 'reason'], 'x'),
    (['allow'], []), (['accept', 0], {'why': 'everything'}), (['accept', 0, 'why'], GONE),
    (['accept', 0, 'kind'], 'wrong'), (['rules', 'fe-sip'], {}), (['rules', 'fe-sip'], True),
    (['rules', 'fe-sip', 'expect'], 'often'), (['rules', 'fe-sip', 'expect', 'within'], 15),
    (['rules', 'fe-sip', 'expect', 'within'], GONE),
    (['rules', 'fe-sip', 'expect', 'hours'], 'mon to fri'),
    (['rules', 'fe-sip', 'expect', 'hours'], '8-18'), (['rules', 'fe-dcom', 'off'], 'yes'),
    (['rules', 'xmpp-internal', 'ports'], 'any'), (['rules', 'fe-dcom', 'need'], 'optional'),
]


@functools.cache
def validator(kind):
    schema = files.schema(kind)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def problems(kind, data):
    return [f'{list(error.absolute_path)}: {error.message}'
            for error in validator(kind).iter_errors(data)]


def broken(data, path, value):
    data = copy.deepcopy(data)
    at = data
    for step in path[:-1]:
        at = at[step]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


def examples(first_key):
    """The YAML blocks of the README that begin with this key."""
    text = (files.RULES / 'README.md').read_text(encoding='utf-8')
    blocks = re.findall(r'^```yaml\n(.*?)^```', text, re.S | re.M)
    return [files.load(block) for block in blocks if block.startswith(first_key + ':')]


class Accepted(unittest.TestCase):
    def test_packs(self):
        for name in files.PACKS:
            self.assertEqual(problems('pack', files.pack(name)), [], name)

    def test_sites(self):
        self.assertEqual(problems('site', files.read('contoso.yaml')), [])
        self.assertEqual(problems('site', SITE), [])

    def test_what_the_example_shows_in_comments(self):
        text = (files.RULES / 'contoso.yaml').read_text(encoding='utf-8')
        comment = re.findall(r'^# ((?:allow|accept):\n(?:#   .*\n?)+)', text, re.M)
        self.assertEqual(len(comment), 2)
        site = files.read('contoso.yaml')
        for block in comment:
            site.update(files.load(re.sub(r'^# ', '', block, flags=re.M)))
        self.assertEqual(problems('site', site), [])
        self.assertTrue(site['allow'] and site['accept'])

    def test_readme(self):
        packs, sites = examples('pack'), examples('site')
        self.assertEqual((len(packs), len(sites)), (1, 1))
        self.assertEqual(problems('pack', packs[0]), [])
        self.assertEqual(problems('site', sites[0]), [])

    def test_schemas_explain_themselves(self):
        for kind in ('pack', 'site'):
            schema = files.schema(kind)
            objects = [schema] + list(schema['definitions'].values())
            for properties in (o['properties'] for o in objects if 'properties' in o):
                for name, value in properties.items():
                    self.assertTrue('description' in value or '$ref' in value, name)


class Refused(unittest.TestCase):
    def refuse(self, kind, data, variants):
        for path, value in variants:
            errors = list(validator(kind).iter_errors(broken(data, path, value)))
            what = f"{path} {'gone' if value is GONE else repr(value)}"
            self.assertTrue(errors, f'{what}: accepted')
            for error in errors:
                at = list(error.absolute_path)
                n = min(len(at), len(path))
                self.assertEqual(at[:n], path[:n], f'{what}: refused for {error.message}')

    def test_packs(self):
        self.refuse('pack', files.pack(), BROKEN_PACKS)
        pack = files.pack()
        unstated = [n for n, rule in enumerate(pack['rules']) if rule['from'] == 'unstated']
        self.refuse('pack', pack, [(['rules', unstated[0], 'expect'], {'from': ['director']})])

    def test_sites(self):
        self.refuse('site', SITE, BROKEN_SITES)

    def test_what_yaml_would_let_pass(self):
        for text in ('a: 1\na: 2\n', 'a: {b: 1, b: 2}\n', 'a: &x 1\nb: 2\n', 'a: &x 1\nb: *x\n',
                     'a: !!str 1\n', 'a: {title: Edge, internal}\nb: {c: 1, c: 2}\n'):
            with self.assertRaises(yaml.YAMLError, msg=text):
                files.load(text)
        self.assertEqual(files.load('a: 2027-06-30\nb: yes\nc: 12:30\nd: 10\n'),
                         {'a': '2027-06-30', 'b': 'yes', 'c': '12:30', 'd': 10})

    def test_a_comma_that_splits_a_title(self):
        pack = files.pack()
        pack['roles'][0] = files.load('{id: a, kind: server, zone: inside, title: Edge, inner}')
        self.assertTrue(problems('pack', pack))


def ends(rule):
    """Every role and set that a rule names."""
    lists = [rule['from'], rule['to'], *rule.get('expect', {}).values()]
    return {name for value in lists if isinstance(value, list) for name in value}


def features(rule):
    feature = rule.get('feature', [])
    if isinstance(feature, dict):
        return {name for names in feature.values() for name in names}
    return {feature} if feature else set()


class Names(unittest.TestCase):
    def setUp(self):
        self.packs = {name: files.pack(name) for name in files.PACKS}

    def test_the_list_of_packs(self):
        build = (files.RULES / 'meson.build').read_text(encoding='utf-8')
        listed = re.search(r'^rule_packs = \[(.*?)\]', build, re.S | re.M).group(1)
        self.assertEqual(re.findall(r"'([^']+)'", listed), files.PACKS)
        for name, pack in self.packs.items():
            self.assertEqual(pack['pack'], name)

    def test_every_name_leads_somewhere_and_is_used(self):
        for pack in self.packs.values():
            roles = {role['id']: role for role in pack['roles']}
            used = set().union(*(ends(rule) for rule in pack['rules']))
            used |= {name for role in roles.values() for name in role.get('includes', [])}
            self.assertEqual(used, set(roles))
            declared = {feature['id'] for feature in pack['features']}
            used = set().union(*(features(rule) for rule in pack['rules']))
            self.assertEqual(used, declared - {'core'})
            documents = {document['id'] for document in pack['documents']}
            self.assertEqual({cite['document'] for rule in pack['rules']
                              for cite in rule['cites']}, documents)

    def test_ids_are_unique(self):
        for pack in self.packs.values():
            for section in ('documents', 'roles', 'features'):
                ids = [entry['id'] for entry in pack[section]]
                self.assertEqual(len(ids), len(set(ids)), section)
        rules = [rule['id'] for pack in self.packs.values() for rule in pack['rules']]
        self.assertEqual(len(rules), len(set(rules)))
        self.assertEqual(len(rules), 92 + 30)

    def test_pairs_are_mutual(self):
        for pack in self.packs.values():
            pair = {rule['id']: rule['pair'] for rule in pack['rules'] if 'pair' in rule}
            self.assertTrue(pair)
            for rule, other in pair.items():
                self.assertEqual(pair.get(other), rule)

    def test_packs_agree_on_what_they_share(self):
        first, second = self.packs.values()
        for section in ('roles', 'features'):
            known = {entry['id']: entry for entry in first[section]}
            shared = [entry for entry in second[section] if entry['id'] in known]
            self.assertTrue(shared)
            for entry in shared:
                self.assertEqual(entry, known[entry['id']])

    def test_documents_are_credited(self):
        readme = (files.RULES / 'README.md').read_text(encoding='utf-8')
        flat = ' '.join(readme.split())
        for pack in self.packs.values():
            for document in pack['documents']:
                self.assertEqual(document['publisher'], 'Microsoft')
                self.assertEqual(document['licence'], 'CC BY 4.0')
                self.assertIn(document['title'], flat)
                self.assertIn(f"<{document['address']}>", flat)
                self.assertTrue(document['date'] and document['language'])

    def test_rows_of_the_companions_have_cells(self):
        for rule in self.packs['lync-server-2013-companions']['rules']:
            for cite in rule['cites']:
                self.assertEqual('row' in cite, 'cells' in cite, rule['id'])

    def test_zones_and_defaults(self):
        roles = {role['id']: role for role in self.packs['lync-server-2013']['roles']}
        self.assertEqual({name for name, role in roles.items() if role.get('default')},
                         {'client-internal', 'client-external', 'federated-partner',
                          'xmpp-partner'})
        self.assertEqual({name for name, role in roles.items() if role.get('zone') == 'perimeter'},
                         {'access-edge-external', 'webconf-edge-external', 'av-edge-external',
                          'edge-internal', 'reverse-proxy'})
        self.assertEqual({name for name, role in roles.items() if role.get('zone') == 'outside'},
                         {'client-external', 'live-messenger-client', 'federated-partner',
                          'xmpp-partner', 'pic-partner'})
        self.assertEqual({name for name, role in roles.items() if 'faces' in role},
                         {'edge-internal'})
        servers = {name for name, role in roles.items()
                   if role.get('kind') == 'server' and role['zone'] == 'inside'}
        self.assertEqual(set(roles['all-internal-servers']['includes']), servers)
        self.assertEqual(set(roles['all-servers']['includes']),
                         {'all-internal-servers', 'access-edge-external', 'webconf-edge-external',
                          'av-edge-external', 'edge-internal'})

    def test_the_example_site(self):
        site = files.read('contoso.yaml')
        pack = self.packs[site['packs'][0]]
        roles = {role['id'] for role in pack['roles'] if 'kind' in role}
        self.assertLessEqual(set(site['roles']), roles)
        self.assertNotIn('client-external', site['roles'])
        declared = {feature['id'] for feature in pack['features'] if 'option' not in feature}
        self.assertLessEqual(set(site['features']), declared)
        options = {(f['option'], f['value']) for f in pack['features'] if 'option' in f}
        self.assertLessEqual(set(site['options'].items()), options)


if __name__ == '__main__':
    unittest.main()
