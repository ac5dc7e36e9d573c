#!/usr/bin/python3
"""Node, decoder and centre are killed while people walk past; every alert must arrive once, and work goes on within 10 s.

    outage.py --tapal BINARY --models DIR [--minutes-down 5 | --quick]

DIR holds the installed packs (and ONNX Runtime's library beside them, if it is to be used). Figures: one line of JSON
on standard output, progress on standard error; exit 0 only when everything held. About 3 minutes with --quick.
"""
import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
import rig as hands  # noqa: E402
from rig import APPEARS, BEGINS, Program, Rig, children, lives, now_ms, say, wait, written  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
MOST_S = 10.0
ORPHAN_S = 5.0
faults = []


def expect(holds, words):
    if not holds:
        faults.append(words)
        say(f"FAULT {words}")
    return holds


def worst(values):
    return round(max(values), 2) if values else None


def settled(rig):
    """Everything running, frames flowing, nothing spooled."""
    for node in rig.nodes:
        since = now_ms()
        wait(f"{node.name} sees frames", 30, lambda: rig.frames_after(node, since))


def edge_killed(rig, quick):
    """1. The node is killed at any moment, with an alert just spooled, with one half written."""
    node, result = rig.nodes[0], {"kills": 0, "frames_s": [], "alert_s": [], "orphan_s": [], "left_in_spool": 0, "left_half_written": 0, "again_s": []}
    times = (1, 2, 1) if quick else (3, 6, 4)
    for kind in [kind for kind, n in zip(("any", "spooled", "writing"), times) for _ in range(n)]:
        settled(rig)
        before, decoders = rig.recorded(), children(node.pid)
        if kind == "any":
            time.sleep(random.uniform(0.5, 3))
        else:
            node.spool.news(APPEARS if kind == "spooled" else BEGINS, 30)
        node.kill()
        killed, killed_ms = time.monotonic(), now_ms()
        left, half = node.spool.ids(), list(node.spool.folder.glob("*.new"))
        result["left_in_spool"] += len(left)
        result["left_half_written"] += len(half)
        node.start()
        marks = {}

        def look():
            since = time.monotonic() - killed
            if "orphan" not in marks and not any(map(lives, decoders)):
                marks["orphan"] = since
            if "frames" not in marks and rig.frames_after(node, killed_ms):
                marks["frames"] = since
            fresh = rig.rows("SELECT captured_at FROM alert WHERE edge = ? AND captured_at > ?", node.id, killed_ms)
            if "alert" not in marks and fresh:
                marks["alert"] = since
            return len(marks) == 3

        try:
            wait("after a killed node: frames, an alert, no old decoder", 40, look, 0.05)
        except AssertionError as error:
            expect(False, f"{error}; seen {marks}")
        result["kills"] += 1
        result["frames_s"].append(marks.get("frames", 99))
        result["alert_s"].append(marks.get("alert", 99))
        result["orphan_s"].append(marks.get("orphan", 99))
        gone = left - rig.recorded() - node.spool.ids()
        expect(not gone, f"spooled when the node was killed and now nowhere: {gone}")
        # For the record: a node that was killed does not know whom it alerted a moment ago.
        again = rig.rows("SELECT (b.captured_at - a.captured_at) / 1000.0 FROM alert a JOIN alert b ON a.entry = b.entry AND a.edge = b.edge "
                         "WHERE a.edge = ?1 AND a.captured_at BETWEEN ?2 - 10000 AND ?2 AND b.captured_at BETWEEN ?2 AND a.captured_at + 8000", node.id, killed_ms)
        result["again_s"] += [row[0] for row in again]
        expect(marks.get("frames", 99) < MOST_S, f"frames {marks.get('frames')} s after the node was killed")
        expect(marks.get("orphan", 99) < ORPHAN_S, f"a decoder lived on for {marks.get('orphan')} s")
        say(f"node killed ({kind}): frames {marks.get('frames', 99):.1f} s, alert {marks.get('alert', 99):.1f} s, decoder gone {marks.get('orphan', 99):.1f} s")
    return {**{k: worst(v) if k.endswith("_s") and k != "again_s" else v for k, v in result.items()}, "again_s": len(result["again_s"])}


