"""The usual Python package `face_recognition` (dlib) on a folder of photographs: the peer of `tapal bench embed`.

    pip install face_recognition
    python face_recognition_speed.py DIR [--most 40]
Prints one JSON line: photographs, faces found, CPU seconds a photograph (detect, align, embed), least and greatest.
"""
import argparse, glob, json, os, time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
import face_recognition


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("dir")
    arguments.add_argument("--most", type=int, default=40)
    options = arguments.parse_args()
    files = sorted(glob.glob(os.path.join(options.dir, "*.jpg")))[: options.most]
    faces, spent = 0, []
    for file in files:
        image = face_recognition.load_image_file(file)
        begun = time.process_time()
        faces += len(face_recognition.face_encodings(image))
        spent.append(time.process_time() - begun)
    spent.sort()
    print(json.dumps(dict(photographs=len(files), faces=faces, cpu_s=spent[len(spent) // 2] if spent else None,
                          least_s=spent[0] if spent else None, greatest_s=spent[-1] if spent else None)))


if __name__ == "__main__":
    main()
