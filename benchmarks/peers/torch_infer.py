#!/usr/bin/env python3
"""The outputs of a net for one row with PyTorch, a call a measurement."""
import itertools

import common
import torch
import torch_mlp

torch.set_num_threads(common.THREADS)
net = torch_mlp.mlp().eval()
rows = itertools.cycle(torch.from_numpy(common.read_data("mnist01")[0][:1000]).split(1))


def infer():
    with torch.no_grad():
        return net(next(rows))


outputs = infer()[0]
common.report(common.measure(infer), outputs)
