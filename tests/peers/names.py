"""What people would use instead of Tapal's comparison of names: nomenklatura's logic-v1 and logic-v2, on the same pairs.

    names.py CASES.csv [TAPAL]      needs `pip install nomenklatura`; TAPAL is the program, to run in the same minute

Each algorithm scores every pair as two Person entities with one name, as their own benchmark does, at their threshold .7.
Processor time is for entities already made; making them is reported apart. Prints one JSON object; must not write a file.
"""

import csv
import json
import random
import subprocess
import sys
import time

try:
    from followthemoney import model
    from nomenklatura.matching import get_algorithm
    from nomenklatura.matching.types import ScoringConfig
except ImportError as missing:
    print(json.dumps({"error": f"nomenklatura is not installed: {missing}"}))
    sys.exit(0)

THRESHOLD = 0.7
PASSES = 3


def person(name, number):
    return model.get_proxy({"id": f"n{number}", "schema": "Person", "properties": {"name": [name]}})


def rates(judged):
    tp = sum(truth and found for truth, found in judged)
    fp = sum(found and not truth for truth, found in judged)
    fn = sum(truth and not found for truth, found in judged)
    return {
        "f1": 2 * tp / max(1, 2 * tp + fp + fn),
        "precision": tp / max(1, tp + fp),
        "recall": tp / max(1, tp + fn),
    }


def interval(judged):
    dice = random.Random(20261128)
    all_f1 = sorted(rates(dice.choices(judged, k=len(judged)))["f1"] for _ in range(2000))
    return [all_f1[50], all_f1[-51]]


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    before = time.process_time()
    pairs = [(person(row["name1"], 2 * at), person(row["name2"], 2 * at + 1)) for at, row in enumerate(rows)]
    making_us = (time.process_time() - before) * 1e6 / len(rows)
    report = {"n": len(rows), "threshold": THRESHOLD, "entity_us_per_pair": making_us}
    for name in ("logic-v1", "logic-v2"):
        algorithm = get_algorithm(name)
        config = ScoringConfig.defaults()
        scores = [algorithm.compare(left, right, config).score for left, right in pairs]  # warms its caches too
        spent = []
        for _ in range(PASSES):
            before = time.process_time()
            for left, right in pairs:
                algorithm.compare(left, right, config)
            spent.append((time.process_time() - before) * 1e6 / len(pairs))
        judged = [(row["is_match"] == "true", score >= THRESHOLD) for row, score in zip(rows, scores)]
        strong = [truth == found for row, (truth, found) in zip(rows, judged) if row["quality"] == "STRONG"]
        report[name] = {
            **rates(judged),
            "f1_ci95": interval(judged),
            "strong_right": sum(strong),
            "strong_total": len(strong),
            "cpu_us_per_pair": sorted(spent)[PASSES // 2],
            "cpu_us_spread": [min(spent), max(spent)],
        }
    if len(sys.argv) > 2:
        answer = subprocess.run([sys.argv[2], "eval", "names", path, "--json"], capture_output=True, check=True)
        report["tapal"] = json.loads(answer.stdout)
        for name in ("logic-v1", "logic-v2"):
            report[name]["times_tapal_cpu"] = report[name]["cpu_us_per_pair"] / report["tapal"]["cpu_us_per_pair"]
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
