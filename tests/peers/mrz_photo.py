#!/usr/bin/python3
"""Photographs of data pages with a machine readable zone: renders pages of invented people in OCR-B, turned, blurred, noisy and
unevenly lit, lets `tapal mrz photo` read them, and counts.

    mrz_photo.py --tapal BINARY [--count 60] [--seed 7] [--save DIR]

Needs numpy, Pillow and the Debian packages tesseract-ocr, fonts-ocr-b and fonts-dejavu-core. One line of JSON: pages, zones whole
and right, how many of them as seen and how many corrected, zones called valid that are wrong (which must be none but for
signs that no check digit covers), and those left unsure. Rendered pages are easier than real ones: no hologram, no glare.
"""
import argparse
import json
import pathlib
import random
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

OCRB = "/usr/share/fonts/opentype/ocr-b/OCRB.otf"
SANS = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SURNAMES = ["ERIKSSON", "VAN DER MUELLEN", "SAMARAN", "LINDQVIST", "BERGMANN", "OKAFOR"]
GIVEN = ["ANNA MARIA", "TOVE", "RAHMAWATI", "ARNE KNUT", "XAVIER QUINTUS", "ZOE"]


def digit(text):
    value = lambda c: int(c) if c.isdigit() else ord(c) - 55 if c.isalpha() else 0  # noqa: E731
    return str(sum(value(c) * [7, 3, 1][i % 3] for i, c in enumerate(text)) % 10)


def td3(surname, given, number, birth, sex, expiry, optional):
    first = f"P<UTO{f'{surname}<<{given}'.replace(' ', '<'):<<39}"[:44]
    number, optional = f"{number:<<9}", f"{optional:<<14}"
    number, birth, expiry = number + digit(number), birth + digit(birth), expiry + digit(expiry)
    optional += digit(optional) if optional.strip("<") else "<"
    return [first, number + "UTO" + birth + sex + expiry + optional + digit(number + birth + expiry + optional)]


def td1(surname, given, number, birth, sex, expiry):
    number = f"{number:<<9}"
    first = "I<UTO" + number + digit(number) + "<" * 15
    second = birth + digit(birth) + sex + expiry + digit(expiry) + "UTO" + "<" * 11
    second += digit(first[5:] + second[0:7] + second[8:15] + second[18:29])
    return [first, second, f"{f'{surname}<<{given}'.replace(' ', '<'):<<30}"[:30]]


def page(lines, seed, angle=0.0, blur=0.0, noise=0.0, scale=1.0, shade=0.0):
    wide, high = int(1250 * scale), int(880 * scale)
    image = Image.new("L", (wide, high), 238)
    draw = ImageDraw.Draw(image)
    small = ImageFont.truetype(SANS, int(24 * scale))
    draw.rectangle([int(60 * scale), int(150 * scale), int(400 * scale), int(590 * scale)], fill=170)
    printed = ["UTOPIA PASSPORT", "Surname", "SPECIMEN", "Given names", "SPECIMEN", "Nationality", "UTOPIAN", "Date of birth", "12 AUG 74"]
    for i, text in enumerate(printed):
        draw.text((int(430 * scale), int((70 + 48 * i) * scale)), text, font=small, fill=40)
    for y in range(0, high, int(14 * scale)):
        draw.line([(0, y), (wide, y + int(30 * scale))], fill=225)
    pitch = (wide - int(90 * scale)) / len(lines[0])
    size = int(pitch / 0.6)
    font = ImageFont.truetype(OCRB, size)
    while font.getlength("A") > pitch * 0.98:
        size -= 1
        font = ImageFont.truetype(OCRB, size)
    top = high - int((40 + 58 * len(lines)) * scale)
    for i, line in enumerate(lines):
        for k, sign in enumerate(line):
            draw.text((int(45 * scale) + k * pitch, top + int(58 * i * scale)), sign, font=font, fill=25)
    light = np.linspace(1 - shade, 1, wide)[None, :]
    image = Image.fromarray((np.asarray(image, dtype=float) * light).clip(0, 255).astype("uint8"))
    if angle:
        image = image.rotate(angle, Image.BICUBIC, fillcolor=200, expand=True)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur * scale))
    if noise:
        rows = np.random.default_rng(seed).normal(0, noise, (image.size[1], image.size[0]))
        image = Image.fromarray((np.asarray(image, dtype=float) + rows).clip(0, 255).astype("uint8"))
    return image


def document(rng, k):
    number = "".join(rng.choice("ABCDEFGHIJKLMNOPRSTUVXYZ0123456789") for _ in range(rng.choice([8, 9])))
    birth = "%02d%02d%02d" % (rng.randrange(50, 99), rng.randrange(1, 13), rng.randrange(1, 29))
    expiry = "3%d%02d%02d" % (rng.randrange(5), rng.randrange(1, 13), rng.randrange(1, 29))
    who = (rng.choice(SURNAMES), rng.choice(GIVEN), number, birth, rng.choice("MF"), expiry)
    return td1(*who) if k % 4 == 3 else td3(*who, "ZE184226B" if k % 2 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tapal", required=True)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save")
    args = parser.parse_args()
    rng, wanted, files = random.Random(args.seed), [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(args.save or folder)
        folder.mkdir(parents=True, exist_ok=True)
        for k in range(args.count):
            lines = document(rng, k)
            image = page(lines, k, rng.uniform(-3, 3), rng.uniform(0, 1.2), rng.uniform(0, 10), rng.choice([0.7, 0.85, 1, 1.3]), rng.uniform(0, 0.35))
            files.append(folder / f"page-{k:03}.png")
            image.save(files[-1])
            wanted.append(lines)
        done = subprocess.run([args.tapal, "mrz", "photo", "--on", "2026-11-28", *map(str, files)], check=True, capture_output=True, text=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(wanted)
    count = {"pages": len(found), "right": 0, "right_as_seen": 0, "right_corrected": 0, "valid_but_wrong": 0, "unsure": 0}
    wrong = []
    for k, (one, lines) in enumerate(zip(found, wanted)):
        if one["state"] == "unsure":
            count["unsure"] += 1
        elif one["lines"] == lines:
            count["right"] += 1
            count["right_as_seen" if one["state"] == "read" else "right_corrected"] += 1
        else:
            count["valid_but_wrong"] += 1
            wrong.append([k, [(a, b) for x, y in zip(lines, one["lines"]) for a, b in zip(x, y) if a != b]])
    print(json.dumps({**count, "wrong": wrong}))


if __name__ == "__main__":
    main()
