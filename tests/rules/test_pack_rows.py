"""Holds the first pack against rules/rows.csv, both ways and field by field.

Where a rule reads a row otherwise than it is printed, the difference stands in READINGS with its
reason; a difference that is not there, or an entry there that no row needs, fails.
"""
import copy
import unittest

import files

# (rule, field, as printed, as read, why)
READINGS = [
    ('msn-rtp-out', 'source', 'access-edge-external', 'av-edge-external',
     'the row belongs to A/V; the Edge port summaries print the A/V Edge'),
    ('msn-stun-out', 'source', 'access-edge-external', 'av-edge-external', 'the same'),
    ('msn-stun-in', 'destination', 'access-edge-external', 'av-edge-external', 'the same'),
    ('ext-client-sip', 'destination', 'unstated', 'access-edge-external',
     'the client table prints no destination; the other four pages do'),
    ('ext-client-psom', 'destination', 'unstated', 'webconf-edge-external',
     'the client table prints no destination; only this Edge service speaks PSOM'),
    ('ext-client-turn-tcp', 'destination', 'unstated', 'av-edge-external',
     'the client table prints no destination; only this Edge service speaks STUN'),
    ('ext-client-turn-udp', 'destination', 'unstated', 'av-edge-external', 'the same'),
    ('ext-client-sip-5061', 'destination', 'unstated', 'access-edge-external',
     'the client table prints no destination; only this Edge service speaks SIP'),
    ('client-dhcp', 'destination', 'unstated', 'dhcp-server', 'DHCP names its own server'),
    ('phone-dhcp', 'destination', 'unstated', 'dhcp-server', 'DHCP names its own server'),
    ('fe-web-https', 'source', 'front-end-server', 'any',
     'row 12; row 19 on the same listener prints no source'),
    ('fe-web-https', 'source', 'unstated', 'any', 'row 19; row 12 prints one'),
    ('fe-web-https', 'destination', 'front-end-server', 'web-farm',
     'row 19; row 12 prints the web farm, which holds the Front End'),
    ('fe-web-8060', 'protocol', 'any', 'psom', 'not printed; the cmdlet reference says PSOM'),
    ('fe-web-8061', 'protocol', 'any', 'psom', 'not printed; the cmdlet reference says PSOM'),
    ('fe-response-group-8404', 'protocol', 'sip', 'any',
     'the cmdlet reference knows a WCF port of Response Group with MTLS'),
    ('med-sip', 'security', 'mtls', 'unspecified', 'row 49; rows 22 and 46 print bare TCP'),
    ('dir-sip', 'security', 'unspecified', 'mtls tls', 'read as the row of the Front End'),
    ('pchat-wcf', 'security', 'mtls tls', 'tls', 'both are printed; MTLS satisfies TLS'),
]

