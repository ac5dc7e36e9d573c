#!/usr/bin/python3
"""A thousand decisions of several officers at a checkpoint whose real standby server stands before a real centre, while the
centre is killed, is frozen, and the standby server itself is killed, again and again. Each client sends again what was not
acknowledged, under the same id. In the end the centre has every decision once; both audit records are whole.

    standby.py --tapal BINARY [--decisions 1000] [--rounds 3] [--officers 4]

One line of JSON on standard output, progress on standard error; exit 0 only when everything held. Standard library only; no
model is needed; a few minutes.
"""
import argparse
import http.client
import json
import os
import queue
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crossing import NEW_PASSWORD, Officer, Person, Refused, Tally, decision, expect, faults
from rig import Program, say, wait

SITE_NAME = "Contoh"


class Stubborn(Officer):
    """Signs in again where a session is not known: each of the two servers knows those it began, and the copies."""

    def __init__(self, port, username, work, tally):
        super().__init__(None, work, tally)
        self.port, self.username, self.signed_in, self.by = port, username, 0, {}

    def send(self, body):
        for tries in range(1_200):
            try:
                if self.person is None:
                    self.person = Person(self.port, self.username, NEW_PASSWORD)
                    self.signed_in += 1
                _, headers, status = self.person.ask("POST", "/api/v1/crossings", body, whole="status")
                by = headers["tapal-answered"]
                self.by[by] = self.by.get(by, 0) + 1
                self.tally.done(tries, status == 200)
                return
            except Refused as refused:
                if refused.status in (401, 403):
                    self.person = None
                elif refused.status not in (429, 500, 502, 503, 504):
                    raise
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise AssertionError("a decision was not taken in time")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tapal", required=True)
    parser.add_argument("--decisions", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--officers", type=int, default=4)
    asked = parser.parse_args()
    tapal, out = str(Path(asked.tapal).resolve()), {"decisions": asked.decisions, "officers": asked.officers}
    with tempfile.TemporaryDirectory() as folder:
        place = Place(tapal, Path(folder))
        try:
            place.set_up(asked)
            walk(place, asked, out)
            compare(place, out)
        finally:
            Program.end_all()
    out["faults"] = faults
    print(json.dumps(out))
    sys.exit(1 if faults else 0)


class Place:
    """A centre, and the standby server of its one checkpoint."""

    def __init__(self, tapal, folder):
        self.tapal, self.folder = tapal, folder
        self.data, self.copy = folder / "centre", folder / "standby"
        self.port, self.front = free_port(), free_port()
        self.centre = Program("centre", [tapal, "--data", str(self.data), "serve", "--listen", f"127.0.0.1:{self.port}"], folder)
        self.standby = None

    def run(self, *more):
        return subprocess.run([self.tapal, "--data", str(self.data), *more], capture_output=True, text=True, check=True).stdout

    def account(self, name, role, *more):
        return self.run("admin", "account", "add", name, "--role", role, *more).strip().splitlines()[-1]

    def set_up(self, asked):
        boss = {name: self.account(name, role) for name, role in {"policy": "policy_admin", "admin": "system_admin"}.items()}
        self.start(self.centre, self.port)
        policy, admin = (Person(self.port, name, boss[name]) for name in ("policy", "admin"))
        site = policy.ask("POST", "/api/v1/sites", {"name": SITE_NAME, "kind": "checkpoint", "utc_offset_minutes": 420})["id"]
        lane = lambda name, way: next(one["id"] for one in policy.ask(
            "POST", f"/api/v1/sites/{site}/lanes", {"name": name, "direction": way, "desk": None})["lanes"] if one["name"] == name)
        self.lanes = {"arrival": lane("In", "arrival"), "departure": lane("Out", "departure")}
        for n in range(asked.officers):
            # The first sign-in chooses the password; that is done at the centre.
            Person(self.port, f"officer{n}", self.account(f"officer{n}", "counter_officer", "--site", SITE_NAME))
        self.sari = Person(self.port, "sari", self.account("sari", "supervisor", "--site", SITE_NAME))
        token = admin.ask("POST", "/api/v1/standbys", {"site": site, "name": "Hall"})["token"]
        command = [self.tapal, "--data", str(self.copy), "standby", "--centre", f"https://127.0.0.1:{self.port}",
                   "--ca", str(self.data / "certificate.pem"), "--listen", f"127.0.0.1:{self.front}"]
        os.environ["TAPAL_ENROL"] = token  # not on the command line: others could read it there
        self.standby = Program("standby", command, self.folder)
        self.start(self.standby, self.front)
        wait("the standby server is a copy", 60, lambda: self.health() and self.health()["mode"] == "centre", 0.1)

    def start(self, program, port):
        program.start()
        wait(f"{program.name} listens", 60, lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, 0.05)

    def health(self):
        try:
            return ask_plainly(self.front, "/healthz")["standby"]
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return None


def ask_plainly(port, path):
    asker = Person.__new__(Person)
    asker.port, asker.headers = port, {}
    return asker.ask("GET", path)


def walk(place, asked, out):
    rng = random.Random(11)
    place.all = [decision(n, place.lanes, rng) for n in range(asked.decisions)]
    work, tally = queue.Queue(), Tally()
    for body in place.all:
        work.put(body)
    officers = [Stubborn(place.front, f"officer{n}", work, tally) for n in range(asked.officers)]
    began = time.monotonic()
    for officer in officers:
        officer.start()
    troubles = ("centre killed", "standby killed", "centre frozen", "both killed") * asked.rounds
    for n, trouble in enumerate(troubles):
        at = asked.decisions * (n + 1) // (len(troubles) + 1)
        wait(f"{at} decisions are acknowledged", 600, lambda: tally.acknowledged >= at or any(one.failed for one in officers), 0.005)
        time.sleep(rng.random() * 0.03)
        say(f"{trouble} after {tally.acknowledged} acknowledged")
        happens(place, trouble, tally, asked.decisions // (3 * len(troubles)))
    for officer in officers:
        officer.join(600)
        expect(officer.failed is None and not officer.is_alive(), f"an officer: {officer.failed or 'does not end'}")
    out["troubles"], out["seconds"] = len(troubles), round(time.monotonic() - began, 1)
    out |= {"acknowledged": tally.acknowledged, "sent_again": tally.sent_again, "there_already": tally.there_already}
    out["answered_by"] = {by: sum(one.by.get(by, 0) for one in officers) for by in ("centre", "alone", "catching_up")}
    expect(tally.acknowledged == asked.decisions, f"{tally.acknowledged} acknowledged")
    expect(out["answered_by"]["centre"] > 0 and out["answered_by"]["alone"] > 0, "only one of the two was ever asked")
    wait("everything is handed in", 120, lambda: (place.health() or {"mode": ""})["mode"] == "centre" and place.health()["waiting"] == 0, 0.2)


def happens(place, trouble, tally, meanwhile):
    """The trouble, so many decisions without what is gone, and its end."""
    goal = tally.acknowledged + meanwhile
    go_on = lambda: wait("the desk goes on", 120, lambda: tally.acknowledged >= goal, 0.005)
    if trouble == "centre killed":
        place.centre.kill()
        go_on()
        place.start(place.centre, place.port)
    elif trouble == "standby killed":
        place.standby.kill()
        place.start(place.standby, place.front)
    elif trouble == "centre frozen":
        os.kill(place.centre.pid, signal.SIGSTOP)
        go_on()
        os.kill(place.centre.pid, signal.SIGCONT)
    else:
        place.centre.kill()
        go_on()
        place.standby.kill()
        place.start(place.standby, place.front)
        goal = tally.acknowledged + meanwhile
        wait("the desk goes on after its own restart", 120, lambda: tally.acknowledged >= goal, 0.005)
        place.start(place.centre, place.port)


def rows(data, sql):
    db = sqlite3.connect(f"file:{data / 'tapal.db'}?mode=ro", uri=True, timeout=5)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def compare(place, out):
    """The centre's ledger, its registry and both audit records against what was sent."""
    sent = {body["id"]: body["outcome"] for body in place.all}
    ledger = rows(place.data, "SELECT id, seq, outcome, document_mark FROM crossing")
    out["recorded"] = len(ledger)
    expect({row[0]: row[2] for row in ledger} == sent and len(ledger) == len(sent), f"{len(ledger)} records of {len(sent)} decisions")
    expect(sorted(row[1] for row in ledger) == list(range(1, len(ledger) + 1)), "the places of the ledger have a gap")
    audited = [row[0].split(":")[1] for row in rows(place.data, "SELECT subject FROM audit WHERE action = 'crossing.recorded'")]
    expect(sorted(audited) == sorted(sent), f"{len(audited)} audit rows of {len(sent)} decisions")
    twice = rows(place.data, "SELECT COUNT(*) FROM (SELECT mark FROM holder_document WHERE status = 'valid' GROUP BY mark HAVING COUNT(*) > 1)")
    expect(twice[0][0] == 0, f"{twice[0][0]} documents belong to two holders")
    out["holders"] = rows(place.data, "SELECT COUNT(*) FROM holder")[0][0]
    out["findings"] = {row[0]: row[1] for row in rows(place.data, "SELECT kind, COUNT(*) FROM standby_finding GROUP BY kind")}
    expect(set(out["findings"]) <= {"holder_known"}, f"findings: {out['findings']}")
    for program in (place.standby, place.centre):
        status, _ = program.stop()
        expect(status == 0, f"{program.name} ended with {status}")
    own = rows(place.copy, "SELECT seq, hash FROM audit ORDER BY seq")
    kept = rows(place.data, "SELECT seq, hash FROM standby_audit ORDER BY seq")
    out["audit_rows"] = {"standby": len(own), "handed in": len(kept)}
    expect(kept == own[: len(kept)] and len(own) - len(kept) <= 60, "the audit record handed in is not the one the standby server has")
    for data in (place.data, place.copy):
        verdict = subprocess.run([place.tapal, "--data", str(data), "admin", "audit", "verify", "--json"], capture_output=True, text=True)
        expect(verdict.returncode == 0 and json.loads(verdict.stdout)["fault"] is None, f"the audit record of {data.name}: {verdict.stdout}")


if __name__ == "__main__":
    main()
