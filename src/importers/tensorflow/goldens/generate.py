"""Writes operators.jsonl: for each case a frozen graph, its inputs, and TensorFlow's outputs; and saved-model.jsonl.

    pip install tensorflow-cpu==2.21
    python generate.py

A new case is a line `case(name, function, inputs...)`. A `None` in a shape leaves the length of the axis open in the graph.
"""

import base64
import json
import os
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

raw = tf.raw_ops
random = np.random.default_rng(7)
lines = []


def floats(*shape, low=-2.0, high=2.0):
    return random.uniform(low, high, shape).astype(np.float32)


def integers(*shape, low=-5, high=6, dtype=np.int32):
    return random.integers(low, high, shape).astype(dtype)


def encode(array):
    array = np.asarray(array)
    return {
        "type": array.dtype.name,
        "dims": list(array.shape),
        "data": base64.b64encode(array.tobytes()).decode(),
    }


def case(name, function, *inputs, open_axes=(0,)):
    names = ["x", "y", "z", "w"][: len(inputs)]
    specs = [
        tf.TensorSpec([None if axis in open_axes else length for axis, length in enumerate(value.shape)], value.dtype, n)
        for n, value in zip(names, inputs)
    ]
    concrete = tf.function(lambda *arguments: function(*arguments)).get_concrete_function(*specs)
    answers = concrete(*[tf.constant(value) for value in inputs])
    answers = answers if isinstance(answers, (list, tuple)) else [answers]
    frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    graph = frozen.graph.as_graph_def()
    for node in [*graph.node, *[n for f in graph.library.function for n in f.node_def]]:
        for key in [k for k in node.attr if k.startswith("_")]:
            del node.attr[key]
        node.ClearField("experimental_debug_info")
    for definition in graph.library.function:
        definition.ClearField("arg_attr")
        for key in list(definition.attr):
            del definition.attr[key]
    lines.append(
        json.dumps(
            {
                "name": name,
                "graph": base64.b64encode(graph.SerializeToString(deterministic=True)).decode(),
                "inputs": {n: encode(value) for n, value in zip(names, inputs)},
                "outputs": {tensor.name: encode(answer) for tensor, answer in zip(frozen.outputs, answers)},
            },
            separators=(",", ":"),
        )
    )


image = floats(1, 7, 6, 4)

# Element by element.
for op in ["Abs", "Ceil", "Cos", "Cosh", "Elu", "Erf", "Erfc", "Exp", "Expm1", "Floor", "Neg", "Relu", "Relu6", "Rint",
           "Round", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Square", "Tan", "Tanh", "Atan",
           "Asinh", "IsNan", "IsInf", "IsFinite"]:
    function = getattr(raw, op)
    argument = {"Relu": "features", "Relu6": "features", "Elu": "features", "Selu": "features", "Softplus": "features",
                "Softsign": "features"}.get(op, "x")
    case(op, lambda x, f=function, a=argument: f(**{a: x}), np.append(floats(2, 5), [[0.5] * 5], 0).astype(np.float32))
for op in ["Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal", "Acosh"]:
    case(op, lambda x, f=getattr(raw, op): f(x=x), floats(3, 4, low=1.1, high=4))
for op in ["Acos", "Asin", "Atanh"]:
    case(op, lambda x, f=getattr(raw, op): f(x=x), floats(3, 4, low=-0.9, high=0.9))
case("LeakyRelu", lambda x: tf.nn.leaky_relu(x, 0.3), floats(3, 4))
case("LogicalNot", lambda x: tf.logical_not(x > 0), floats(3, 4))
case("Cast", lambda x: (tf.cast(x, tf.int32), tf.cast(x, tf.bool), tf.cast(x, tf.uint8)), floats(3, 4, low=0, high=9))

