// What is looked at before a training: the data, the memory, the places of the results.
#pragma once

#include <string>

#include "console.hpp"
#include "data_source.hpp"
#include "options.hpp"

namespace mnist {

/// Says what is odd about the data. Throws Error (data) if the nets cannot take them.
void check_data(const Data& data, Console& console);

/// Throws Error (usage) if two of the files that will be written are the same one, or one of them is one that is read:
/// of the data, or what --init and --resume name.
void check_names(const Options& options, const Data& data);

/// The bytes that the data take, and the fused step's lists of the pixels that are not 0: about 5 for each, and none if
/// most are not 0.
double memory_of(const Data& data);

/// Throws Error (io) if there is less memory than that: "not enough memory: WHAT about N bytes; there are M. Try HINT".
void check_memory(double needed, const std::string& what, const std::string& hint);

/// Throws the Error (io) that writing this file would end with, as far as that can be known: tinynet::check_writable,
/// and whether the disk has room for a few kilobytes more. For before a long computation.
void check_output(const std::string& path);

}  // namespace mnist
