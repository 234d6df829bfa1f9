#!/usr/bin/env python3
"""torch_peer.py WORK STEPS THREADS [eager|compile]: the works of compare.py with PyTorch."""
import torch
import torch.nn.functional as F

import python_data as data

work, steps, threads, mode = data.arguments()
if threads:
    torch.set_num_threads(threads)
x, y = map(torch.from_numpy, data.training_set(work))

torch.manual_seed(0)
layers = []
for n, m in zip(data.SHAPES[work], data.SHAPES[work][1:]):
    layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
net = torch.nn.Sequential(*layers[:-1])


def loss_of(a, b):
    return F.cross_entropy(net(a), b)


if mode == "compile":
    loss_of = torch.compile(loss_of)


def train(a, b):
    loss = loss_of(a, b)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


if work in data.BATCH:
    size = data.BATCH[work]
    optimizer = torch.optim.Adam(net.parameters())

    def step(_):
        for i in range(0, len(x), size):
            loss = train(x[i:i + size], y[i:i + size])
        return loss.item()
else:
    optimizer = torch.optim.SGD(net.parameters(), lr=data.LEARNING_RATE[work])

    def step(_):
        return train(x, y).item()

data.measure(steps, step)
