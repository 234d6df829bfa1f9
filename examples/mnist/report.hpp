// The run as a web page: DIR/report.html of --out.
#pragma once

#include <string>

#include "run_record.hpp"

namespace mnist {

/// One self-contained page in the notebook's order: data, net, training, timing, test, what it got wrong, the command.
std::string report_html(const RunRecord& run);

}  // namespace mnist
