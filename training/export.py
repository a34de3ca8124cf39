"""Writes the trained network as ONNX, and runs the written file.

The network is a plain chain of layers, so its graph is built node by node: the names, the operators and the opset are
then ours, and do not change with the version of an exporter.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

OPSET = 17
IR_VERSION = 8
INPUT, OUTPUT = "image", "scores"


def export_onnx(network: nn.Sequential, path: Path) -> None:
    nodes, weights = [], []
    value = INPUT
    layers = fold_batch_norms(network)
    for index, layer in enumerate(layers):
        result = OUTPUT if index == len(layers) - 1 else f"{type(layer).__name__.lower()}_{index}"
        node, tensors = to_node(layer, value, result)
        nodes.append(node)
        weights.extend(tensors)
        value = result
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, 1, 28, 28])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, 10])],
        weights,
    )
    model = helper.make_model(
        graph,
        producer_name="wasi-nn-web",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def fold_batch_norms(network: nn.Sequential) -> list[nn.Module]:
    """Batch norm is a fixed scale and shift once training is over; the convolution before it can do both."""
    layers: list[nn.Module] = []
    for layer in network.eval():
        if isinstance(layer, nn.BatchNorm2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(layer)
    return layers


def to_node(layer: nn.Module, value: str, result: str) -> tuple[onnx.NodeProto, list[onnx.TensorProto]]:
    """The ONNX node of one layer, and the weights that it reads."""
    match layer:
        case nn.Conv2d():
            attributes = {"kernel_shape": layer.kernel_size, "pads": layer.padding * 2, "strides": layer.stride}
            return weighted("Conv", layer, value, result, attributes)
        case nn.Linear():
            return weighted("Gemm", layer, value, result, {"transB": 1})
        case nn.MaxPool2d():
            size = [layer.kernel_size] * 2
            return helper.make_node("MaxPool", [value], [result], name=result, kernel_shape=size, strides=size), []
        case nn.ReLU():
            return helper.make_node("Relu", [value], [result], name=result), []
        case nn.AdaptiveAvgPool2d(output_size=1):
            return helper.make_node("GlobalAveragePool", [value], [result], name=result), []
        case nn.Flatten():
            return helper.make_node("Flatten", [value], [result], name=result, axis=1), []
    raise TypeError(f"no ONNX operator is known for {layer}")


def weighted(
    operator: str, layer: nn.Conv2d | nn.Linear, value: str, result: str, attributes: dict
) -> tuple[onnx.NodeProto, list[onnx.TensorProto]]:
    tensors = [
        numpy_helper.from_array(parameter.detach().contiguous().numpy(), f"{result}.{name}")
        for name, parameter in (("weight", layer.weight), ("bias", layer.bias))
    ]
    names = [tensor.name for tensor in tensors]
    return helper.make_node(operator, [value, *names], [result], name=result, **attributes), tensors


def count_parameters(path: Path) -> int:
    weights = onnx.load(path).graph.initializer
    return sum(int(np.prod(weight.dims)) for weight in weights)


def run_onnx(path: Path, images: np.ndarray) -> np.ndarray:
    """The scores of each image. The file takes one image at a time, as its users give them."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run([OUTPUT], {INPUT: image[None]})[0] for image in images])