# Two operands.
for op in ["AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "SquaredDifference", "FloorDiv", "FloorMod", "Equal",
           "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", "DivNoNan", "MulNoNan", "Xdivy", "TruncateMod"]:
    case(op, lambda x, y, f=getattr(raw, op): f(x=x, y=y), floats(3, 4), np.float32([[1.5], [0.0], [-2.0]])
         if op in ["DivNoNan", "MulNoNan"] else np.float32([[1.5], [0.7], [-2.0]]))
for op in ["FloorDiv", "FloorMod", "TruncateDiv", "AddV2", "Maximum"]:
    case(f"{op} of integers", lambda x, y, f=getattr(raw, op): f(x=x, y=y), integers(3, 4),
         np.int32([[3], [-2], [4]]))
case("Pow", lambda x, y: tf.pow(x, y), floats(3, 4, low=0.1), floats(3, 4))
case("Xlogy", lambda x, y: tf.math.xlogy(x, y), np.float32([0, 1, 2]), np.float32([0, 2, 3]))
case("LogicalAnd, LogicalOr", lambda x, y: tf.logical_or(tf.logical_and(x > 0, y > 0), x < -1), floats(3, 4), floats(3, 4))
case("AddN", lambda x, y: tf.add_n([x, y, x]), floats(3, 4), floats(3, 4))
case("ClipByValue", lambda x: tf.clip_by_value(x, -0.5, 1.0), floats(3, 4))
case("BiasAdd", lambda x: tf.nn.bias_add(x, np.float32([1, 2, 3, 4])), image)
case("SelectV2, Select", lambda x, y: (tf.where(x > 0, x, y), raw.Select(condition=x[:, 0] > 0, x=x, y=y)), floats(3, 4),
     floats(3, 4))

# Images.
kernel = floats(3, 2, 4, 5)
for padding in ["SAME", "VALID"]:
    case(f"Conv2D {padding}", lambda x, p=padding: tf.nn.conv2d(x, kernel, 1, p), image)
    case(f"Conv2D {padding} strides", lambda x, p=padding: tf.nn.conv2d(x, kernel, [1, 2, 3, 1], p), image)
    case(f"Conv2D {padding} of open size", lambda x, p=padding: tf.nn.conv2d(x, kernel, 2, p), image, open_axes=(0, 1, 2))
    case(f"Conv2D {padding} dilations", lambda x, p=padding: tf.nn.conv2d(x, kernel, 1, p, dilations=2), image)
    case(f"DepthwiseConv2dNative {padding}", lambda x, p=padding: tf.nn.depthwise_conv2d(x, floats(3, 3, 4, 2), [1, 2, 2, 1], p), image)
    case(f"DepthwiseConv2dNative {padding} dilations",
         lambda x, p=padding: tf.nn.depthwise_conv2d(x, floats(2, 2, 4, 1), [1, 1, 1, 1], p, dilations=[2, 2]), image)
    case(f"MaxPool {padding}", lambda x, p=padding: tf.nn.max_pool2d(x, [3, 2], 2, p), image)
    case(f"AvgPool {padding}", lambda x, p=padding: tf.nn.avg_pool2d(x, 3, 2, p), image)
    case(f"Conv3D {padding}", lambda x, p=padding: tf.nn.conv3d(x, floats(2, 2, 2, 2, 3), [1, 1, 2, 1, 1], p), floats(1, 4, 5, 4, 2))
    case(f"MaxPool3D, AvgPool3D {padding}", lambda x, p=padding: (tf.nn.max_pool3d(x, 2, 2, p), tf.nn.avg_pool3d(x, 2, 2, p)), floats(1, 4, 5, 4, 2))
    case(f"Conv2DBackpropInput {padding}",
         lambda x, p=padding: tf.nn.conv2d_transpose(x, floats(3, 3, 5, 4), tf.stack([tf.shape(x)[0], 14 if p == "SAME" else 15, 12 if p == "SAME" else 13, 5]), 2, p), image)
    case(f"Conv2DBackpropInput {padding} odd",
         lambda x, p=padding: tf.nn.conv2d_transpose(x, floats(3, 3, 5, 4), [1, 13 if p == "SAME" else 16, 11 if p == "SAME" else 14, 5], 2, p), image, open_axes=())
    case(f"Conv2DBackpropInput {padding} small kernel",
         lambda x, p=padding: tf.nn.conv2d_transpose(x, floats(2, 2, 5, 4), tf.stack([tf.shape(x)[0], 3 * tf.shape(x)[1], 3 * tf.shape(x)[2], 5]), 3, p), image, open_axes=(0, 1, 2))
