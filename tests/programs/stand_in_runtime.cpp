// In place of the CUDA runtime library, to see what a program says when a GPU is missing or fails: $TINYNET_STAND_IN
// says what is wrong. Its GPU has memory, but no kernel ever runs, so that all results are 0.
#include "stand_in_runtime.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

bool is(const char* trouble) {
  const char* const name = std::getenv("TINYNET_STAND_IN");
  return name != nullptr && std::strcmp(name, trouble) == 0;
}

cudaError_t last = cudaSuccess;
stand_in::Counts counted;
thread_local int current = 0;

// From the twentieth kernel on, or from that which $TINYNET_STAND_IN_FROM says.
bool fails(const char* trouble) {
  const char* const from = std::getenv("TINYNET_STAND_IN_FROM");
  return is(trouble) && counted.kernels >= (from == nullptr ? 20 : std::atoi(from));
}

cudaError_t say(cudaError_t status) {
  if (status != cudaSuccess) last = status;
  return status;
}

// The kernels of a graph, which are numbered from 1; each waits for the one before.
struct Nodes {
  size_t kernels = 0;
};

}  // namespace

stand_in::Counts stand_in::counts() { return counted; }

extern "C" {

// ---- What there is ---------------------------------------------------------------------------------------------

cudaError_t cudaGetDeviceCount(int* count) {
  *count = is("no gpu") ? 0 : 2;
  if (is("no driver") || is("old driver")) return say(cudaErrorInsufficientDriver);
  return say(is("no gpu") ? cudaErrorNoDevice : cudaSuccess);
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = is("no driver") ? 0 : is("old driver") ? 11040 : 13000;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int index) {
  *properties = {};
  std::strcpy(properties->name, index == 0 ? "Stand-in A" : "Stand-in B");
  properties->major = is("other architecture") ? 6 : 9;
  properties->minor = is("other architecture") ? 1 : 0;
  properties->warpSize = 32;
  properties->multiProcessorCount = 2;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->maxThreadsPerBlock = 1024;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 99 << 10;
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  *attributes = {};
  return say(is("other architecture") ? cudaErrorNoKernelImageForDevice : cudaSuccess);
}
cudaError_t cudaSetDevice(int index) {
  current = index;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* index) {
  *index = current;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = size_t{8} << 30;
  *free = is("little memory") ? 12345 : *total;
  return cudaSuccess;
}

// ---- Memory ----------------------------------------------------------------------------------------------------

cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t) {
  if (fails("out of memory")) return say(cudaErrorMemoryAllocation);
  ++counted.allocations;
  *memory = std::calloc(1, bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t) {
  ++counted.frees;
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, size_t bytes) { return cudaMallocAsync(memory, bytes, nullptr); }
cudaError_t cudaFree(void* memory) { return cudaFreeAsync(memory, nullptr); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t) {
  if (fails("illegal address")) return say(cudaErrorIllegalAddress);
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t) {
  std::memset(to, value, bytes);
  return cudaSuccess;
}

// ---- Launches --------------------------------------------------------------------------------------------------

cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return say(fails("illegal address") ? cudaErrorIllegalAddress
             : fails("broken memory") ? cudaErrorECCUncorrectable
                                      : cudaSuccess);
}
cudaError_t cudaLaunchKernel(const void*, dim3, dim3, void**, size_t, cudaStream_t) {
  ++counted.kernels;
  return say(fails("refused launch") ? cudaErrorLaunchOutOfResources : cudaSuccess);
}
cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) { return cudaSuccess; }
cudaError_t cudaDeviceSetSharedMemConfig(cudaSharedMemConfig) { return cudaSuccess; }
cudaError_t cudaGetLastError() {
  const cudaError_t status = fails("launch failure") ? cudaErrorLaunchOutOfResources : last;
  last = cudaSuccess;
  return status;
}
const char* cudaGetErrorName(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorECCUncorrectable:
      return "cudaErrorECCUncorrectable";
    case cudaErrorLaunchOutOfResources:
      return "cudaErrorLaunchOutOfResources";
    default:
      return "another error";
  }
}
const char* cudaGetErrorString(cudaError_t) { return "the stand-in says so"; }

// ---- Graphs ----------------------------------------------------------------------------------------------------

cudaError_t cudaGraphCreate(cudaGraph_t* graph, unsigned) {
  *graph = reinterpret_cast<cudaGraph_t>(new Nodes);
  return cudaSuccess;
}
cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t* node, cudaGraph_t graph, const cudaGraphNode_t* before,
                                   size_t count, const cudaKernelNodeParams* parameters) {
  size_t& kernels = reinterpret_cast<Nodes*>(graph)->kernels;
  const bool whole = parameters->func != nullptr && parameters->gridDim.x > 0 && parameters->gridDim.y > 0 &&
                     parameters->blockDim.x > 0 && parameters->kernelParams != nullptr &&
                     parameters->kernelParams[0] != nullptr;
  const bool in_order = kernels == 0 ? count == 0 : count == 1 && reinterpret_cast<size_t>(*before) == kernels;
  if (!whole || !in_order) return say(cudaErrorInvalidValue);
  *node = reinterpret_cast<cudaGraphNode_t>(++kernels);
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* ready, cudaGraph_t graph, unsigned long long) {
  *ready = reinterpret_cast<cudaGraphExec_t>(new Nodes(*reinterpret_cast<Nodes*>(graph)));
  return cudaSuccess;
}
cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t ready, cudaGraphNode_t node, const cudaKernelNodeParams*) {
  ++counted.arguments;
  const auto number = reinterpret_cast<size_t>(node);
  return say(number >= 1 && number <= reinterpret_cast<Nodes*>(ready)->kernels ? cudaSuccess : cudaErrorInvalidValue);
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t ready, cudaStream_t) {
  ++counted.graphs;
  counted.kernels += static_cast<int>(reinterpret_cast<Nodes*>(ready)->kernels);
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t ready) {
  ++counted.frees;
  delete reinterpret_cast<Nodes*>(ready);
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  ++counted.frees;
  delete reinterpret_cast<Nodes*>(graph);
  return cudaSuccess;
}

// What the compiler itself calls.
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void*) {
  *kernel = nullptr;
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, size_t, cudaStream_t) {
  ++counted.kernels;
  return cudaSuccess;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  *grid = *block = dim3(1);
  *shared = 0;
  *static_cast<cudaStream_t*>(stream) = nullptr;
  return cudaSuccess;
}
unsigned __cudaPushCallConfiguration(dim3, dim3, size_t, cudaStream_t) { return 0; }
void** __cudaRegisterFatBinary(void*) {
  static void* handle = nullptr;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
void __cudaRegisterFunction(void**, const char*, char*, const char*, int, uint3*, uint3*, dim3*, dim3*, int*) {}

}  // extern "C"