EMPTY = 's4.t3.r06'
WITHOUT_A_ROW = {'fed-sip-in'}
REQUIRED = {'fe-sip', 'fe-focus', 'fe-web-https'}
OPTIONAL = {
    'ext-client-sip-5061', 'client-dhcp', 'legacy-file-transfer', 'client-file-transfer',
    'client-app-sharing', 'fe-sip-static', 'fe-dcom', 'fe-psom-compat', 'fe-web-http',
    'fe-web-ext-http', 'fe-web-8060', 'fe-web-8061', 'fe-e911', 'dir-sip-static', 'dir-web-http',
}
FACETS = {
    'dir-fe': {'dir-fe-in', 'dir-fe-out'},
    'fe-sip': {'fe-sip-client', 'fe-sip-server', 'fe-sip-mediation'},
    'fe-focus': {'fe-focus-server', 'fe-focus-sba'},
    'dir-sip': {'dir-sip-client', 'dir-sip-server'},
}
# Whose port it is, where it is not the responder's: media belongs to its owner, and where the print
# leaves open whose number it is, either's will do.
PORT_ENDS = {
    'to': {'client-media', 'client-app-sharing', 'audio-media', 'fe-video-media',
           'fe-app-sharing-media'},
    'from': {'msn-rtp-out'},
    'either': {'msn-stun-out', 'msn-stun-in', 'client-dhcp', 'phone-dhcp', 'fe-e911',
               'med-gw-tcp-out', 'med-gw-tls-out'},
}
EXPECT = {
    'fed-sip-out': {'to': ['federated-partner']},
    'xmpp-in': {'from': ['xmpp-partner']},
    'xmpp-out': {'to': ['xmpp-partner']},
    'fe-focus-server': {'from': ['front-end-server']},
    'fe-web-https': {'from': ['front-end-server']},
}
PRINTED = {
    'xmpp-internal': {'from': 'any'},
    'client-media': {'to': 'unstated'},
    'client-app-sharing': {'to': 'unstated'},
    'sql-browser': {'from': 'unstated'},
    'fe-web-ext-http': {'from': 'unstated'},
    'fe-web-ext-https': {'from': 'unstated'},
    'pchat-sip': {'from': 'unstated'},
    'pchat-files': {'from': 'unstated'},
}
PAIRS = {
    ('pic-sip-in', 'pic-sip-out'), ('fed-sip-out', 'fed-sip-in'),
    ('msn-stun-out', 'msn-stun-in'), ('xmpp-in', 'xmpp-out'),
}
# By feature, in the order of the pack; facets under their printed id.
FEATURES = {
    'pic': 'pic-sip-in pic-sip-out',
    'sip-federation': 'fed-sip-out fed-sip-in',
    'external-access':
        'ext-client-sip ext-client-psom ext-client-turn-tcp ext-client-turn-udp '
        'ext-client-sip-5061',
    'pic-live-messenger': 'msn-rtp-out msn-stun-out msn-stun-in',
    'xmpp-federation': 'xmpp-in xmpp-out xmpp-internal',
    'dhcp-discovery': 'client-dhcp',
    'phones': 'phone-dhcp',
    'legacy-clients': 'legacy-file-transfer fe-psom-compat',
    'peer-media': 'client-media',
    'peer-file-transfer': 'client-file-transfer',
    'app-sharing': 'client-app-sharing fe-app-sharing fe-app-sharing-media',
    'cms-replica': 'sql-browser',
    'audio': 'audio-media',
    'owas': 'owas',
    'cms-master': 'cms-replication',
    'rcc-trusted-service': 'fe-sip-static dir-sip-static',
    'core': 'fe-sip fe-focus',
    'admin-move-sync': 'fe-dcom',
    'im-conferencing': 'fe-im-conf',
    'web-conferencing': 'fe-psom',
    'av-conferencing': 'fe-av-conf fe-video-media',
    'web-components': 'fe-web-http fe-web-8060 fe-web-8061',
    'web-components or mobility': 'fe-web-https',
    'web-external': 'fe-web-ext-http fe-web-ext-https',
    'mobility': 'fe-mobility-5086 fe-mobility-5087',
    'dial-in': 'fe-dialin fe-attendant fe-announcement',
    'call-park': 'fe-call-park',
    'audio-test': 'fe-audio-test',
    'e911': 'fe-e911',
    'response-group': 'fe-response-group fe-response-group-8404',
    'cac': 'fe-cac-turn fe-cac',
    'enterprise-voice': 'med-sip',
    'pstn-tls': 'med-gw-tls-in med-gw-tls-out',
    'pstn-tcp': 'med-gw-tcp-in med-gw-tcp-out',
    'director': 'dir-fe dir-web-http dir-web-https dir-sip',
    'persistent-chat': 'pchat-sip pchat-wcf pchat-files',
    'lb-hardware-only':
        'lb-fe-sip lb-fe-focus lb-fe-dcom lb-fe-attendant lb-fe-announcement lb-fe-call-park '
        'lb-fe-audio-test lb-fe-response-group lb-fe-cac-turn lb-fe-cac lb-med-sip '
        'lb-dir-focus lb-dir-sip',
    'lb-hardware-only or lb-dns':
        'lb-fe-http lb-fe-ext-http lb-fe-https lb-fe-ext-https lb-dir-https lb-dir-ext-https',
    'lb-hardware-only and collocated-mediation': 'lb-fe-med-sip',
}


def words(value):
    """A value as sorted words, so that lists and texts compare."""
    if not isinstance(value, list):
        value = str(value).split()
    return ' '.join(sorted(str(word) for word in value))


def printed_id(rule):
    return rule.get('facet-of', rule['id'])


def printed_end(rule, end):
    return rule.get('printed', {}).get(end, rule[end])


def place(cite):
    return (cite['document'], cite.get('table'), cite.get('row'))


def row_place(row):
    return (row['document'], int(row['table']), int(row['row']))


def columns(row):
    """How many columns the row's table has, without the notes."""
    return 4 if row['document'] == 'ports-internal-servers' and row['table'] == '1' else 3


