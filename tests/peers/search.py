"""What people would use instead of Tapal's search: FAISS and usearch on the same vectors, one call at a time.

Started by `tapal bench search --peers PYTHON`, which speaks with it over standard input and output, so that the engines
take turns on one core. Reads raw little-endian f32 vectors (rows, then probes), writes one JSON line an answer. Must not write a file.

    search.py VECTORS ROWS PROBES DIM HNSW_ROWS
    > sq8 FIRST          one probe, FAISS IndexScalarQuantizer QT_8bit, inner product
    > flat FIRST COUNT   COUNT probes, FAISS IndexFlatIP with its BLAS path on
    > hnsw FIRST         one probe, usearch HNSW with int8 scalars over the first HNSW_ROWS rows
"""

import json
import os
import sys
import time

# One thread, and the library's own choice of kernel.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"


def say(**answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


try:
    import numpy as np
except ImportError as missing:
    say(error=f"numpy is not installed: {missing}")
    sys.exit(0)


def blas_kernel():
    """Which kernel OpenBLAS chose, as far as it can be asked."""
    try:
        import ctypes

        with open("/proc/self/maps", encoding="utf-8") as maps:
            names = {line.split()[-1] for line in maps if "openblas" in line.lower()}
        names = sorted(names, key=lambda name: "faiss" not in name)
        for name in names:
            library = ctypes.CDLL(name)
            for symbol in ("openblas_get_corename", "openblas_get_corename64_", "scipy_openblas_get_corename64_"):
                if hasattr(library, symbol):
                    ask = getattr(library, symbol)
                    ask.restype = ctypes.c_char_p
                    return ask().decode()
    except OSError:
        pass
    return None


def faiss_indexes(rows):
    import faiss

    faiss.omp_set_num_threads(1)
    dim = rows.shape[1]
    sq8 = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    sq8.train(rows[:100_000])
    flat = faiss.IndexFlatIP(dim)
    step = 50_000
    for at in range(0, len(rows), step):
        sq8.add(rows[at : at + step])
        flat.add(rows[at : at + step])
        sys.stderr.write(f"\rpeers: {min(at + step, len(rows))} of {len(rows)} rows")
    sys.stderr.write("\n")
    return faiss, sq8, flat


def hnsw_index(rows):
    from usearch.index import Index

    index = Index(ndim=rows.shape[1], metric="ip", dtype="i8")
    started = time.perf_counter()
    step = 5_000
    for at in range(0, len(rows), step):
        index.add(np.arange(at, min(at + step, len(rows))), rows[at : at + step], threads=1)
        sys.stderr.write(f"\rpeers: HNSW {min(at + step, len(rows))} of {len(rows)} rows")
    sys.stderr.write("\n")
    return index, time.perf_counter() - started


def timed(call):
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    found = call()
    return (time.perf_counter_ns() - wall) / 1e6, (time.thread_time_ns() - cpu) / 1e6, found


def main():
    path, count, probes, dim, hnsw_rows = sys.argv[1], *map(int, sys.argv[2:6])
    vectors = np.memmap(path, dtype="<f4", mode="r", shape=(count + probes, dim))
    rows, probe = vectors[:count], np.array(vectors[count:])
    ready = {"faiss": None, "usearch": None, "reason": []}
    faiss = sq8 = flat = hnsw = None
    try:
        faiss, sq8, flat = faiss_indexes(rows)
        ready["faiss"] = faiss.__version__
        ready["compile_options"] = faiss.get_compile_options()
        ready["blas"] = blas_kernel()
    except ImportError as missing:
        ready["reason"].append(str(missing))
    if hnsw_rows:
        try:
            import usearch

            hnsw, seconds = hnsw_index(rows[:hnsw_rows])
            ready.update(usearch=usearch.__version__, hnsw_build_s=seconds, hnsw_rows=hnsw_rows)
        except ImportError as missing:
            ready["reason"].append(str(missing))
    say(ready=ready)
    for line in sys.stdin:
        what, *numbers = line.split()
        first, size = int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else 1
        asked = probe[first : first + size]
        if what == "sq8" and sq8 is not None:
            wall, cpu, found = timed(lambda: sq8.search(asked[:1], 5))
            top = found[1][:, 0].tolist()
        elif what == "flat" and flat is not None:
            # 0: BLAS for any number of probes.
            faiss.cvar.distance_compute_blas_threshold = 0
            wall, cpu, found = timed(lambda: flat.search(asked, 5))
            top = found[1][:, 0].tolist()
        elif what == "hnsw" and hnsw is not None:
            wall, cpu, found = timed(lambda: hnsw.search(asked[0], 5, threads=1))
            top = [int(found.keys[0])]
        else:
            say(error=f"{what} is not there")
            continue
        say(ms=wall, cpu_ms=cpu, top=top)


if __name__ == "__main__":
    main()
