"""Reads the files under rules/ as the program does.

YAML without its surprises: dates and yes/no stay text, and duplicate keys, anchors, aliases and
tags are errors.
"""
import csv
import json
import pathlib
import re

import yaml

RULES = pathlib.Path(__file__).resolve().parents[2] / 'rules'
PACKS = ['lync-server-2013', 'lync-server-2013-companions']


class Loader(yaml.SafeLoader):
    def compose_node(self, parent, index):
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, 'anchor', None):
            raise yaml.YAMLError(f'anchor or alias at {event.start_mark}')
        if getattr(event, 'tag', None):
            raise yaml.YAMLError(f'tag at {event.start_mark}')
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.YAMLError(f'duplicate key {key.value} at {key.start_mark}')
            seen.add(key.value)
        return {str(k): v for k, v in super().construct_mapping(node, deep).items()}


Loader.yaml_implicit_resolvers = {}
Loader.add_implicit_resolver('tag:yaml.org,2002:bool', re.compile(r'^(true|false)$'), list('tf'))
Loader.add_implicit_resolver('tag:yaml.org,2002:int', re.compile(r'^(0|[1-9][0-9]*)$'),
                             list('0123456789'))


def load(text):
    return yaml.load(text, Loader)


def read(name):
    return load((RULES / name).read_text(encoding='utf-8'))


def pack(name='lync-server-2013'):
    return read(name + '.yaml')


def schema(kind):
    return json.loads((RULES / f'{kind}.schema.json').read_text(encoding='utf-8'))


def rows():
    with open(RULES / 'rows.csv', encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))
