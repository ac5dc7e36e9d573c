#!/usr/bin/python3
"""A thousand decisions of several officers at once, to a real centre that is killed again and again in the middle; each
client sends again what was not acknowledged, under the same id. None is lost, none is there twice, the audit record is whole.

    crossing.py --tapal BINARY [--decisions 1000] [--kills 6] [--officers 4]

One line of JSON on standard output, progress on standard error; exit 0 only when everything held. Standard library only; no
model is needed; about two minutes.
"""
import argparse
import http.client
import json
import queue
import random
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from rig import Program, say, wait

NEW_PASSWORD = "perahu kecil di danau"
faults = []


def expect(holds, words):
    if not holds:
        faults.append(words)
        say(f"FAULT {words}")


class Refused(Exception):
    """The centre answered, and it was no success."""

    def __init__(self, status, text):
        super().__init__(f"{status} {text[:200]}")
        self.status, self.text = status, text


class Person:
    """A signed-in person; the certificate is the centre's own."""

    def __init__(self, port, username, password):
        self.port, self.headers = port, {}
        reply, headers = self.ask("POST", "/api/v1/session", {"username": username, "password": password}, whole=True)
        self.headers = {"cookie": headers["set-cookie"].split(";")[0], "x-csrf-token": reply["csrf"]}
        if reply["must_change"]:
            self.ask("PUT", "/api/v1/session/password", {"old": password, "new": NEW_PASSWORD})
            self.__init__(port, username, NEW_PASSWORD)

    def ask(self, method, path, body=None, whole=False):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        link = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=20)
        try:
            sent = None if body is None else json.dumps(body)
            link.request(method, path, sent, {**self.headers, "content-type": "application/json"})
            reply = link.getresponse()
            text = reply.read()
            if reply.status >= 300:
                raise Refused(reply.status, text.decode(errors="replace"))
            given = json.loads(text) if text else None
            return (given, reply.headers, reply.status) if whole == "status" else (given, reply.headers) if whole else given
        finally:
            link.close()


