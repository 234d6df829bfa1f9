// In place of the CUDA runtime library, to see what a program says when a GPU is missing or fails: $TINYNET_STAND_IN
// says what is wrong. Its GPU has memory, but no kernel ever runs, so that all results are 0.
#include <cuda_runtime_api.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

bool is(const char* trouble) {
  const char* const name = std::getenv("TINYNET_STAND_IN");
  return name != nullptr && std::strcmp(name, trouble) == 0;
}

cudaError_t last = cudaSuccess;
int launches = 0;

// From the twentieth launch on.
bool fails(const char* trouble) { return is(trouble) && launches >= 20; }

cudaError_t say(cudaError_t status) {
  if (status != cudaSuccess) last = status;
  return status;
}

}  // namespace

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
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDevice(int* index) {
  *index = 0;
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
  *memory = std::calloc(1, bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  *pool = nullptr;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
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
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
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

// What the compiler itself calls.
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void*) {
  *kernel = nullptr;
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, size_t, cudaStream_t) {
  ++launches;
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
