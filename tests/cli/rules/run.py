#!/usr/bin/env python3
"""Runs the cases of this folder: run.py PCAUDIT [--update].

A case is NAME.case: the arguments after "$ pcaudit ", the exit code after "exit ", perhaps
"tty COLUMNS" for standard output on a terminal, then "--- out" and "--- err" with the whole text
expected. Files a case names lie beside it. --update writes what came out; read the difference.
"""
import fcntl, os, pathlib, pty, shlex, struct, subprocess, sys, termios

HERE = pathlib.Path(__file__).resolve().parent


def parse(path):
    case = {"tty": 0, "out": "", "err": "", "exit": 0, "args": ""}
    part = None
    for line in path.read_text().splitlines(keepends=True):
        if line in ("--- out\n", "--- err\n"):
            part = line[4:7]
        elif part:
            case[part] += line
        elif line.startswith("$ pcaudit "):
            case["args"] = line[10:].strip()
        else:
            key, value = line.split()
            case[key] = int(value)
    return case


def read_all(fd):
    """A terminal's master side ends with an error when the last writer is gone."""
    text = b""
    try:
        while part := os.read(fd, 65536):
            text += part
    except OSError:
        pass
    return text.decode()


def run(program, case):
    command = [program] + shlex.split(case["args"])
    env = dict(os.environ, PCAUDIT_RULES=str(HERE), NO_COLOR="1" if not case["tty"] else "")
    if not case["tty"]:
        done = subprocess.run(command, cwd=HERE, env=env, capture_output=True, text=True)
        return done.stdout, done.stderr, done.returncode
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, case["tty"], 0, 0))
    child = subprocess.Popen(command, cwd=HERE, env=env, stdout=slave, stderr=subprocess.PIPE,
                             text=True)
    os.close(slave)
    out = read_all(master).replace("\r\n", "\n")
    os.close(master)
    err = child.stderr.read()
    return out, err, child.wait()


def write(path, case, out, err, code):
    if any(text and not text.endswith("\n") for text in (out, err)):
        sys.exit(f"{path.name}: the output does not end with a newline")
    tty = f"tty {case['tty']}\n" if case["tty"] else ""
    path.write_text(f"$ pcaudit {case['args']}\nexit {code}\n{tty}--- out\n{out}--- err\n{err}")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    update = "--update" in sys.argv
    bad = 0
    cases = sorted(HERE.glob("*.case"))
    for path in cases:
        case = parse(path)
        out, err, code = run(program, case)
        if update:
            write(path, case, out, err, code)
        elif (out, err, code) != (case["out"], case["err"], case["exit"]):
            bad += 1
            print(f"{path.name}: expected exit {case['exit']}, got {code}")
            print(f"--- out\n{out}--- err\n{err}")
    print(f"{len(cases)} cases, {bad} bad")
    return 1 if bad or not cases else 0


sys.exit(main())
