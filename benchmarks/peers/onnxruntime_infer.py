#!/usr/bin/env python3
"""The outputs of a net for one row with ONNX Runtime, a call a measurement."""
import itertools

import common
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

nodes, weights, name = [], [], "x"
layers = common.start()
for i, (weight, bias) in enumerate(layers):
    weights += [numpy_helper.from_array(weight, f"w{i}"), numpy_helper.from_array(bias, f"b{i}")]
    nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], [f"y{i}"], transB=1))
    name = f"y{i}"
    if i + 1 < len(layers):
        nodes.append(helper.make_node("Relu", [name], [f"a{i}"]))
        name = f"a{i}"
graph = helper.make_graph(nodes, "mlp", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, common.SHAPE[0]])],
                          [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, common.SHAPE[-1]])], weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)  # any ONNX Runtime reads it
onnx.checker.check_model(model)

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = common.THREADS
session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
rows = itertools.cycle(np.split(common.read_data("mnist01")[0][:1000], 1000))


def infer():
    return session.run(None, {"x": next(rows)})[0]


outputs = infer()[0]
common.report(common.measure(infer), outputs)
