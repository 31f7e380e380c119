#ifndef TAGCACHE_PROFILING_TRACES_CHART_H_
#define TAGCACHE_PROFILING_TRACES_CHART_H_

// Grouped bars as SVG.

#include <optional>
#include <string>
#include <vector>

namespace tagcache::profiling {

struct Chart {
  std::string title = {};
  std::vector<std::string> groups = {};
  std::vector<std::string> series = {};
  size_t highlighted = 0;  // series drawn in the strong colour
  // By group, then series; 0 to 1. nullopt: no bar.
  std::vector<std::vector<std::optional<double>>> values = {};
};

std::string DrawSvg(const Chart& chart);

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_TRACES_CHART_H_
