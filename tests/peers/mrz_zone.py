#!/usr/bin/python3
"""Machine readable zones against the PyPI package `mrz`, in one run: each character of the TD3, TD1 and TD2 specimens of
ICAO Doc 9303 is replaced by every other sign, and both say whether the result is valid.

    mrz_zone.py --tapal BINARY

Needs the package `mrz`. One line of JSON: how many mutations each accepts, by the line they are in; and how many Tapal
accepts that change a character under a check digit whose sum changes, which must be none.
"""
import argparse
import json
import subprocess
import sys

from mrz.checker.td1 import TD1CodeChecker
from mrz.checker.td2 import TD2CodeChecker
from mrz.checker.td3 import TD3CodeChecker

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"
SPECIMENS = {
    "TD3": (TD3CodeChecker, ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]),
    "TD2": (TD2CodeChecker, ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"]),
    "TD1": (TD1CodeChecker, ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]),
}


def peer(checker, lines):
    try:
        return bool(checker("\n".join(lines)))
    except Exception:  # noqa: BLE001 - whatever it raises, it did not accept
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tapal", required=True)
    asked = parser.parse_args()
    out = {}
    for name, (checker, lines) in SPECIMENS.items():
        made = []
        for row, line in enumerate(lines):
            for at, old in enumerate(line):
                for sign in SIGNS:
                    if sign != old:
                        made.append((row, lines[:row] + [line[:at] + sign + line[at + 1:]] + lines[row + 1:]))
        text = "\n\n".join("\n".join(changed) for _, changed in made)
        done = subprocess.run([asked.tapal, "mrz", "parse", "--json", "--on", "2026-11-28"], input=text, capture_output=True, text=True, check=True)
        ours = [json.loads(line) for line in done.stdout.splitlines()]
        if len(ours) != len(made):
            sys.exit(f"{name}: {len(made)} documents asked, {len(ours)} answered")
        for row in range(len(lines)):
            mine = [index for index, (where, _) in enumerate(made) if where == row]
            out[f"{name} line {row + 1}"] = {
                "mutations": len(mine),
                "tapal": sum(ours[index]["valid"] for index in mine),
                "mrz": sum(peer(checker, made[index][1]) for index in mine),
                "tapal_only": sum(ours[index]["valid"] and not peer(checker, made[index][1]) for index in mine),
            }
        out[f"{name} accepted with a wrong digit"] = sum(one["valid"] and not all(check["good"] for check in one["checks"]) for one in ours)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
