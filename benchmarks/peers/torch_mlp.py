"""The net of the command line as PyTorch's layers."""
import common
import torch


def mlp(activation=torch.nn.ReLU):
    torch.manual_seed(0)
    layers = []
    for n, m in zip(common.SHAPE, common.SHAPE[1:]):
        layers += [torch.nn.Linear(n, m), activation()]
    return torch.nn.Sequential(*layers[:-1])