def uuid7(rng):
    """Made by the client, as a desk does: the time, and chance."""
    bits = (int(time.time() * 1000) << 80) | (7 << 76) | (rng.getrandbits(12) << 64) | (2 << 62) | rng.getrandbits(62)
    text = f"{bits:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def letters(n):
    """No digits in names."""
    return chr(65 + n // 676 % 26) + chr(65 + n // 26 % 26) + chr(65 + n % 26)


def decision(n, lanes, rng):
    state, way = [("IDN", "arrival"), ("IDN", "departure"), ("MYS", "arrival"), ("SGP", "departure")][n % 4]
    document = {"issuing_state": state, "nationality": state, "number": f"X{n:07}", "surname": f"CONTOH {letters(n)}", "given_names": "INVENTED",
                "birth_date": "1991-05-06", "sex": "F", "expiry": "2035-01-01"}
    return {"id": uuid7(rng), "lane": lanes[way], "outcome": "entered" if way == "arrival" else "departed", "document": document}


class Officer(threading.Thread):
    """Takes decisions and sends each until the centre says it has it."""

    def __init__(self, person, work, tally):
        super().__init__(daemon=True)
        self.person, self.work, self.tally, self.failed = person, work, tally, None

    def run(self):
        try:
            while True:
                try:
                    body = self.work.get_nowait()
                except queue.Empty:
                    return
                self.send(body)
        except Exception as error:  # told by the main thread
            self.failed = repr(error)

    def send(self, body):
        for tries in range(600):
            try:
                _, _, status = self.person.ask("POST", "/api/v1/crossings", body, whole="status")
                self.tally.done(tries, status == 200)
                return
            except Refused as refused:
                if refused.status not in (429, 500, 502, 503):
                    raise
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        raise AssertionError("a decision was not taken within a minute")


class Tally:
    def __init__(self):
        self.lock, self.acknowledged, self.sent_again, self.there_already = threading.Lock(), 0, 0, 0

    def done(self, tries, again):
        with self.lock:
            self.acknowledged += 1
            self.sent_again += tries > 0
            self.there_already += again


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tapal", required=True)
    parser.add_argument("--decisions", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--officers", type=int, default=4)
    asked = parser.parse_args()
    tapal, out = str(Path(asked.tapal).resolve()), {"decisions": asked.decisions, "officers": asked.officers, "kills": 0}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        run = lambda *more: subprocess.run([tapal, "--data", str(data), *more], capture_output=True, text=True, check=True).stdout
        roles = {"policy": "policy_admin", "auditor": "auditor"} | {f"officer{n}": "counter_officer" for n in range(asked.officers)}
        passwords = {name: run("admin", "account", "add", name, "--role", role).strip().splitlines()[-1] for name, role in roles.items()}
        centre = Program("centre", [tapal, "--data", str(data), "serve", "--listen", f"127.0.0.1:{port}"], folder)
        listens = lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0

        def start():
            centre.start()
            wait("the centre listens", 60, listens, 0.05)

        try:
            start()
            people = {name: Person(port, name, password) for name, password in passwords.items()}
            walk(centre, start, people, data, asked, out)
            status, _ = centre.stop()
            expect(status == 0, f"the centre ended with {status}")
            audit = json.loads(run("admin", "audit", "verify", "--json"))
            expect(audit["fault"] is None, f"the audit record: {audit['fault']}")
            out["audit_rows"] = audit["rows"]
        finally:
            Program.end_all()
    out["faults"] = faults
    print(json.dumps(out))
    sys.exit(1 if faults else 0)


def walk(centre, start, people, data, asked, out):
    rng = random.Random(7)
    site = people["policy"].ask("POST", "/api/v1/sites", {"name": "Contoh", "kind": "checkpoint", "utc_offset_minutes": 420})["id"]
    lane = lambda name, way: next(one["id"] for one in people["policy"].ask(
        "POST", f"/api/v1/sites/{site}/lanes", {"name": name, "direction": way, "desk": None})["lanes"] if one["name"] == name)
    lanes = {"arrival": lane("In", "arrival"), "departure": lane("Out", "departure")}
    all_of_them = [decision(n, lanes, rng) for n in range(asked.decisions)]
    work, tally = queue.Queue(), Tally()
    for body in all_of_them:
        work.put(body)
    officers = [Officer(people[f"officer{n}"], work, tally) for n in range(asked.officers)]
    began = time.monotonic()
    for officer in officers:
        officer.start()
    for kill in range(asked.kills):
        at = asked.decisions * (kill + 1) // (asked.kills + 1)
        alive = lambda: tally.acknowledged >= at or any(one.failed for one in officers)
        wait(f"{at} decisions are acknowledged", 600, alive, 0.005)
        time.sleep(rng.random() * 0.03)
        centre.kill()
        out["kills"] += 1
        say(f"killed after {tally.acknowledged} acknowledged")
        start()
    for officer in officers:
        officer.join(600)
        expect(officer.failed is None and not officer.is_alive(), f"an officer: {officer.failed or 'does not end'}")
    out["seconds"] = round(time.monotonic() - began, 1)
    out |= {"acknowledged": tally.acknowledged, "sent_again": tally.sent_again, "there_already": tally.there_already}
    expect(tally.acknowledged == asked.decisions, f"{tally.acknowledged} acknowledged")
    expect(out["sent_again"] > 0, "no kill met a decision under way: kill more often")
    compare(people, data, all_of_them, out)


def compare(people, data, all_of_them, out):
    """The ledger, the audit record and the figures against what was sent."""
    sent = {body["id"]: body["outcome"] for body in all_of_them}
    db = sqlite3.connect(f"file:{data / 'tapal.db'}?mode=ro", uri=True, timeout=5)
    rows = db.execute("SELECT id, seq, outcome FROM crossing").fetchall()
    audited = [row[0].split(":")[1] for row in db.execute("SELECT subject FROM audit WHERE action = 'crossing.recorded'")]
    db.close()
    out["recorded"] = len(rows)
    expect({row[0]: row[2] for row in rows} == sent and len(rows) == len(sent), f"{len(rows)} records of {len(sent)} decisions")
    expect(sorted(row[1] for row in rows) == list(range(1, len(rows) + 1)), "the places of the ledger have a gap")
    expect(sorted(audited) == sorted(sent), f"{len(audited)} audit rows of {len(sent)} decisions")
    # Once more, by the one who decided: the same answer, nothing new.
    officer = people["officer0"]
    me = officer.ask("GET", "/api/v1/session")["account"]
    own = [body for body in all_of_them if officer.ask("GET", f"/api/v1/crossings/{body['id']}")["crossing"]["officer"] == me]
    again = [officer.ask("POST", "/api/v1/crossings", body, whole="status") for body in own]
    expect(own and all(status == 200 and reply["again"] for reply, _, status in again), "a resend was recorded")
    out["resent_at_the_end"] = len(again)
    figures = people["auditor"].ask("GET", "/api/v1/statistics")["figures"]
    figures = {one["figure"]: one["n"] for one in figures}
    expect(figures["entries"] + figures["departures"] == figures["crossings"] == len(sent), f"figures: {figures}")


if __name__ == "__main__":
    main()
