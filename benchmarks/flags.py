#!/usr/bin/env python3
"""What the compiler's flags are worth: times a step of the main job built with some, in turns.

    benchmarks/flags.py [--compiler g++] [--rounds 3] [--eigen /usr/include/eigen3]

The program trains 784-30-30-10 on 60000 drawn digits, full batch, as README.md's does on MNIST. Prints the medians of
the milliseconds a step, and how many times those of the first row they are, as a table for docs/performance.md.
"""
import argparse
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["-O3 -march=native", "-O2 -march=native", "-O3", "-O2", "-O1", ""]
PROGRAM = """
#include <algorithm>
#include <chrono>
#include <iostream>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/mlp.hpp>
#include <vector>
namespace tn = tinynet;

int main() {
  const auto digits = tn::synthetic_digits(60000, 0).first;
  tn::MLP<784, 30, 30, 10> net{tn::Seed{0}};
  tn::SGD optimizer{net, {.lr = 0.003}};
  std::vector<double> milliseconds;
  double in_all = 0;
  while (milliseconds.size() < 5 || (in_all < 1000 && milliseconds.size() < 50)) {
    const auto start = std::chrono::steady_clock::now();
    auto loss = tn::cross_entropy(net(digits.images), digits.labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    milliseconds.push_back(time.count());
    in_all += time.count();
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::cout << milliseconds[milliseconds.size() / 2] << std::endl;
}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "program.cpp").write_text(PROGRAM)
        programs = {}
        for number, flags in enumerate(FLAGS):
            programs[flags] = folder / f"program{number}"
            command = [options.compiler, "-std=c++20", "-DTINYNET_ALLOW_UNOPTIMIZED", *flags.split(), "-I",
                       HERE.parent / "include", "-isystem", options.eigen, folder / "program.cpp", "-o", programs[flags],
                       "-pthread"]
            subprocess.run(command, check=True)
        times = {flags: [] for flags in FLAGS}
        for _ in range(options.rounds):
            for flags in FLAGS:
                printed = subprocess.run([programs[flags]], check=True, capture_output=True, text=True).stdout
                times[flags].append(float(printed))
    medians = {flags: statistics.median(values) for flags, values in times.items()}
    print("| flags | milliseconds a step | times the first |\n| --- | ---: | ---: |")
    for flags, median in medians.items():
        ratio = median / medians[FLAGS[0]]
        print(f"| {f'`{flags}`' if flags else 'none (CMake without a build type)'} | {median:.1f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
