// consumer [PROCESSES]: each of them has its rows, and the loss of all.
#include <string>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/dist/mpi.hpp>
#include <tinynet/mlp.hpp>

int main(int count, char** words) {
  const tinynet::Mpi mpi;
  const auto whole = tinynet::synthetic_digits(300, 0).first;
  const auto mine = share(mpi, whole);
  tinynet::MLP<784, 8, 10> net{tinynet::Seed{0}};
  auto own = cross_entropy(net(mine.images), mine.labels);
  auto all = cross_entropy(net(whole.images), whole.labels);
  const bool rows = mine.images.size() * mpi.size() == whole.images.size() && own.item() == all.item();
  return rows && mpi.size() == (count > 1 ? std::stoi(words[1]) : 1) ? 0 : 1;
}
