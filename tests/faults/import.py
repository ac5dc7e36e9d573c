#!/usr/bin/python3
"""A file of 100,000 orders with 1,000 broken ones, handed to a real centre: every good row comes in, every bad one is
explained, the same file again changes nothing, the memory stays flat, and a kill in the middle doubles nothing.

    import.py --tapal BINARY [--rows 100000] [--broken 1000] [--approve]

One line of JSON on standard output, progress on standard error; exit 0 only when everything held. Peak memory is the
high-water mark of the process as the kernel counts it (VmHWM), before the file and at the end. Standard library only; no
model is needed. `--approve` also approves all orders, which takes an order at a time.
"""
import argparse
import http.client
import json
import random
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from rig import Program, say, wait

HEADINGS = "Nomor,Nama Lengkap,Jenis Kelamin,Tanggal Lahir,Tempat Lahir,Kewarganegaraan,Berlaku sampai,Jenis"
TODAY = date.today() - timedelta(days=1)
LAST = TODAY + timedelta(days=60)
KINDS = {
    "gap_name": lambda key: f"{key},,L,1980,Kota,ID,{LAST},",
    "bad_sex": lambda key: f"{key},Contoh,?,1980,Kota,ID,{LAST},",
    "bad_birth_date": lambda key: f"{key},Contoh,L,31/02/1980,Kota,ID,{LAST},",
    "bad_nationality": lambda key: f"{key},Contoh,L,1980,Kota,Atlantis,{LAST},",
    "bad_date": lambda key: f"{key},Contoh,L,1980,Kota,ID,soon,",
    "period_empty": lambda key: f"{key},Contoh,L,1980,Kota,ID,{TODAY - timedelta(days=30)},",
    "unknown_kind": lambda key: f"{key},Contoh,L,1980,Kota,ID,{LAST},ban",
    "entry_ban_on_citizen": lambda key: f"{key},Contoh,L,1980,Kota,ID,{LAST},tangkal",
    "gap_too_long": lambda key: f"{key},Contoh,L,1980,Kota,ID,2099-01-01,",
    "wrong_cells": lambda key: f"{key},Contoh",
    "not_utf8": lambda key: f"{key},Jos\udce9,L,1980,Kota,ID,{LAST},",
    "twice": None,
}
faults = []


def expect(holds, words):
    if not holds:
        faults.append(words)
        say(f"FAULT {words}")


def make(path, rows, broken, seed):
    """A file with `broken` bad rows at random places among all `rows`; how many of each kind."""
    rng, made = random.Random(seed), Counter()
    bad = set(rng.sample(range(1, rows), broken))
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(HEADINGS + "\n")
        first = None
        for n in range(rows):
            if n in bad:
                kind = list(KINDS)[len(made) % len(KINDS)] if len(made) < len(KINDS) else rng.choice(list(KINDS))
                made[kind] += 1
                line = f"{first},Contoh lagi,L,1980,Kota,ID,{LAST}," if kind == "twice" else KINDS[kind](f"B-{n}")
            else:
                first = first or f"R-{n}"
                day = f"{rng.randint(1, 28):02}/{rng.randint(1, 12):02}/{rng.randint(1940, 2000)}"
                line = f"R-{n},Contoh {rng.randrange(10**6)} {rng.randrange(10**6)},{rng.choice('LP')},{day},Kota Contoh,ID,{LAST},"
            file.write(line + "\n")
    return made


class Person:
    """A signed-in person; the certificate is the centre's own."""

    def __init__(self, port, username, password):
        self.port, self.headers = port, {}
        reply, headers = self.ask("POST", "/api/v1/session", {"username": username, "password": password}, whole=True)
        self.headers = {"cookie": headers["set-cookie"].split(";")[0], "x-csrf-token": reply["csrf"]}
        if reply["must_change"]:
            new = "perahu kecil di danau"
            reply = self.ask("PUT", "/api/v1/session/password", {"old": password, "new": new})
            self.__init__(port, username, new)

    def ask(self, method, path, body=None, whole=False, kind="application/json"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        link = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=600)
        try:
            sent = body if body is None or kind != "application/json" else json.dumps(body)
            length = {"content-length": str(sum(len(p) for p in body))} if isinstance(body, list) else {}
            link.request(method, path, sent, {**self.headers, "content-type": kind, **length})
            reply = link.getresponse()
            text = reply.read()
            assert reply.status < 300, f"{method} {path}: {reply.status} {text[:300]!r}"
            given = json.loads(text) if "json" in reply.headers.get("content-type", "") else text
            return (given, reply.headers) if whole else given
        finally:
            link.close()

    def upload(self, path, setup):
        edge = "tapal-import"
        part = lambda name, text: f'--{edge}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        head = part("agency", "police") + part("format", "csv") + part("setup", json.dumps(setup))
        head += f'--{edge}\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'.encode()
        body = [head, Path(path).read_bytes(), f"\r\n--{edge}--\r\n".encode()]
        return self.ask("POST", "/api/v1/imports", body, kind=f"multipart/form-data; boundary={edge}")


