"""The usual Python face pipeline, as a yardstick for `tapal bench video`: OpenCV decodes every frame, YuNet looks at each
k-th of them at a fixed width, each face is aligned by five points, embedded, and compared with a matrix of random vectors.
It follows nobody, picks no best view and judges nothing, so it does less than a camera node. One JSON line on stdout.

Needs numpy, onnxruntime and opencv-python-headless. Started by `tapal bench video CLIP --peers PYTHON`.
"""
import argparse
import json
import resource
import sys

import cv2
import numpy as np
import onnxruntime

# Where the five landmarks lie in a 112 x 112 crop (ArcFace convention).
PLACES = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32
)


def load(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def find_faces(net, picture, width, lowest=0.6, overlap=0.3):
    """Landmarks (n, 5, 2) in the picture's pixels."""
    scale = width / picture.shape[1]
    small = cv2.resize(picture, (width, round(picture.shape[0] * scale)))
    rows, columns = (-(-side // 32) * 32 for side in small.shape[:2])
    canvas = np.zeros((rows, columns, 3), np.float32)
    canvas[: small.shape[0], : small.shape[1]] = small
    names = [o.name for o in net.get_outputs()]
    answers = dict(zip(names, net.run(None, {net.get_inputs()[0].name: canvas.transpose(2, 0, 1)[None]})))
    boxes, scores, points = [], [], []
    for stride in (8, 16, 32):
        part = {kind: answers[f"{kind}_{stride}"][0] for kind in ("cls", "obj", "bbox", "kps")}
        score = np.sqrt(np.clip(part["cls"][:, 0], 0, 1) * np.clip(part["obj"][:, 0], 0, 1))
        for i in np.flatnonzero(score > lowest):
            cell = np.array([i % (columns // stride), i // (columns // stride)], np.float32)
            side = np.exp(part["bbox"][i, 2:]) * stride
            corner = (cell + part["bbox"][i, :2]) * stride - side / 2
            boxes.append([*corner.tolist(), *side.tolist()])
            scores.append(float(score[i]))
            points.append((part["kps"][i].reshape(5, 2) + cell) * stride / scale)
    kept = cv2.dnn.NMSBoxes(boxes, scores, lowest, overlap) if boxes else []
    return [points[i] for i in np.array(kept).reshape(-1).astype(int)]


def crop(picture, landmarks):
    matrix, _ = cv2.estimateAffinePartial2D(landmarks.astype(np.float32), PLACES, method=cv2.LMEDS)
    if matrix is None:
        return None
    face = cv2.warpAffine(picture, matrix, (112, 112))[:, :, ::-1].astype(np.float32)
    return (face - 127.5) / 127.5


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("clip")
    given.add_argument("--detector", required=True)
    given.add_argument("--recogniser", required=True)
    given.add_argument("--every", type=int, default=1)
    given.add_argument("--width", type=int, default=1280)
    given.add_argument("--templates", type=int, default=10_000)
    given = given.parse_args()
    cv2.setNumThreads(1)
    detector, recogniser = load(given.detector, 1), load(given.recogniser, 1)
    matrix = np.random.default_rng(1).standard_normal((given.templates, 512), dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    video = cv2.VideoCapture(given.clip)
    rate = video.get(cv2.CAP_PROP_FPS)
    spent = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    began, frames, faces = spent(), 0, 0
    while True:
        there, picture = video.read()
        if not there:
            break
        frames += 1
        if (frames - 1) % given.every:
            continue
        crops = [c for c in (crop(picture, face) for face in find_faces(detector, picture, given.width)) if c is not None]
        if not crops:
            continue
        batch = np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2))
        templates = recogniser.run(None, {recogniser.get_inputs()[0].name: batch})[0]
        templates /= np.linalg.norm(templates, axis=1, keepdims=True)
        (templates @ matrix.T).argmax(axis=1)
        faces += len(crops)
    if not frames:
        sys.exit("the clip gave no frame")
    cpu = spent() - began
    print(json.dumps({"frames": frames, "faces": faces, "cpu_s": cpu, "cpu_s_per_video_s": cpu / (frames / rate)}))


main()