def rule_fields(rules):
    """What the rules that cite one row say together: facets share a row."""
    ends = {}
    for end in ('from', 'to'):
        found = set()
        for rule in rules:
            value = printed_end(rule, end)
            found |= set(value) if isinstance(value, list) else {value}
        ends[end] = words(list(found))
    return {
        'transport': words(list({rule['transport'] for rule in rules})),
        'ports': ' | '.join(sorted({words(rule['ports']) for rule in rules})),
        'protocol': words(list({rule['protocol'] for rule in rules})),
        'security': words(list({rule['security'] for rule in rules})),
        'source': ends['from'],
        'destination': ends['to'],
    }


def row_fields(row):
    return {
        'transport': row['transport'],
        'ports': words(row['ports']),
        'protocol': row['protocol'],
        'security': words(row['security'].split('+')),
        'source': words(row['source']),
        'destination': words(row['destination']),
    }


def differences(pack, rows, readings=READINGS):
    """Everything in which pack and rows do not agree, as sentences."""
    out = []
    readings = {entry[:4]: False for entry in readings}
    citing = {}
    for rule in pack['rules']:
        for cite in rule['cites']:
            if 'row' in cite:
                citing.setdefault(place(cite), []).append((rule, cite))
    for row in rows:
        found = citing.pop(row_place(row), [])
        ids = {printed_id(rule) for rule, _ in found}
        if ids != ({row['rule']} if row['rule'] else set()):
            out.append(f"{row['row_id']}: cited by {sorted(ids)}, is of {row['rule']!r}")
            continue
        if not found:
            continue
        cells = [row[f'cell_{n}'] for n in range(1, columns(row) + 1)]
        for rule, cite in found:
            if [str(cell) for cell in cite['cells']] != cells:
                out.append(f"{row['row_id']}: {rule['id']} has cells {cite['cells']}")
        said = rule_fields([rule for rule, _ in found])
        for field, value in row_fields(row).items():
            if value == said[field]:
                continue
            key = (row['rule'], field, value, said[field])
            if key in readings:
                readings[key] = True
            else:
                out.append(f"{row['row_id']}: {field} is {value!r}, "
                           f"{row['rule']} says {said[field]!r}")
    out += [f'{where}: cited, but there is no such row' for where in citing]
    out += [f'reading {key} is not needed' for key, used in readings.items() if not used]
    return out


class RowsAndRules(unittest.TestCase):
    def setUp(self):
        self.pack = files.pack()
        self.rows = files.rows()

    def test_they_agree(self):
        self.assertEqual(differences(self.pack, self.rows), [])

    def test_the_counts(self):
        self.assertEqual(len(self.rows), 119)
        self.assertEqual(len({row['row_id'] for row in self.rows}), 119)
        self.assertEqual(len({row_place(row) for row in self.rows}), 119)
        self.assertEqual([row['row_id'] for row in self.rows if not row['rule']], [EMPTY])
        self.assertEqual(len({row['rule'] for row in self.rows if row['rule']}), 86)
        printed = {printed_id(rule) for rule in self.pack['rules']}
        self.assertEqual(len(printed), 87)
        self.assertEqual(printed - {row['rule'] for row in self.rows}, WITHOUT_A_ROW)
        per_document = [len([r for r in self.rows if r['document'] == d['id']])
                        for d in self.pack['documents']]
        self.assertEqual(per_document, [6, 10, 6, 6, 91])

    def test_row_ids_name_document_table_and_row(self):
        order = [document['id'] for document in self.pack['documents']]
        for row in self.rows:
            self.assertEqual(row['row_id'], 's{}.t{}.r{:02d}'.format(
                order.index(row['document']), row['table'], int(row['row'])))

    def test_the_empty_row_is_listed_and_holds_nothing(self):
        listed = [(document['id'], entry['table'], entry['row'])
                  for document in self.pack['documents'] for entry in document.get('empty', [])]
        self.assertEqual(listed, [('ports-internal-servers', 3, 6)])
        row = next(row for row in self.rows if row['row_id'] == EMPTY)
        self.assertEqual([key for key, value in row.items() if value],
                         ['row_id', 'document', 'table', 'row', 'note'])

    def test_facets(self):
        found = {}
        for rule in self.pack['rules']:
            if 'facet-of' in rule:
                found.setdefault(rule['facet-of'], set()).add(rule['id'])
                self.assertTrue(rule['id'].startswith(rule['facet-of'] + '-'))
        self.assertEqual(found, FACETS)

    def test_need(self):
        need = {}
        for rule in self.pack['rules']:
            need.setdefault(rule['need'], set()).add(printed_id(rule))
        self.assertEqual(need['required'], REQUIRED)
        self.assertEqual(need['optional'], OPTIONAL)

    def collected(self, key):
        return {rule['id']: rule[key] for rule in self.pack['rules'] if key in rule}

    def test_what_rows_do_not_say(self):
        ends = {}
        for rule, end in self.collected('port-end').items():
            ends.setdefault(end, set()).add(rule)
        self.assertEqual(ends, PORT_ENDS)
        self.assertEqual(self.collected('expect'), EXPECT)
        self.assertEqual(self.collected('printed'), PRINTED)
        pairs = {tuple(sorted(pair)) for pair in self.collected('pair').items()}
        self.assertEqual(pairs, {tuple(sorted(pair)) for pair in PAIRS})

    def test_features(self):
        found = {}
        for rule in self.pack['rules']:
            feature = rule.get('feature', 'core')
            if isinstance(feature, dict):
                [(word, names)] = feature.items()
                feature = {'any': ' or ', 'all': ' and '}[word].join(names)
            listed = found.setdefault(feature, [])
            if printed_id(rule) not in listed:
                listed.append(printed_id(rule))
        self.assertEqual({name: ' '.join(ids) for name, ids in found.items()}, FEATURES)

    def test_facets_stand_together(self):
        order = []
        for rule in self.pack['rules']:
            if not order or order[-1] != printed_id(rule):
                order.append(printed_id(rule))
        self.assertEqual(len(order), len(set(order)))

    def test_the_rule_without_a_row(self):
        rule = next(rule for rule in self.pack['rules'] if rule['id'] == 'fed-sip-in')
        self.assertEqual([(cite['document'], cite['where']) for cite in rule['cites']],
                         [('port-summary-sip-xmpp-pic', 'first paragraph')])
        self.assertEqual((rule['from'], rule['to']),
                         (['federated-partner'], ['access-edge-external']))
        self.assertEqual((rule['transport'], rule['ports'], rule['protocol'], rule['security']),
                         ('tcp', 5061, 'sip', 'mtls'))
        self.assertEqual((rule['need'], rule['feature']), ('conditional', 'sip-federation'))


