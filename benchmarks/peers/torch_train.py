#!/usr/bin/env python3
"""Training with PyTorch, eager or compiled (mode=compile)."""
import common
import torch
import torch.nn.functional as F
import torch_mlp

torch.set_num_threads(common.THREADS)
net = torch_mlp.mlp()
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


common.train(step, *map(torch.from_numpy, common.read_data(common.ARGUMENTS["data"])))
