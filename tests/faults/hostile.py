#!/usr/bin/python3
"""Damaged models, a garbage clip, a 100-megapixel JPEG and PNG bombs given to the real program: it must say what is
wrong, end with the right status, leave nothing half installed, and stay small in memory.

    hostile.py --tapal BINARY --models DIR

DIR holds the installed pack `standard` (and ONNX Runtime's library beside it, if it is to be used). One line of JSON on
standard output, progress on standard error; exit 0 only when everything held. About a minute. Standard library only.
Damaged and absurd sources of a running camera are in crates/lane/tests/faults.rs.
"""
import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 1536 << 20
MEBIBYTE = 1 << 20
faults, results = [], {}


def expect(holds, words):
    if not holds:
        faults.append(words)
        print(f"FAULT {words}", file=sys.stderr, flush=True)


def jpeg(width, height, whole):
    """A grey baseline JPEG; every block is six bits, so 100 megapixels are 1.2 MB. `whole`: with its pixels."""
    segment = lambda marker, body: struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    huffman = lambda kind, lengths, values: segment(0xC4, bytes([kind, *lengths, *values]))
    dc = huffman(0x00, [0, 1] + [0] * 14, [0])  # "00": no change of brightness
    ac = huffman(0x10, [0, 0, 0, 1] + [0] * 12, [0])  # "0000": end of block
    head = (b"\xff\xd8" + segment(0xDB, bytes([0, *[1] * 64])) + segment(0xC0, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0))
            + dc + ac + segment(0xDA, bytes([1, 1, 0, 0, 63, 0])))
    bits = 6 * -(-width // 8) * -(-height // 8) if whole else 0
    return head + bytes(-(-bits // 8)) + b"\xff\xd9"


def deflated(mebibytes):
    squeeze, zeros = zlib.compressobj(1), bytes(MEBIBYTE)
    return b"".join([*(squeeze.compress(zeros) for _ in range(mebibytes)), squeeze.flush()])


def png(width, height, extra, rows):
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*e) for e in extra) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bombs():
    """Name: bytes of a picture that must not be enrolled."""
    gibibyte = deflated(1024)
    small = zlib.compress(b"".join(b"\0" + bytes([90, 120, 150]) * 640 for _ in range(640)))
    return {
        "hundred_megapixels.jpg": jpeg(10_000, 10_000, True),
        "header_only.jpg": jpeg(65_000, 65_000, False),
        "text_bomb.png": png(640, 640, [(b"zTXt", b"Comment\0\0" + gibibyte), (b"iTXt", b"Comment\0\1\0\0\0" + gibibyte)], small),
        "profile_bomb.png": png(640, 640, [(b"iCCP", b"p\0\0" + gibibyte)], small),
        "pixel_bomb.png": png(30_000, 30_000, [], gibibyte),
        "row_bomb.png": png(640, 640, [], gibibyte),
        "rubbish.jpg": random.Random(5).randbytes(60_000),
        "text.jpg": b"this is not a picture\n" * 100,
        "empty.jpg": b"",
    }


def run(tapal, data, *arguments, most_s=150):
    """Status, words, output, peak bytes (its children included) and seconds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        temporary = {**os.environ, "TMPDIR": str(data.parent / "temporary")}
        (data.parent / "temporary").mkdir(exist_ok=True)
        child = subprocess.Popen([tapal, "--data", str(data), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=temporary)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                break
            if time.monotonic() - began > most_s:
                child.kill()
                expect(False, f"`tapal {' '.join(map(str, arguments))}` took more than {most_s} s")
                os.waitpid(child.pid, 0)
                return None, "", "", 0, most_s
            time.sleep(0.02)
        err.seek(0), out.seek(0)
        words, output = err.read().decode(errors="replace"), out.read().decode(errors="replace")
        return child.returncode, words, output, usage.ru_maxrss * 1024, time.monotonic() - began


def note(name, outcome):
    status, words, _, peak, seconds = outcome
    results[name] = {"status": status, "peak_mib": peak // MEBIBYTE, "seconds": round(seconds, 1)}
    said = words.strip().splitlines()
    print(f"{name}: status {status}, {peak // MEBIBYTE} MiB, {seconds:.1f} s: {said[-1] if said else ''}", file=sys.stderr, flush=True)
    expect(peak < MOST_BYTES, f"{name}: {peak // MEBIBYTE} MiB")
    expect("panicked" not in words, f"{name}: it panicked: {words[-400:]}")


def models(tapal, pack, folder):
    """A pack with a damaged file is refused whole."""
    biggest = max(pack.iterdir(), key=lambda f: f.stat().st_size).name
    whole = (pack / biggest).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    kinds = {"truncated": whole[: len(whole) // 2], "flipped_bit": bytes(flipped), "empty": b"", "text": b"<html>404</html>", "missing": None}
    for kind, body in kinds.items():
        source, data = folder / f"source-{kind}", folder / f"models-{kind}"
        shutil.copytree(pack, source)
        (source / biggest).unlink() if body is None else (source / biggest).write_bytes(body)
        outcome = run(tapal, data, "models", "install", "standard", "--from", source)
        note(f"model_{kind}", outcome)
        expect(outcome[0] == 1, f"model {kind}: status {outcome[0]}")
        expect(biggest in outcome[1], f"model {kind}: the file is not named: {outcome[1]}")
        left = [str(f.relative_to(data)) for f in data.rglob("*") if f.is_file() and f.suffix == ".onnx"] if data.exists() else []
        expect(not left, f"model {kind}: left behind: {left}")
        listed = json.loads(run(tapal, data, "models", "list", "--json")[2])
        expect(all(p["state"] != "installed" for p in listed), f"model {kind}: it counts as installed")
    data = folder / "models-good"
    outcome = run(tapal, data, "models", "install", "standard", "--from", pack)
    note("model_good", outcome)
    expect(outcome[0] == 0, f"the undamaged pack: status {outcome[0]}: {outcome[1]}")
    installed = data / "models" / "standard" / biggest
    installed.write_bytes(whole[: len(whole) // 2])
    later = {"verify": ("models", "verify", "standard"), "eval": ("eval", "clips", folder / "bombs", "--pack", "standard"),
             "eval_auto": ("eval", "clips", folder / "bombs")}
    for name, command in later.items():
        outcome = run(tapal, data, *command)
        note(f"model_damaged_later_{name}", outcome)
        named = biggest in outcome[1] + outcome[2] or ("`standard` is damaged" in outcome[1] and name == "eval_auto")
        expect(outcome[0] == 1 and named, f"damaged after installing, {name}: status {outcome[0]}: {outcome[1]}")


def people(folder, portraits, clip, body):
    """A folder as `eval clips` takes it: every portrait is somebody on the list, all walk through one clip."""
    for name in ("portraits", "clips"):
        (folder / name).mkdir(parents=True)
    for name, picture in portraits.items():
        (folder / "portraits" / name).write_bytes(picture)
    (folder / "clips" / "clip.mp4").write_bytes(body)
    identities = [{"id": f"x{n}", "watchlisted": True, "full_name": f"INVENTED {n}", "sex": "X", "birth_date": "1990-01-01", "nationality": "UTO",
                   "passport_number": f"X{n}", "portrait": {"file": f"portraits/{name}"}} for n, name in enumerate(portraits)]
    tracks = [{"id": f"x{n}", "first_frame": 3, "last_frame": 50} for n in range(len(identities))]
    about = {**clip, "file": "clips/clip.mp4", "tracks": tracks, "frames": []}
    (folder / "groundtruth.json").write_text(json.dumps({"identities": identities, "clips": {"clip": about}}))
    return folder


def evaluation(tapal, data, folder, truth, fixtures):
    clip = truth["clips"]["checkpoint_a.mp4" if "checkpoint_a.mp4" in truth["clips"] else next(iter(truth["clips"]))]
    good, portraits = (fixtures / clip["file"]).read_bytes(), bombs()
    outcome = run(tapal, data, "eval", "clips", people(folder / "bombs-and-good-clip", portraits, clip, good), "--json")
    note("eval_bomb_portraits", outcome)
    refused = [line for line in outcome[1].splitlines() if line.startswith("not enrolled")]
    results["eval_bomb_portraits"]["refused"] = len(refused)
    for line in refused:
        print(f"    {line.replace(str(folder), '')}", file=sys.stderr)
    expect(outcome[0] == 0, f"bomb portraits: status {outcome[0]}: {outcome[1][-400:]}")
    expect(len(refused) == len(portraits), f"{len(refused)} of {len(portraits)} hostile portraits are named as refused")
    expect(all(name in outcome[1] for name in portraits), "a refused portrait is not named by its file")
    row = json.loads(outcome[2] or '{"clips": [{}]}')["clips"][0]
    expect((row.get("watchlisted_passes"), row.get("alerts")) == (len(portraits), 0), f"missed passes are not counted: {row}")
    one = {"good.jpg": (fixtures / "portraits" / sorted(os.listdir(fixtures / "portraits"))[0]).read_bytes()}
    for kind, body in {"garbage": random.Random(6).randbytes(300_000), "truncated": good[: len(good) // 2], "text": b"no video\n" * 50, "empty": b""}.items():
        outcome = run(tapal, data, "eval", "clips", people(folder / f"clip-{kind}", one, clip, body), "--json")
        note(f"eval_clip_{kind}", outcome)
        expect(outcome[0] == 1, f"clip {kind}: status {outcome[0]}")
        expect("clip.mp4" in outcome[1], f"clip {kind}: the clip is not named: {outcome[1][-300:]}")
        expect(not outcome[2].strip(), f"clip {kind}: a result in spite of the failure")
        expect(outcome[4] < 40, f"clip {kind}: {outcome[4]:.0f} s until it was given up")
    left = sorted(p.name for p in (folder / "temporary").iterdir())
    expect(not left, f"left in the temporary folder: {left}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tapal", required=True, help="the program")
    parser.add_argument("--models", required=True, help="folder of installed packs, or a data folder that holds `models`")
    parser.add_argument("--people", default=ROOT / "fixtures/people", help="folder of rendered people")
    args = parser.parse_args()
    tapal, given, fixtures = str(Path(args.tapal).resolve()), Path(args.models).resolve(), Path(args.people).resolve()
    packs = given / "models" if (given / "models").is_dir() else given
    with tempfile.TemporaryDirectory(prefix="tapal-hostile-") as temporary:
        folder = Path(temporary)
        data = folder / "data"
        data.mkdir()
        (data / "models").symlink_to(packs)
        for library in [*given.glob("libonnxruntime.so*"), *given.parent.glob("libonnxruntime.so*")][:1]:
            (data / library.name).symlink_to(library)
        truth = json.loads((fixtures / "groundtruth.json").read_text())
        clip = next(iter(truth["clips"].values()))
        people(folder / "bombs", {"text.jpg": b"no picture"}, clip, b"")
        models(tapal, packs / "standard", folder)
        evaluation(tapal, data, folder, truth, fixtures)
    print(json.dumps({"passed": not faults, "faults": faults, "results": results}))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
