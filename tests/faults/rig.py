"""Hands for the fault tests: a seeded data folder, the centre and camera nodes as real processes, and three sources
of truth to compare: a node's log, its spool folder, the centre's database (read-only). Ends only what it started.
Standard library only; Linux only (inotify, /proc)."""
import ctypes
import glob
import json
import os
import re
import select
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from pathlib import Path

RAISED = re.compile(r"alert raised alert=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
APPEARS, BEGINS = 0x80, 0x100  # inotify: moved to, created


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def now_ms():
    return int(time.time() * 1000)


def wait(what, most_s, holds, every_s=0.02):
    """Seconds until `holds()` gives something true, and what it gave."""
    began = time.monotonic()
    while True:
        got = holds()
        if got:
            return time.monotonic() - began, got
        if time.monotonic() - began > most_s:
            raise AssertionError(f"not within {most_s} s: {what}")
        time.sleep(every_s)


def children(pid, name="ffmpeg"):
    """Children of `pid` with this program name, with their start time: a number alone may be given again."""
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            text = Path(stat).read_text()
        except OSError:
            continue
        program, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
        if program == name and int(rest[1]) == pid and rest[0] != "Z":
            found.append((int(text.split(" ", 1)[0]), rest[19]))
    return found


def lives(process):
    pid, started = process
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    rest = text[text.rindex(")") + 2:].split()
    return rest[0] != "Z" and rest[19] == started


def written(process):
    """Bytes a process has written; a decoder that delivers pictures writes megabytes."""
    try:
        return int(re.search(r"wchar: (\d+)", Path(f"/proc/{process[0]}/io").read_text())[1])
    except (OSError, TypeError):
        return 0


class Spool:
    """The spool folder of a node, and its news within a fraction of a millisecond."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def ids(self):
        return {path.stem for path in self.folder.glob("*.alert")}

    def refused(self):
        return {path.stem for path in (self.folder / "refused").glob("*")}

    def news(self, mask, most_s):
        """Waits for a file to appear whole (APPEARS) or to be begun (BEGINS); gives its id, or None."""
        watch = self.libc.inotify_init1(os.O_CLOEXEC)
        try:
            assert self.libc.inotify_add_watch(watch, os.fsencode(self.folder), mask) >= 0, "inotify"
            if not select.select([watch], [], [], most_s)[0]:
                return None
            name = os.read(watch, 4096)[struct.calcsize("iIII"):].split(b"\0", 1)[0]
            return name.decode().split(".")[0]
        finally:
            os.close(watch)


class Program:
    """One tapal process that can be started again; its error stream goes to one log."""

    running = []

    def __init__(self, name, command, folder):
        self.name, self.command, self.log, self.child = name, command, Path(folder) / f"{name}.log", None
        Program.running.append(self)

    def start(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        self.started = time.monotonic()

    @property
    def pid(self):
        return self.child.pid

    def kill(self):
        """SIGKILL: no chance to tidy up."""
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, how=signal.SIGTERM, most_s=15):
        """Asks it to end; gives the exit status and how long it took."""
        began = time.monotonic()
        self.child.send_signal(how)
        return self.child.wait(most_s), time.monotonic() - began

    def text(self):
        return ANSI.sub("", self.log.read_text(errors="replace")) if self.log.exists() else ""

    @classmethod
    def end_all(cls):
        for program in cls.running:
            if program.child and program.child.poll() is None:
                program.kill()


class Node(Program):
    """A camera node, its spool and its own account of the alerts it raised."""

    def __init__(self, rig, n):
        data = rig.data / f"edge-{n}"
        arguments = ["--data", data, "edge", "--models", rig.data / "models", "--pack", rig.pack, "--ort-library", rig.data, "--threads", "2",
                     "--centre", f"https://localhost:{rig.port}", "--ca", rig.data / "certificate.pem"]
        super().__init__(f"edge-{n}", [rig.tapal, *map(str, arguments)], rig.data)
        self.spool = Spool(data / "spool")
        self.id = json.loads((data / "identity.json").read_text())["edge"]

    def raised(self):
        return RAISED.findall(self.text())


class Rig:
    """A data folder with three sites, a centre and some of their nodes."""

    def __init__(self, tapal, packs, pack, people, data, nodes):
        self.tapal, self.pack, self.data = str(Path(tapal).resolve()), pack, Path(data)
        self.data.mkdir(parents=True, exist_ok=True)
        packs = Path(packs).resolve()
        (self.data / "models").symlink_to(packs / "models" if (packs / "models").is_dir() else packs)
        for library in [*packs.glob("libonnxruntime.so*"), *packs.parent.glob("libonnxruntime.so*")][:1]:
            (self.data / library.name).symlink_to(library)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.seed(people)
        serve = [self.tapal, "--data", str(self.data), "serve", "--listen", f"127.0.0.1:{self.port}", "--pack", pack]
        self.centre = Program("centre", serve, self.data)
        self.nodes = [Node(self, n + 1) for n in range(nodes)]

    def seed(self, people):
        """The demonstration makes sites, people and enrolled nodes; then it is stopped. Recordings it finds in the data
        folder are taken as they are: without its minute of quiet after each, people pass every few seconds."""
        (self.data / "clips").symlink_to(Path(people) / "clips")
        command = [self.tapal, "--data", str(self.data), "demo", "--port", str(self.port), "--people", str(people), "--pack", self.pack]
        demo = Program("demo", command, self.data)
        demo.start()
        ready = lambda: demo.child.poll() is not None or all((self.data / f"edge-{n}" / "config.sealed").exists() for n in (1, 2, 3))
        took, _ = wait("the demonstration is seeded", 180, ready, 0.2)
        assert demo.child.poll() is None, f"the demonstration ended: {demo.text()[-800:]}"
        status, _ = demo.stop(signal.SIGINT)
        assert status == 0, f"the demonstration ended with {status}"
        say(f"seeded in {took:.0f} s")

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def rows(self, sql, *values):
        """A query on the centre's database as another process sees it; each time anew, since the centre gets killed."""
        for tries in range(20):
            try:
                db = sqlite3.connect(f"file:{self.data / 'tapal.db'}?mode=ro", uri=True, timeout=5)
                try:
                    return db.execute(sql, values).fetchall()
                finally:
                    db.close()
            except sqlite3.OperationalError as error:
                if tries == 19:
                    raise AssertionError(f"the database cannot be read: {error}") from error
                time.sleep(0.05)

    def recorded(self, node=None):
        """Ids of recorded alerts."""
        return {row[0] for row in self.rows("SELECT id FROM alert WHERE ?1 IS NULL OR edge = ?1", node and node.id)}

    def records_one_of_the_spool(self, most_s):
        """Returns the moment the database shows an alert that still lies in a spool."""
        db = sqlite3.connect(f"file:{self.data / 'tapal.db'}?mode=ro", uri=True, timeout=5)
        ends = time.monotonic() + most_s
        try:
            while time.monotonic() < ends:
                if any(db.execute("SELECT 1 FROM alert WHERE id = ?", (alert,)).fetchone() for alert in self.spooled()):
                    return
        finally:
            db.close()

    def frames_after(self, node, instant_ms):
        """Whether the centre was told of a frame of every camera of a node after an instant."""
        rows = self.rows("SELECT health FROM camera_health WHERE edge = ?", node.id)
        seen = [json.loads(row[0]).get("last_frame_at") or 0 for row in rows]
        return bool(seen) and min(seen) > instant_ms

    def spooled(self):
        return set().union(*(node.spool.ids() for node in self.nodes))

    def verify(self):
        """`tapal admin audit verify --json`."""
        done = subprocess.run([self.tapal, "--data", str(self.data), "admin", "audit", "verify", "--json"], capture_output=True, text=True, timeout=120)
        return done.returncode, json.loads(done.stdout or "{}")
