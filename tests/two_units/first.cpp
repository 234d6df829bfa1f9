#include "all_headers.hpp"

const void* address_of_version();  // as the second unit sees it

int main() { return &tinynet::version == address_of_version() ? 0 : 1; }
