// What the stand-in for the CUDA runtime library has been asked for.
#pragma once

namespace stand_in {

struct Counts {
  int kernels = 0;      ///< launched, one by one or in graphs
  int graphs = 0;       ///< launched
  int arguments = 0;    ///< of kernels in graphs, changed
  int allocations = 0;  ///< of memory
  int frees = 0;        ///< of memory and graphs
};
Counts counts();

}  // namespace stand_in
