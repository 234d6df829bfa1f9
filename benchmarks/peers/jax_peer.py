#!/usr/bin/env python3
"""jax_peer.py WORK STEPS THREADS: the works of compare.py with JAX, jitted. It starts from other weights than the
others unless torch is there to draw them."""
import os

import python_data as data

work, steps, threads, _ = data.arguments()
if threads:  # XLA takes as many threads as there are CPUs
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])

import jax
import jax.numpy as jnp
import torch

x, y = map(jnp.asarray, data.training_set(work))
torch.manual_seed(0)
parameters = []
for n, m in zip(data.SHAPES[work], data.SHAPES[work][1:]):
    layer = torch.nn.Linear(n, m)
    parameters.append((jnp.asarray(layer.weight.detach().numpy()), jnp.asarray(layer.bias.detach().numpy())))


def loss_of(p, a, b):
    for w, c in p[:-1]:
        a = jax.nn.relu(a @ w.T + c)
    w, c = p[-1]
    logits = a @ w.T + c
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), b[:, None], 1))


if work in data.BATCH:
    size = data.BATCH[work]

    @jax.jit
    def train(state, a, b):
        p, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(p, a, b)
        t = t + 1
        m = jax.tree.map(lambda s, d: 0.9 * s + 0.1 * d, m, g)
        v = jax.tree.map(lambda s, d: 0.999 * s + 0.001 * d * d, v, g)
        p = jax.tree.map(lambda w, s, q: w - 1e-3 * (s / (1 - 0.9**t)) / (jnp.sqrt(q / (1 - 0.999**t)) + 1e-8), p, m, v)
        return (p, m, v, t), loss

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros, zeros, 0)

    def step(_):
        global state
        for i in range(0, len(x), size):
            state, loss = train(state, x[i:i + size], y[i:i + size])
        return loss.block_until_ready()
else:
    rate = data.LEARNING_RATE[work]

    @jax.jit
    def train(p, a, b):
        loss, g = jax.value_and_grad(loss_of)(p, a, b)
        return jax.tree.map(lambda w, d: w - rate * d, p, g), loss

    def step(_):
        global parameters
        parameters, loss = train(parameters, x, y)
        return loss.block_until_ready()

data.measure(steps, step)
