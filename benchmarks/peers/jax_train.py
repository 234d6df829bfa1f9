#!/usr/bin/env python3
"""Training with JAX, jitted."""
import os

import common

# XLA takes as many threads as there are CPUs.
if common.DEVICE == "cpu" and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:common.THREADS])

import jax
import jax.numpy as jnp

jax.config.update("jax_default_device", jax.devices(common.DEVICE)[0])
jax.config.update("jax_default_matmul_precision", "highest")  # no TF32
lr = float(common.ARGUMENTS["lr"])
parameters = jax.tree.map(jnp.asarray, common.start())


def loss_of(parameters, x, y):
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight.T + bias)
    weight, bias = parameters[-1]
    logits = jax.nn.log_softmax(x @ weight.T + bias)
    return -jnp.mean(jnp.take_along_axis(logits, y[:, None], 1))


def sgd(state, x, y):
    loss, gradient = jax.value_and_grad(loss_of)(state, x, y)
    return jax.tree.map(lambda p, g: p - lr * g, state, gradient), loss


def adam(state, x, y):
    parameters, mean, square, t = state
    loss, gradient = jax.value_and_grad(loss_of)(parameters, x, y)
    t = t + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradient)
    parameters = jax.tree.map(
        lambda p, m, v: p - lr * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), parameters, mean, square)
    return (parameters, mean, square, t), loss


if common.ARGUMENTS["optimizer"] == "adam":
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    update, state = jax.jit(adam), (parameters, zeros, zeros, 0)
else:
    update, state = jax.jit(sgd), parameters


def step(x, y):
    global state
    state, loss = update(state, x, y)
    return loss


def gradient():
    return jax.tree.leaves(jax.jit(jax.grad(loss_of))(parameters, x, y))


x, y = common.read_data(common.ARGUMENTS["data"])
if common.ARGUMENTS["batch"] == "0":
    x, y = jnp.asarray(x), jnp.asarray(y)
# Batches are cut from NumPy's arrays: a slice of JAX's is a compiled call of its own.
common.train(step, x, y, gradient)
