#!/usr/bin/env python3
"""Fills @FACTS@ of a page with what the program says of its facts: facts.py PCAUDIT IN > OUT."""
import json
import pathlib
import re
import subprocess
import sys


def escape(text):
    return re.sub(r'([\\*_])', r'\\\1', text)


def section(catalogue):
    facts = catalogue['facts'] + [fact for detector in catalogue['detectors'] for fact in detector['facts']]
    return '\n'.join(f"*{escape(fact['name'])}*, {fact['type']}{' list' if fact['list'] else ''}\n"
                     f"\t{escape(fact['help'][:1].upper() + fact['help'][1:].rstrip('.'))}.\n" for fact in facts)


def fill(pcaudit, page):
    told = subprocess.run([pcaudit, 'facts', '-f', 'json'], capture_output=True, check=True).stdout
    return page.replace('@FACTS@\n', section(json.loads(told)))


if __name__ == '__main__':
    sys.stdout.write(fill(sys.argv[1], pathlib.Path(sys.argv[2]).read_text()))
