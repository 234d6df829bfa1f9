"""Writes into the current folder: net.safetensors, a net's weights, and pair.safetensors, an input and its output."""

import torch
from safetensors.torch import save_file

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
x = torch.randn(5, 4)
with torch.no_grad():
    y = net(x)

save_file(net.state_dict(), "net.safetensors")  # 0.weight, 0.bias, 2.weight, 2.bias
save_file({"input": x, "output": y}, "pair.safetensors")