class TheComparisonNotices(unittest.TestCase):
    """Every field of every rule and of every row, changed one at a time, is noticed."""

    def setUp(self):
        self.pack = files.pack()
        self.rows = files.rows()

    def assert_noticed(self, what):
        self.assertTrue(differences(self.pack, self.rows), f'{what}: not noticed')

    def test_changed_rules(self):
        # Facets of one row are compared together, so a change must be a word that none has.
        changes = {'transport': 'sctp', 'ports': 9, 'protocol': 'rdp', 'security': 'secret',
                   'from': ['nobody'], 'to': ['nobody']}
        for rule in self.pack['rules']:
            if rule['id'] in WITHOUT_A_ROW:
                continue
            for field, value in changes.items():
                kept = copy.deepcopy(rule)
                rule[field] = value
                rule.get('printed', {}).pop(field, None)
                self.assert_noticed(f"{rule['id']} {field}")
                rule.clear()
                rule.update(kept)

    def test_changed_cites(self):
        for rule in self.pack['rules']:
            for n, cite in enumerate(list(rule['cites'])):
                if 'row' not in cite:
                    continue
                for field, value in {'row': 99, 'cells': cite['cells'][:-1]}.items():
                    kept = cite[field]
                    cite[field] = value
                    self.assert_noticed(f"{rule['id']} cite {n} {field}")
                    cite[field] = kept
        self.assertEqual(differences(self.pack, self.rows), [])

    def test_removed_rules(self):
        for n, rule in enumerate(list(self.pack['rules'])):
            if rule['id'] in WITHOUT_A_ROW or 'facet-of' in rule:
                continue
            del self.pack['rules'][n]
            self.assert_noticed(f"without {rule['id']}")
            self.pack['rules'].insert(n, rule)

    def test_changed_rows(self):
        fields = ['cell_1', 'cell_2', 'cell_3', 'transport', 'ports', 'protocol', 'security',
                  'source', 'destination', 'rule']
        for row in self.rows:
            if not row['rule']:
                continue
            for field in fields:
                kept = row[field]
                row[field] = 'other'
                self.assert_noticed(f"{row['row_id']} {field}")
                row[field] = kept

    def test_changed_readings(self):
        for n in range(len(READINGS)):
            less = READINGS[:n] + READINGS[n + 1:]
            self.assertTrue(differences(self.pack, self.rows, less), READINGS[n])
        more = READINGS + [('pic-sip-in', 'source', 'a', 'b', 'no reason')]
        self.assertTrue(differences(self.pack, self.rows, more))


if __name__ == '__main__':
    unittest.main()