case("Conv2D EXPLICIT", lambda x: tf.nn.conv2d(x, kernel, 2, [[0, 0], [1, 2], [0, 1], [0, 0]]), image)
case("Conv2D in groups", lambda x: tf.nn.conv2d(x, floats(3, 3, 2, 6), 1, "SAME"), image)
case("Conv2D in blocks of the batch", lambda x: raw.BatchToSpaceND(
    input=tf.nn.conv2d(raw.SpaceToBatchND(input=x, block_shape=[2, 2], paddings=[[2, 3], [2, 2]]), kernel, 1, "VALID"),
    block_shape=[2, 2], crops=[[0, 1], [0, 0]]), image)
case("SpaceToBatchND of open size", lambda x: raw.SpaceToBatchND(input=x, block_shape=[2], paddings=[[1, 0]]), image, open_axes=(0, 1, 2))
case("Pad, MaxPool", lambda x: tf.nn.max_pool2d(tf.pad(x - 3, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID"), image)
case("Conv2D, Pad, MaxPool", lambda x: tf.nn.max_pool2d(tf.pad(tf.nn.conv2d(x, kernel, 1, "SAME"), [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID"), image)
case("FusedBatchNormV3", lambda x: raw.FusedBatchNormV3(x=x, scale=floats(4), offset=floats(4), mean=floats(4), variance=floats(4, low=0.5), epsilon=0.01, is_training=False)[0], image)
case("LRN", lambda x: tf.nn.local_response_normalization(x, 1, 1.5, 0.3, 0.6), image)
case("L2Loss, Mean of squares", lambda x: tf.sqrt(tf.reduce_mean(x * x, [1, 2], keepdims=True)), image)
case("Conv2D, elementwise, Mean", lambda x: tf.reduce_mean(tf.nn.relu6(tf.nn.conv2d(x, kernel, 1, "SAME") * floats(5) + floats(5)) * 0.5, [1, 2]), image)
case("Conv2D, ConcatV2, Conv2D", lambda x: tf.nn.conv2d(tf.concat([tf.nn.conv2d(x, kernel, 1, "SAME"), tf.nn.swish(tf.nn.conv2d(x, kernel, 1, "SAME"))], -1), floats(1, 1, 10, 2), 1, "SAME"), image)
case("Conv2D, squeeze and excite", lambda x: tf.nn.conv2d(x, kernel, 1, "SAME") * tf.sigmoid(tf.nn.conv2d(tf.reduce_mean(tf.nn.conv2d(x, kernel, 1, "SAME"), [1, 2], keepdims=True), floats(1, 1, 5, 5), 1, "SAME")), image)
case("Conv2D, Softmax", lambda x: tf.nn.softmax(tf.nn.conv2d(x, kernel, 1, "SAME")), image)
case("Conv2D, Reshape", lambda x: tf.reshape(tf.nn.conv2d(x, kernel, 1, "SAME"), [tf.shape(x)[0], -1, 5]), image)
case("Conv2D, Transpose", lambda x: tf.transpose(tf.nn.conv2d(x, kernel, 1, "SAME"), [0, 3, 1, 2]) + 1, image)
for op in ["ResizeBilinear", "ResizeNearestNeighbor"]:
    for centers, corners in [(False, False), (True, False), (False, True)]:
        for size in [[14, 18], [5, 4], [10, 9]]:
            case(f"{op} {size} {centers} {corners}", lambda x, o=op, c=centers, a=corners, s=size: getattr(raw, o)(images=x, size=s, half_pixel_centers=c, align_corners=a), image)
    case(f"{op} of open size", lambda x, o=op: getattr(raw, o)(images=x, size=tf.shape(x)[1:3] * 2, half_pixel_centers=True), image, open_axes=(0, 1, 2))
case("ResizeBicubic", lambda x: raw.ResizeBicubic(images=x, size=[10, 9], half_pixel_centers=True), image)
case("DepthToSpace, SpaceToDepth", lambda x: (tf.nn.depth_to_space(x, 2), tf.nn.space_to_depth(x[:, :6], 2)), image)
boxes = np.float32([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1], [0, 100, 1, 101]])
scores = np.float32([0.9, 0.75, 0.6, 0.95, 0.5, 0.3])
case("NonMaxSuppressionV3", lambda x, y: raw.NonMaxSuppressionV3(boxes=x, scores=y, max_output_size=3, iou_threshold=0.5, score_threshold=0.1), boxes, scores)
case("NonMaxSuppressionV4", lambda x, y: raw.NonMaxSuppressionV4(boxes=x, scores=y, max_output_size=6, iou_threshold=0.5, score_threshold=0.4, pad_to_max_output_size=True), boxes, scores)
case("NonMaxSuppressionV5", lambda x, y: raw.NonMaxSuppressionV5(boxes=x, scores=y, max_output_size=6, iou_threshold=0.5, score_threshold=0.0, soft_nms_sigma=0.0), boxes, scores)
case("CropAndResize", lambda x: tf.image.crop_and_resize(x, np.float32([[0, 0, 1, 1], [0.2, 0.1, 0.7, 1.3], [0.9, 0.8, 0.1, 0.2]]), [0, 1, 1], [3, 4], extrapolation_value=0.5), floats(2, 5, 4, 2))

# Shapes.
case("StridedSlice ranges", lambda x: (x[1:, ::2], x[:, ::-1], x[..., 1:-1], x[:, 4:0:-2], x[:-1, -3:]), floats(4, 6, 5))
case("StridedSlice indexes", lambda x: (x[0], x[:, -1], x[..., 2], x[1, :, 3], x[:, 2, 1:3]), floats(4, 6, 5))
case("StridedSlice new axes", lambda x: (x[:, tf.newaxis], x[..., tf.newaxis], x[tf.newaxis, 0, ..., tf.newaxis, 1:]), floats(4, 6, 5))
case("StridedSlice of tensors", lambda x, y: (x[y[0]:, : y[1]], x[:, y[0]]), floats(4, 6), np.int32([1, 4]), open_axes=())
case("Slice", lambda x, y: (tf.slice(x, [1, 0], [2, -1]), tf.slice(x, y, [-1, 2])), floats(4, 6), np.int32([1, 2]), open_axes=())
case("Reshape with a length of the input", lambda x: tf.reshape(x, [tf.shape(x)[0], -1, 2]), floats(3, 4, 4))
case("Reshape with two lengths of the input", lambda x: tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1] // 2, 2]), floats(3, 4), open_axes=(0, 1))
case("Reshape to flat", lambda x: tf.reshape(x, [-1]), floats(3, 4))
case("Squeeze, ExpandDims", lambda x: (tf.squeeze(x, [1]), tf.expand_dims(x, -1), tf.expand_dims(x, 1)), floats(3, 1, 4))
case("Transpose", lambda x: tf.transpose(x, [2, 0, 1]), floats(2, 3, 4))
case("ConcatV2", lambda x, y: (tf.concat([x, y], -1), tf.concat([x, x, y], 0)), floats(3, 4), floats(3, 4))
case("Pack, Unpack", lambda x, y: [tf.stack([x, y], 1), tf.stack([x, y], -1), *tf.unstack(x, axis=1)], floats(3, 4), floats(3, 4))
case("Split, SplitV", lambda x: [*tf.split(x, 2, 1), *tf.split(x, [1, -1, 2], 1)], floats(3, 6))
case("Tile", lambda x: tf.tile(x, [2, 3]), floats(3, 2))
case("Fill, Shape, Size, Rank", lambda x: (tf.fill(tf.shape(x), 2.5) + x, tf.size(x), tf.zeros([tf.rank(x)])), floats(3, 2))
case("BroadcastTo", lambda x: tf.broadcast_to(x, [2, 3, 4]), floats(3, 1), open_axes=())
case("OnesLike, ZerosLike", lambda x: (tf.ones_like(x) + x, raw.ZerosLike(x=x)), floats(3, 2))
case("Range", lambda x: tf.range(tf.shape(x)[0]) * 2, floats(3, 2))
case("Pad, PadV2", lambda x: (tf.pad(x, [[1, 0], [2, 1]]), tf.pad(x, [[1, 0], [2, 1]], constant_values=3.0)), floats(3, 4))
case("MirrorPad", lambda x: (tf.pad(x, [[1, 0], [2, 1]], "REFLECT"), tf.pad(x, [[1, 1], [0, 1]], "SYMMETRIC")), floats(3, 4))
case("Pad by a tensor", lambda x, y: tf.pad(x, y), floats(3, 4), np.int32([[1, 0], [2, 1]]), open_axes=())
case("ReverseV2", lambda x: tf.reverse(x, [0, -1]), floats(3, 4))

# Indexes.
case("GatherV2", lambda x: (tf.gather(x, [2, 0]), tf.gather(x, [[1, 3], [0, 0]], axis=1)), floats(3, 4))
case("GatherV2 in batches", lambda x, y: tf.gather(x, y, batch_dims=1), floats(3, 4, 2), integers(3, 2, low=0, high=4))
case("GatherNd", lambda x: tf.gather_nd(x, [[0, 1], [2, 3]]), floats(3, 4, 2))
case("ScatterNd, TensorScatterUpdate", lambda x: (tf.scatter_nd([[1], [3], [1]], x, [5, 4]), tf.tensor_scatter_nd_update(x, [[0], [2]], x[:2] * 2)), floats(3, 4))
case("OneHot", lambda x: (tf.one_hot(x, 4), tf.one_hot(x, 3, 2.0, -1.0, axis=1)), integers(3, 2, low=0, high=3))
case("TopKV2", lambda x: tf.math.top_k(x, 3), floats(3, 6))
case("ArgMax, ArgMin", lambda x: (tf.argmax(x, 1), tf.argmin(x, 0, output_type=tf.int32)), floats(3, 6))
case("Where", lambda x: tf.where(x > 0), floats(3, 4))

# Reductions and products.
for op in ["Mean", "Sum", "Max", "Min", "Prod", "EuclideanNorm"]:
    case(op, lambda x, f=getattr(raw, op): (f(input=x, axis=[1]), f(input=x, axis=[-1, 0], keep_dims=True), f(input=x, axis=[]) + 0.0), floats(3, 4, 2))
case("All, Any", lambda x: (tf.reduce_all(x > -1, 1), tf.reduce_any(x > 1, 0, keepdims=True)), floats(3, 4))
case("Sum over axes of a tensor", lambda x, y: tf.reduce_sum(x, y), floats(3, 4), np.int32([1]), open_axes=())
case("Cumsum", lambda x: (tf.cumsum(x, 1), tf.cumsum(x, 1, exclusive=True, reverse=True)), floats(3, 4))
case("Softmax, LogSoftmax", lambda x: (tf.nn.softmax(x), tf.nn.log_softmax(x)), floats(3, 4))
case("MatMul", lambda x: (tf.matmul(x, floats(4, 5)), tf.matmul(x, floats(5, 4), transpose_b=True), tf.matmul(x, floats(3, 2), transpose_a=True)), floats(3, 4), open_axes=())
case("BatchMatMulV2", lambda x, y: (tf.matmul(x, y), tf.matmul(x, x, transpose_b=True)), floats(2, 3, 4), floats(2, 4, 5))
case("Einsum", lambda x, y: (tf.einsum("abc,cd->abd", x, y), tf.einsum("...ij->...ji", x)), floats(2, 3, 4), floats(4, 5), open_axes=())
case("Tensordot", lambda x: tf.tensordot(x, floats(4, 5), [[2], [0]]), floats(2, 3, 4))

# Control flow.
def steps(x, length, last_only=False):
    """A recurrent layer: reads a list in a loop, and writes another."""
    rows = tf.TensorArray(tf.float32, length).unstack(tf.transpose(x, [1, 0, 2]))
    results = tf.TensorArray(tf.float32, 1 if last_only else length)
    kernel = floats(3, 3)

    def step(i, state, results):
        state = tf.tanh(state @ kernel + rows.read(i))
        return i + 1, state, results.write(0 if last_only else i, state)

    _, state, results = tf.while_loop(lambda i, *_: i < length, step, (0, tf.zeros_like(x[:, 0]), results))
    return results.stack(), state


case("While that is known to end", lambda x: steps(x, 4), floats(2, 4, 3))
case("While over an open axis", lambda x: steps(x, tf.shape(x)[1]), floats(2, 4, 3), open_axes=(0, 1))
case("While that keeps its last element", lambda x: steps(x, tf.shape(x)[1], True), floats(2, 4, 3), open_axes=(0, 1))
case("While that goes round often", lambda x: tf.while_loop(lambda i, x: i < 1000, lambda i, x: (i + 1, tf.sin(x) + 0.1), (0, x))[1], floats(3))
case("While until a value", lambda x: tf.while_loop(lambda x: tf.reduce_sum(x) < 100.0, lambda x: (x * 1.5 + 1,), (x,))[0], floats(2, 3, low=0.1))
case("While in a While", lambda x, y: tf.while_loop(lambda i, x: i < y, lambda i, x: (i + 1, tf.while_loop(lambda j, x: j < i, lambda j, x: (j + 1, x + 1), (0, x * 2))[1]), (0, x))[1], floats(3), np.int32(3))
case("If", lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: (x * 2, tf.shape(x)), lambda: (x[:1] - 1, tf.shape(x) + 1)), floats(3, 2))
case("If that is known", lambda x: tf.cond(tf.shape(x)[1] > 1, lambda: x * 2, lambda: x - 1), floats(3, 2))
case("PartitionedCall", lambda x: tf.function(lambda a, b: (a + b, a * b))(x, x * 2), floats(3, 2))

with open(os.path.join(os.path.dirname(__file__), "operators.jsonl"), "w") as file:
    file.write("\n".join(lines) + "\n")
print(len(lines), "cases")


class Dense(tf.Module):
    """A model with variables, for a SavedModel."""

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(floats(4, 3), name="kernel")
        self.bias = tf.Variable(floats(3), name="bias")
        self.table = tf.Variable(floats(5, 3), name="table")

    @tf.function(input_signature=[tf.TensorSpec([None, 4], name="features"), tf.TensorSpec([None], tf.int32, name="ids")])
    def serve(self, features, ids):
        logits = tf.nn.softmax(features @ self.kernel + self.bias)
        return {"logits": logits, "embedding": tf.gather(self.table, ids)}


with tempfile.TemporaryDirectory() as folder:
    model = Dense()
    tf.saved_model.save(model, folder, signatures=model.serve)
    files = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]
    inputs = {"features": floats(2, 4), "ids": np.int32([4, 0])}
    answers = model.serve(**{name: tf.constant(value) for name, value in inputs.items()})
    golden = {
        "parts": [base64.b64encode(open(os.path.join(folder, file), "rb").read()).decode() for file in files],
        "inputs": {name: encode(value) for name, value in inputs.items()},
        "outputs": {name: encode(value) for name, value in answers.items()},
    }
with open(os.path.join(os.path.dirname(__file__), "saved-model.jsonl"), "w") as file:
    file.write(json.dumps(golden, separators=(",", ":")) + "\n")
