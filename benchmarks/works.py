"""The works and the peers that compare.py has: one table of each."""
from dataclasses import dataclass, field

UNITS = {"s": 1, "ms": 1e3, "µs": 1e6}

# Name -> whose program it is, and what it is told besides the work.
PEERS = {
    "tinynet": ("tinynet", {}),
    "tinynet, fit()": ("tinynet", {"mode": "fit"}),
    "tinynet, frozen": ("tinynet", {"mode": "frozen"}),
    "tinynet, general tape": ("tinynet", {"mode": "tape"}),
    "tinynet, one thread": ("tinynet", {"threads": 1}),
    "PyTorch eager": ("torch", {}),
    "PyTorch eager, one thread": ("torch", {"threads": 1}),
    "torch.compile": ("torch", {"mode": "compile"}),
    "PyTorch, CUDA graph": ("torch", {"mode": "graph"}),
    "JAX jit": ("jax", {}),
    "JAX jit, one thread": ("jax", {"threads": 1}),
    "ONNX Runtime": ("onnxruntime", {}),
    "Eigen by hand": ("eigen", {}),
    "dlib": ("dlib", {}),
    "CppAD": ("cppad", {}),
    "CppAD, recorded once": ("cppad", {"mode": "recorded"}),
    "ADOL-C": ("adolc", {}),
    "ADOL-C, recorded once": ("adolc", {"mode": "recorded"}),
    "Sacado, reverse mode": ("sacado", {}),
    "Sacado, forward mode": ("sacado", {"mode": "forward"}),
    "fifteen lines by hand": ("plain", {}),
}
PACKAGES = {"torch": ["torch"], "jax": ["jax"], "onnxruntime": ["onnxruntime", "onnx"]}


@dataclass
class Work:
    title: str
    unit: str  # of UNITS
    kind: str  # of the programs: train, infer, gradient, scalars, or the program mnist
    steps: int  # a process, each one a measurement
    peers: list  # the first is what the others are held against
    arguments: dict = field(default_factory=dict)
    tolerance: float = 1e-4  # how far the numbers that must be the same may differ
    measure: str = "step"  # or "start": until the first step is done; "process": from beginning to end


def training(title, unit, steps, peers, shape, data="mnist", batch=0, optimizer="sgd", lr=0.003, measure="step",
             **more):
    return Work(f"{title}, {shape}, {'Adam' if optimizer == 'adam' else 'SGD'}", unit, "train", steps, peers,
                dict(shape=shape, data=data, batch=batch, optimizer=optimizer, lr=lr, **more), measure=measure)


def scalars(title, *more, **arguments):
    return Work(title, "µs", "scalars", 500,
                ["tinynet", "CppAD", "ADOL-C", "Sacado, reverse mode", *more, "CppAD, recorded once",
                 "ADOL-C, recorded once", "fifteen lines by hand"], arguments, 1e-10)


MAIN = "784-30-30-10"
TRAINERS = ["tinynet", "PyTorch eager", "JAX jit", "Eigen by hand", "dlib"]
EVERYONE = ["tinynet", "tinynet, general tape", "PyTorch eager", "torch.compile", "JAX jit", "Eigen by hand", "dlib"]
BATCHERS = ["tinynet", "PyTorch eager", "JAX jit", "dlib"]
WORKS = {
    "full": training("full-batch step, MNIST", "ms", 60, EVERYONE, MAIN),
    "fit": training("full-batch step, MNIST, the user's loop and fit()", "ms", 60, ["tinynet", "tinynet, fit()"], MAIN),
    "threads": training("full-batch step, MNIST, one thread against all", "ms", 60,
                        ["tinynet", "tinynet, one thread", "PyTorch eager", "PyTorch eager, one thread", "JAX jit",
                         "JAX jit, one thread"], MAIN),
    "bytes": training("full-batch step, dense random pixels", "ms", 8, TRAINERS, MAIN, "bytes", lr=1e-5),
    "floats": training("full-batch step, dense random floats", "ms", 8, TRAINERS, MAIN, "floats"),
    "wide": training("full-batch step, MNIST", "ms", 5, TRAINERS, "784-256-128-10"),
    "shallow": training("full-batch step, MNIST", "ms", 8, TRAINERS, "784-128-10"),
    "small": training("full-batch step, 60000 rows of random floats", "ms", 30, TRAINERS, "32-16-16-4", "floats"),
    "batch64": training("epoch, MNIST, batches of 64", "s", 5, BATCHERS, MAIN, "mnist01", 64, "adam", 0.001),
    "batch512": training("epoch, MNIST, batches of 512", "s", 5, BATCHERS, "784-128-10", "mnist01", 512, "adam", 0.001),
    "start": training("from the program's start to the end of the first full-batch step, MNIST", "s", 1,
                      ["tinynet", "PyTorch eager", "JAX jit"], MAIN, measure="start"),
    "tape-net": Work("gradient of 3-16-16-1, tanh, for one row", "µs", "gradient", 5000,
                     ["tinynet, general tape", "tinynet", "PyTorch eager"], dict(function="net", shape="3-16-16-1")),
    "rosenbrock": Work("gradient of Rosenbrock's function in 1000 variables", "µs", "gradient", 5000,
                       ["tinynet", "PyTorch eager"], dict(function="rosenbrock")),
    "ode": scalars("gradient of logistic growth by 200 steps of Runge-Kutta in r, k, y(0), number by number",
                   "Sacado, forward mode", function="logistic", repeat=20),
    "rosenbrock100": scalars("gradient of Rosenbrock's function in 100 variables, number by number",
                             function="rosenbrock", n=100, repeat=100),
    "rosenbrock1000": scalars("gradient of Rosenbrock's function in 1000 variables, number by number",
                              function="rosenbrock", n=1000, repeat=10),
    "infer": Work(f"outputs for one row, {MAIN}", "µs", "infer", 10000,
                  ["tinynet", "tinynet, frozen", "PyTorch eager", "ONNX Runtime", "Eigen by hand", "dlib"],
                  dict(shape=MAIN)),
    "gpu": training("full-batch step on a GPU, MNIST", "µs", 25,
                    ["tinynet", "tinynet, general tape", "PyTorch eager", "torch.compile", "PyTorch, CUDA graph",
                     "JAX jit"], MAIN, device="cuda", chunk=200),
    "program": Work("the program mnist, 5000 steps, from reading the data to the last loss", "s", "program", 5000,
                    ["tinynet"], measure="process"),
}