def decoder_killed(rig, quick):
    """2. ffmpeg is killed just after an alert: the clip begins anew, the same person within 10 s is the same decision."""
    node, first, told, doubled = rig.nodes[0], [], [], 0
    for _ in range(1 if quick else 4):
        settled(rig)
        time.sleep(random.uniform(8, 12))  # a source that ran a while starts again without a longer wait
        node.spool.news(APPEARS, 30)
        time.sleep(0.3)
        decoder = children(node.pid)[0]
        began, began_ms = time.monotonic(), now_ms()
        hands.os.kill(decoder[0], signal.SIGKILL)
        took, _ = wait("a new decoder delivers", 20, lambda: any(written(d) > 4_000_000 for d in children(node.pid) if d != decoder))
        first.append(took)
        took, _ = wait("the centre knows of new frames", 20, lambda: rig.frames_after(node, began_ms + 200))
        told.append(time.monotonic() - began)
        time.sleep(5)
        doubled += len(rig.rows("SELECT 1 FROM alert a JOIN alert b ON a.entry = b.entry AND a.edge = b.edge AND a.id < b.id WHERE a.edge = ?1 "
                                "AND a.captured_at BETWEEN ?2 - 2000 AND ?2 AND b.captured_at BETWEEN ?2 AND ?2 + 8000", node.id, began_ms))
        say(f"decoder killed: pictures {first[-1]:.1f} s, told to the centre {told[-1]:.1f} s")
    expect(worst(told) < MOST_S, f"frames {worst(told)} s after ffmpeg was killed")
    expect(doubled == 0, f"{doubled} people raised twice over a killed decoder")
    return {"kills": len(first), "pictures_s": worst(first), "frames_s": worst(told), "doubled": doubled}


def back(rig, began):
    """After the start of the centre: when it listened, when the spools were empty."""
    listens, _ = wait("the centre listens", 30, rig.listens)
    wait("the spools are empty", 60, lambda: not rig.spooled())
    return listens, time.monotonic() - began


def centre_down(rig, down_s):
    """3. The centre is away; what is raised meanwhile arrives, complete, with its timers from receipt."""
    settled(rig)
    rig.centre.kill()
    down_ms, known = now_ms(), rig.recorded()
    logged = {node.name: set(node.raised()) for node in rig.nodes}
    most = 0
    ends = time.monotonic() + down_s
    while time.monotonic() < ends:
        time.sleep(1)
        most = max(most, len(rig.spooled()))
    rig.centre.start()
    up_ms, began = now_ms(), time.monotonic()
    listens, empty = back(rig, began)
    raised = {alert for node in rig.nodes for alert in set(node.raised()) - logged[node.name]}
    late = rig.rows("SELECT id, captured_at, received_at, due_at, level FROM alert WHERE captured_at BETWEEN ? AND ? ORDER BY captured_at", down_ms, up_ms)
    say(f"centre away {down_s:.0f} s: {most} alerts waited, all delivered {empty:.1f} s after its start (listened after {listens:.1f} s)")
    expect(empty < MOST_S, f"the spool was empty only {empty:.1f} s after the centre came back")
    expect(late and not known & {row[0] for row in late}, f"{len(late)} alerts of the outage, some recorded before it")
    missing = raised - rig.recorded()
    expect(not missing, f"raised while the centre was away and not recorded: {missing}")
    expect(all(row[2] >= up_ms for row in late), "an alert of the outage claims to have been received during it")
    expect(all(row[3] == row[2] + 20_000 for row in late), "a late alert's timer does not run from its receipt")
    instants = [down_ms, *(row[1] for row in late), up_ms]
    gap = max(b - a for a, b in zip(instants, instants[1:])) / 1000
    expect(gap < 20, f"{gap:.0f} s of the outage without an alert")
    # Both clocks are this machine's: nobody took them, so 20 s after receipt the supervisor must have them.
    time.sleep(max(0.0, 22 - (time.monotonic() - began)))
    wait("late alerts move on to the supervisor", 10, lambda: rig.rows(
        "SELECT count(*) = 0 FROM alert WHERE captured_at BETWEEN ? AND ? AND level NOT IN ('supervisor', 'command_centre')", down_ms, up_ms)[0][0])
    after = [row[0] / 1000 for row in rig.rows(
        "SELECT min(s.at) - a.received_at FROM alert a JOIN alert_step s ON s.alert = a.id AND s.action = 'escalate' "
        "WHERE a.captured_at BETWEEN ? AND ? GROUP BY a.id", down_ms, up_ms)]
    expect(after and min(after) >= 20, f"a late alert moved on {min(after, default=0)} s after its receipt")
    return {"down_s": round(down_s), "alerts": len(late), "missing": len(missing), "waited_most": most, "longest_gap_s": round(gap, 1),
            "listens_s": round(listens, 2), "spool_empty_s": round(empty, 2), "received_after_capture_s": [
                round(min(row[2] - row[1] for row in late) / 1000, 1), round(max(row[2] - row[1] for row in late) / 1000, 1)] if late else None,
            "escalated_after_receipt_s": [round(min(after), 2), round(max(after), 2)] if after else None}


