#!/usr/bin/env python3
"""Times compiling a program that trains with tinynet against one that only multiplies two of Eigen's matrices.

    benchmarks/compile_time.py [--compiler g++] [--flags "-O2 -std=c++20"] [--rounds 5] [--eigen /usr/include/eigen3]

Compiles in turns; prints the medians of the processor's seconds (a busy machine changes them less than a clock's) and
the compiler's peak memory as a table for the README.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

PROGRAMS = {
    "Eigen alone: two matrices multiplied": """
#include <Eigen/Core>
#include <iostream>
int main() {
  const Eigen::MatrixXf a = Eigen::MatrixXf::Random(30, 784), b = Eigen::MatrixXf::Random(784, 30);
  std::cout << (a * b).sum();
}
""",
    "tinynet: `MLP<784, 30, 30, 10>` trained": """
#include <tinynet/mlp.hpp>
#include <iostream>
#include <vector>
namespace tn = tinynet;
int main() {
  const tn::Matrix<float> images = tn::Matrix<float>::Random(1000, 784);
  const std::vector<int> labels(1000, 3);
  tn::MLP<784, 30, 30, 10> net{tn::Seed{0}};
  tn::SGD optimizer{net, {.lr = 0.003f}};
  for (int step = 0; step < 10; ++step) {
    auto loss = tn::cross_entropy(net(images), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    std::cout << loss.item();
  }
}
""",
    "tinynet: the tape alone": """
#include <tinynet/autodiff/ops/matmul.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <iostream>
int main() {
  tinynet::Parameter<float> a(30, 784), b(784, 30);
  auto loss = sum(matmul(a, b));
  loss.backward();
  std::cout << a.grad().sum();
}
""",
}


def compile_once(command):
    """The processor's seconds and the MB of the largest process, those that the compiler started (cc1plus) included."""
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"compile_time.py: error: {' '.join(command)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--flags", default="-O2 -std=c++20")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = {}
        for number, (name, text) in enumerate(PROGRAMS.items()):
            source = pathlib.Path(folder) / f"{number}.cpp"
            source.write_text(text)
            commands[name] = [options.compiler, *options.flags.split(), f"-I{HERE.parent / 'include'}",
                              f"-isystem{options.eigen}", "-c", str(source), "-o", str(source.with_suffix(".o"))]
        peaks = {name: compile_once(command)[1] for name, command in commands.items()}  # and the files are cached
        seconds = {name: [] for name in commands}
        for round_ in range(options.rounds):
            for name in list(commands)[:: 1 if round_ % 2 == 0 else -1]:
                seconds[name].append(compile_once(commands[name])[0])
    base = statistics.median(next(iter(seconds.values())))
    version = subprocess.run([options.compiler, "--version"], capture_output=True, text=True, check=True)
    print(f"{version.stdout.splitlines()[0]}, {options.flags}, {options.rounds} rounds in turns\n")
    print("| program | CPU seconds | times the first | peak memory, MB |\n| --- | ---: | ---: | ---: |")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"| {name} | {median:.2f} | {median / base:.2f} | {peaks[name]:.0f} |")


if __name__ == "__main__":
    main()
