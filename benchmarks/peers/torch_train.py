#!/usr/bin/env python3
"""Training with PyTorch, eager, compiled (mode=compile), or on a GPU as a captured CUDA graph (mode=graph)."""
import copy

import common
import torch
import torch.nn.functional as F
import torch_mlp

torch.set_num_threads(common.THREADS)
torch.set_float32_matmul_precision("highest")  # no TF32
net = torch_mlp.mlp().to(common.DEVICE)
method = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[common.ARGUMENTS["optimizer"]]
optimizer = method(net.parameters(), lr=float(common.ARGUMENTS["lr"]))


def loss_of(x, y):
    return F.cross_entropy(net(x), y)


if common.MODE == "compile":
    loss_of = torch.compile(loss_of)


def step(x, y):
    loss = loss_of(x, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def gradient():
    return [part.cpu() for part in torch.autograd.grad(loss_of(x, y), list(net.parameters()))]


def captured():
    """The step for all data as a CUDA graph: some steps to warm up on another stream, then one that is recorded."""
    start = copy.deepcopy(net.state_dict())
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step(x, y)
    torch.cuda.current_stream().wait_stream(stream)
    net.load_state_dict(start)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step(x, y)

    def replay(*_):
        graph.replay()
        return loss

    return replay


x, y = (torch.from_numpy(numbers).to(common.DEVICE) for numbers in common.read_data(common.ARGUMENTS["data"]))
common.train(captured() if common.MODE == "graph" else step, x, y, gradient)