def both_down(rig, quick):
    """3b. The centre is away and the node is killed too: it starts without the centre, and its spool survives."""
    node = rig.nodes[0]
    settled(rig)
    rig.centre.kill()
    wait("alerts wait in the spool", 60, lambda: len(node.spool.ids()) >= (1 if quick else 3), 0.1)
    node.kill()
    killed_ms, kept, raised = now_ms(), node.spool.ids(), set(node.raised())
    node.start()
    took, _ = wait("a node without centre raises again", 30, lambda: node.spool.ids() - kept, 0.05)
    rig.centre.start()
    _, empty = back(rig, time.monotonic())
    lost = (kept | raised) - rig.recorded()
    expect(not lost, f"lost when node and centre were both away: {lost}")
    expect(took < MOST_S, f"a node started without the centre raised only after {took:.1f} s")
    say(f"node killed while the centre was away: raises again after {took:.1f} s, {len(kept)} kept, spool empty {empty:.1f} s after the centre's start")
    return {"kept": len(kept), "raises_again_s": round(took, 2), "spool_empty_s": round(empty, 2), "lost": len(lost), "killed_ms": killed_ms}


def centre_killed(rig, times):
    """4. The centre is killed again and again, mostly while it takes an alert in."""
    settled(rig)
    rig.centre.kill()
    wait("a backlog to work off", 90, lambda: len(rig.spooled()) >= 3, 0.2)
    unacknowledged = resent = 0
    for n in range(times):
        rig.centre.start()
        wait("the centre listens", 30, rig.listens, 0.002)
        if n % 3 == 0:
            rig.records_one_of_the_spool(20)
        elif n % 3 == 1:
            waiting = len(rig.spooled())
            wait("it takes one in, or none waits", 10, lambda: len(rig.spooled()) < waiting or not rig.spooled(), 0.001)
            time.sleep(random.uniform(0, 0.02))
        else:
            random.choice(rig.nodes).spool.news(APPEARS, 20)
            time.sleep(random.uniform(0, 0.03))
        rig.centre.kill()
        both = rig.spooled() & rig.recorded()
        unacknowledged += bool(both)
        resent += len(both)
        if n % 3 == 0:
            wait("alerts to come back to", 30, lambda: len(rig.spooled()) > 1, 0.1)
        else:
            time.sleep(random.uniform(0, 2))
    rig.centre.start()
    _, empty = back(rig, time.monotonic())
    settled(rig)
    status, verdict = rig.verify()
    expect(status == 0 and verdict.get("fault") is None, f"audit verify: status {status}, {verdict}")
    say(f"centre killed {times} times; {unacknowledged} times between record and receipt; spool empty {empty:.1f} s after the last start; audit {verdict}")
    return {"kills": times, "recorded_but_unacknowledged": resent, "spool_empty_s": round(empty, 2), "audit": verdict}


