"""What the files of cases share: building a small model of OpenVINO operators, and keeping it with OpenVINO's own answers."""
import base64, gzip, json, os, re, tempfile
import numpy as np
import openvino as ov

core = ov.Core()
TYPES = {'bool': 'bool'}


def encode(array):
    # tobytes() is row-major, whatever the array's strides are.
    return {'type': array.dtype.name, 'dims': list(array.shape), 'data': base64.b64encode(array.tobytes()).decode()}


def answers(model, inputs):
    compiled = core.compile_model(model, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
    request = compiled.create_infer_request()
    request.infer(dict(enumerate(inputs)))
    return [np.array(request.get_output_tensor(index).data) for index in range(len(compiled.outputs))]


class Cases:
    def __init__(self, group):
        self.group, self.cases, self.random = group, [], np.random.default_rng(7)

    def floats(self, *dims, low=-2.0, high=2.0):
        return (self.random.random(dims) * (high - low) + low).astype(np.float32)

    def short(self, *dims, low=-2.0, high=2.0):
        """Numbers with few digits, which take little space in a file."""
        return np.round(self.floats(*dims, low=low, high=high) * 256) / np.float32(256)

    def add(self, name, build, *inputs, shapes=None):
        """`build` makes the outputs of parameters that have the inputs' types and shapes; `shapes` leaves axes open."""
        shapes = shapes or [array.shape for array in inputs]
        parameters = [ov.opset1.parameter(ov.PartialShape(list(shape)), array.dtype, name=f'in{index}')
                      for index, (shape, array) in enumerate(zip(shapes, inputs))]
        outputs = build(*parameters)
        nodes = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        self.add_model(name, ov.Model(list(nodes), parameters, name), *inputs)

    def add_model(self, name, model, *inputs):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'model.xml')
            ov.serialize(model, path)
            xml = open(path, encoding='utf-8').read()
            weights = open(os.path.join(folder, 'model.bin'), 'rb').read()
            outputs = answers(core.read_model(path), inputs)
        xml = re.sub(r'>\s+<', '><', re.sub(r'<rt_info>.*?</rt_info>', '', xml, flags=re.S))
        self.cases.append({'name': name, 'xml': xml, 'bin': base64.b64encode(weights).decode(),
                           'inputs': [encode(array) for array in inputs], 'outputs': [encode(array) for array in outputs]})

    def write(self):
        text = json.dumps(self.cases, separators=(',', ':')).encode()
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f'{self.group}.json.gz')
        with open(path, 'wb') as file:
            file.write(gzip.compress(text, 9, mtime=0))
        print(self.group, len(self.cases), 'cases', os.path.getsize(path), 'bytes')
