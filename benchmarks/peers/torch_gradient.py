#!/usr/bin/env python3
"""Gradients with PyTorch, one a measurement: of a net for one row, and of Rosenbrock's function in 1000 variables."""
import common
import torch
import torch_mlp

torch.set_num_threads(common.THREADS)

if common.ARGUMENTS["function"] == "net":
    net = torch_mlp.mlp(torch.nn.Tanh)
    variables = list(net.parameters())
    x, target = torch.tensor([[0.5, -0.25, 1.0]]), torch.tensor([[1.0]])

    def f():
        return torch.nn.functional.mse_loss(net(x), target)
else:
    x = (0.5 * (torch.arange(1000) % 7 - 3)).requires_grad_()
    variables = [x]

    def f():
        following, here = x[1:], x[:-1]
        return torch.sum(100 * (following - here**2)**2 + (1 - here)**2)


def gradient():
    value = f()
    for variable in variables:
        variable.grad = None
    value.backward()


measured = common.measure(gradient)
common.report(measured, [f().detach(), torch.cat([variable.grad.flatten() for variable in variables]).norm()])