def reconciled(rig, kills_ms):
    """5. Three accounts agree: nodes' logs, alerts, and the attempts the nodes reported; nothing is left over."""
    for node in rig.nodes:
        status, took = node.stop()
        expect(status == 0, f"{node.name} ended with {status} when told to stop")
        expect(not children(node.pid), f"{node.name} left a decoder behind")
    # What was raised in the last moment before the nodes stopped is still in their spools.
    left = rig.spooled()
    recorded, logs = rig.recorded(), [alert for node in rig.nodes for alert in node.raised()]
    demo = hands.RAISED.findall(hands.ANSI.sub("", (rig.data / "demo.log").read_text(errors="replace")))
    missing, twice = set(logs + demo) - recorded - left, len(logs) - len(set(logs))
    unheard = recorded - set(logs) - set(demo)  # killed after the spool took it, before the line was written
    expect(not missing, f"raised by a node, not at the centre: {missing}")
    expect(twice == 0, f"{twice} ids raised twice by a node")
    expect(not any(node.spool.refused() for node in rig.nodes), "a node set an alert aside")
    rows, ids, tracks = rig.rows("SELECT count(*), count(DISTINCT id), count(DISTINCT json_extract(evidence, '$.track')) FROM alert")[0]
    expect(rows == ids == tracks, f"{rows} alerts, {ids} ids, {tracks} tracks")
    for what, sql in {"audit rows": "SELECT count(*), count(DISTINCT subject) FROM audit WHERE action = 'alert.raised'",
                      "events": "SELECT count(*), count(DISTINCT json_extract(payload, '$.alert')) FROM event WHERE kind = 'alert.raised'",
                      "first steps": "SELECT count(*), count(DISTINCT alert) FROM alert_step WHERE action = 'raise'"}.items():
        got = rig.rows(sql)[0]
        expect(got == (rows, rows), f"{what} of raised alerts: {got}, alerts: {rows}")
    attempts, distinct = rig.rows("SELECT count(*), count(DISTINCT detail) FROM attempt WHERE outcome = 'raised'")[0]
    orphans = rig.rows("SELECT count(*) FROM attempt WHERE outcome = 'raised' AND detail NOT IN (SELECT id FROM alert)")[0][0]
    expect(attempts == distinct, f"{attempts} attempts name {distinct} alerts")
    expect(orphans <= len(left), f"{orphans} attempts name an alert nobody has")
    bare = rig.rows("SELECT id, captured_at FROM alert WHERE id NOT IN (SELECT detail FROM attempt WHERE outcome = 'raised')")
    # Attempts wait in memory until the next report: a killed node takes them with it. Alerts never.
    unexplained = [alert for alert, at in bare if not any(0 <= kill - at < reach for kill, reach in kills_ms)]
    expect(not unexplained, f"alerts without their attempt, though no node was killed: {unexplained}")
    status, took = rig.centre.stop()
    expect(status == 0, f"the centre ended with {status} when told to stop")
    code, verdict = rig.verify()
    expect(code == 0 and verdict.get("fault") is None, f"audit verify after the end: {code}, {verdict}")
    whole = rig.rows("PRAGMA integrity_check")[0][0]
    expect(whole == "ok", f"database: {whole}")
    return {"alerts": rows, "distinct_ids": ids, "distinct_tracks": tracks, "in_logs": len(logs + demo), "missing": len(missing), "twice": twice, "log_line_lost": len(unheard),
            "raised_attempts": attempts, "alerts_without_attempt_after_node_kill": len(bare), "attempts_without_alert": orphans, "in_spool_at_end": len(left),
            "audit_rows": verdict.get("rows"), "panics": sum(p.text().count("panicked") for p in Program.running)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tapal", required=True, help="the program")
    parser.add_argument("--models", required=True, help="folder of installed packs, or a data folder that holds `models`")
    parser.add_argument("--pack", default="standard")
    parser.add_argument("--people", default=ROOT / "fixtures/people", help="folder of rendered people")
    parser.add_argument("--nodes", type=int, default=1, choices=(1, 2, 3))
    parser.add_argument("--minutes-down", type=float, default=5)
    parser.add_argument("--quick", action="store_true", help="20 s without the centre, fewer kills")
    parser.add_argument("--seed", type=int, help="of the random moments")
    parser.add_argument("--keep", help="data folder to make and keep; otherwise a temporary one")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.randrange(1 << 30)
    random.seed(seed)
    say(f"seed {seed}")
    data = Path(args.keep or tempfile.mkdtemp(prefix="tapal-outage-"))
    figures = {"seed": seed, "pack": args.pack, "nodes": args.nodes, "load_1m": hands.os.getloadavg()[0]}
    try:
        rig = Rig(args.tapal, args.models, args.pack, Path(args.people).resolve(), data, args.nodes)
        kills = []
        rig.centre.start()
        wait("the centre listens", 30, rig.listens)
        for node in rig.nodes:
            kill = node.kill
            # Every killed node takes the attempts of its last report interval along; noted to explain them later.
            node.kill = lambda kill=kill: (kills.append((now_ms(), 4_000)), kill())
            node.start()
        figures["edge_killed"] = edge_killed(rig, args.quick)
        figures["decoder_killed"] = decoder_killed(rig, args.quick)
        figures["centre_down"] = centre_down(rig, 20 if args.quick else args.minutes_down * 60)
        figures["both_down"] = both_down(rig, args.quick)
        kills.append((figures["both_down"].pop("killed_ms"), 90_000))
        figures["centre_killed"] = centre_killed(rig, 5 if args.quick else 20)
        figures["reconciled"] = reconciled(rig, kills)
        expect(figures["reconciled"]["panics"] == 0, "something panicked; see the logs")
    except AssertionError as error:
        expect(False, str(error))
    finally:
        Program.end_all()
    print(json.dumps({"passed": not faults, "faults": faults, **figures}))
    if faults:
        say(f"logs and data are kept in {data}")
    elif not args.keep:
        shutil.rmtree(data, ignore_errors=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
