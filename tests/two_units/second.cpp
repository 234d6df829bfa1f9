#include "all_headers.hpp"

const void* address_of_version();

const void* address_of_version() { return &tinynet::version; }
