"""Times SqueezeNet on native ONNX Runtime, with one thread and with two: what docs/performance.md compares WebNN with.

python3 -m venv venv && venv/bin/pip install numpy onnxruntime && venv/bin/python bench/native.py ../shared/fixtures/models/squeezenet.onnx
"""

import sys
import time

import numpy as np
import onnxruntime as ort

RUNS = 200
WARM_UP = 20


def median_milliseconds(path: str, threads: int) -> float:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (declared,) = session.get_inputs()
    image = np.zeros([1, 3, 224, 224], np.float32)
    times = []
    for _ in range(WARM_UP + RUNS):
        start = time.perf_counter()
        session.run(None, {declared.name: image})
        times.append(time.perf_counter() - start)
    return float(np.median(times[WARM_UP:]) * 1000)


if __name__ == "__main__":
    model = sys.argv[1]
    print(f"ONNX Runtime {ort.__version__}")
    for threads in (1, 2):
        print(f"{threads} thread(s): {median_milliseconds(model, threads):.1f} ms")
