#include "profiling/traces/chart.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace tagcache::profiling {
namespace {

constexpr const char* kColours[] = {"#9aa5b1", "#c9d1d9", "#e0a458", "#b5651d",
                                    "#7fb069", "#6a8caf", "#a78bba"};
constexpr const char* kStrong = "#c1121f";
constexpr int kLeft = 52, kTop = 64, kPlotHeight = 300, kBar = 20, kGap = 24;

__attribute__((format(printf, 2, 3))) void Append(std::string* out, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  *out += text;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart)
      : chart_(chart),
        group_width_(static_cast<int>(chart.series.size()) * kBar + kGap),
        width_(kLeft + static_cast<int>(chart.groups.size()) * group_width_ + 20) {}

  std::string Draw() {
    Append(&svg_,
           "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
           "font-family=\"sans-serif\" font-size=\"12\">\n",
           width_, kTop + kPlotHeight + 36, width_);
    Append(&svg_, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n");
    Append(&svg_, "<text x=\"%d\" y=\"22\" font-size=\"15\">%s</text>\n", kLeft,
           chart_.title.c_str());
    Legend();
    Axis();
    for (size_t group = 0; group < chart_.groups.size(); ++group) Group(group);
    svg_ += "</svg>\n";
    return std::move(svg_);
  }

 private:
  const char* Colour(size_t series) const {
    return series == chart_.highlighted ? kStrong : kColours[series % std::size(kColours)];
  }

  void Legend() {
    int x = kLeft;
    for (size_t i = 0; i < chart_.series.size(); ++i) {
      const std::string& name = chart_.series[i];
      Append(&svg_, "<rect x=\"%d\" y=\"34\" width=\"12\" height=\"12\" fill=\"%s\"/>", x,
             Colour(i));
      Append(&svg_, "<text x=\"%d\" y=\"44\">%s</text>\n", x + 16, name.c_str());
      x += 36 + 7 * static_cast<int>(name.size());
    }
  }

  void Axis() {
    for (int percent = 0; percent <= 100; percent += 20) {
      const int y = kTop + kPlotHeight * (100 - percent) / 100;
      Append(&svg_, "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"#dddddd\"/>", kLeft,
             width_ - 10, y, y);
      Append(&svg_, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d %%</text>\n", kLeft - 6, y + 4,
             percent);
    }
  }

  void Group(size_t group) {
    const int left = kLeft + kGap / 2 + static_cast<int>(group) * group_width_;
    for (size_t i = 0; i < chart_.series.size(); ++i) {
      const std::optional<double> value = chart_.values[group][i];
      if (!value) continue;
      const double height = kPlotHeight * *value;
      const double top = kTop + kPlotHeight - height;
      const int x = left + static_cast<int>(i) * kBar;
      Append(&svg_, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"%s\"/>", x, top,
             kBar - 3, height, Colour(i));
      Append(&svg_,
             "<text x=\"%d\" y=\"%.1f\" font-size=\"9\" text-anchor=\"middle\">%.1f</text>\n",
             x + (kBar - 3) / 2, top - 3, 100 * *value);
    }
    Append(&svg_, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
           left + (group_width_ - kGap) / 2, kTop + kPlotHeight + 20, chart_.groups[group].c_str());
  }

  const Chart& chart_;
  const int group_width_;
  const int width_;
  std::string svg_;
};

}  // namespace

std::string DrawSvg(const Chart& chart) { return Drawing(chart).Draw(); }

}  // namespace tagcache::profiling