def memory(process):
    """High-water mark of the process, bytes."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


def until(person, import_, phase, seen=None):
    """Waits until an import has left `phase`; seconds, and the import."""
    began = time.monotonic()
    while True:
        now = person.ask("GET", f"/api/v1/imports/{import_}")
        if now["phase"] != phase or now["problem"]:
            return time.monotonic() - began, now
        if seen is not None:
            seen.add(now["done"])
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tapal", required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--broken", type=int, default=1_000)
    parser.add_argument("--approve", action="store_true")
    asked = parser.parse_args()
    tapal, out = str(Path(asked.tapal).resolve()), {"rows": asked.rows, "broken": asked.broken}
    with tempfile.TemporaryDirectory() as folder:
        data, file = Path(folder) / "data", Path(folder) / "orders.csv"
        made = make(file, asked.rows, asked.broken, 7)
        out["bytes"], out["kinds"] = file.stat().st_size, len(made)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        run = lambda *more: subprocess.run([tapal, "--data", str(data), *more], capture_output=True, text=True, check=True).stdout
        passwords = {name: run("admin", "account", "add", name, "--role", role).strip().splitlines()[-1]
                     for name, role in (("clerk", "watchlist_clerk"), ("approver", "watchlist_approver"))}
        centre = Program("centre", [tapal, "--data", str(data), "serve", "--listen", f"127.0.0.1:{port}"], folder)
        listens = lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0

        def start():
            centre.start()
            wait("the centre listens", 60, listens, 0.1)

        try:
            start()
            people = {name: Person(port, name, password) for name, password in passwords.items()}
            walk(centre, start, people, file, made, asked, out)
            status, _ = centre.stop()
            expect(status == 0, f"the centre ended with {status}")
            audit = json.loads(run("admin", "audit", "verify", "--json"))
            expect(audit["fault"] is None, f"the audit record: {audit['fault']}")
        finally:
            Program.end_all()
    out["faults"] = faults
    print(json.dumps(out))
    sys.exit(1 if faults else 0)


def walk(centre, start, people, file, made, asked, out):
    clerk, approver = people["clerk"], people["approver"]
    columns = dict(zip(["reference", "full_name", "sex", "birth_date", "birth_place", "nationality", "last_day", "kind"], range(1, 9)))
    given = {"kind": "lost_document", "form": "request", "reason": "reported_lost", "reason_text": "Invented.",
             "ordered_on": str(TODAY), "first_day": str(TODAY)}
    setup, good = {"columns": columns, "given": given}, asked.rows - asked.broken
    before, seen = memory(centre), set()
    out["memory_before_mb"] = round(before / 1e6, 1)
    first = clerk.upload(file, setup)["id"]
    out["read_s"], now = until(clerk, first, "reading", seen)
    out["progress_seen"] = len(seen)
    expect(now["phase"] == "preview", f"after reading: {now['phase']} {now['problem']}")
    expect(now["counts"]["rows"] == {"new": good, "broken": asked.broken}, f"rows: {now['counts']['rows']}")
    expect(Counter(now["counts"]["faults"]) == made, f"faults: {now['counts']['faults']} not {dict(made)}")
    report = clerk.ask("GET", f"/api/v1/imports/{first}/report")
    explained = {line.split(b",")[0] for line in report.splitlines()[1:]}
    expect(len(explained) == asked.broken, f"the report explains {len(explained)} rows")
    # Killed in the middle of recording: it goes on by itself.
    clerk.ask("POST", f"/api/v1/imports/{first}/application", {})
    began = time.monotonic()
    wait("half of the orders are recorded", 900, lambda: clerk.ask("GET", f"/api/v1/imports/{first}")["done"] * 2 > good, 0.2)
    peak = memory(centre)
    centre.kill()
    start()
    _, now = until(clerk, first, "applying", seen)
    out["record_s"] = time.monotonic() - began
    expect(now["counts"]["orders"] == {"submitted": good}, f"orders: {now['counts']['orders']}")
    # The same file again.
    again = clerk.upload(file, setup)["id"]
    out["again_read_s"], now = until(clerk, again, "reading", seen)
    expect(now["counts"]["rows"] == {"unchanged": good, "broken": asked.broken}, f"again: {now['counts']['rows']}")
    clerk.ask("POST", f"/api/v1/imports/{again}/application", {})
    _, now = until(clerk, again, "applying", seen)
    expect(now["counts"]["orders"] == {}, f"orders made again: {now['counts']['orders']}")
    if asked.approve:
        approver.ask("POST", f"/api/v1/imports/{first}/decision", {"decision": "approve"})
        out["approve_s"], now = until(approver, first, "approving", seen)
        expect(now["counts"]["orders"] == {"approved": good}, f"approved: {now['counts']['orders']}")
    peak = max(peak, memory(centre))
    out["memory_peak_mb"] = round(peak / 1e6, 1)
    for key in [key for key in out if key.endswith("_s")]:
        out[key] = round(out[key], 1)
    expect(peak - before < 100e6, f"memory grew by {(peak - before) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
