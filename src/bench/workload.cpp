#include "tvw/bench/workload.hpp"

#include <set>
#include <sstream>

#include "bench/builtin_workloads.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/read_text.hpp"
#include "tvw/core/text.hpp"

namespace tvw::bench {
namespace {

/// More than any real product has; keeps sizes of buffers inside 63 bits.
constexpr int64_t kLargestExtent = int64_t{1} << 24;

class LineParser {
 public:
  LineParser(std::string_view origin, int line)
      : place_(std::string(origin) + ":" + std::to_string(line)) {}

  [[nodiscard]] WorkloadLayer parse(const std::vector<std::string>& words) const {
    if (words.size() != 5) {
      throw Error(ErrorCode::kBadFile, place_ + ": got " + std::to_string(words.size()) +
                                           " words, expected 5 (M N K count layer)");
    }
    WorkloadLayer layer;
    if (words[0] != "*") layer.M = number("M", words[0]);
    layer.N = number("N", words[1]);
    layer.K = number("K", words[2]);
    layer.count = number("count", words[3]);
    layer.name = words[4];
    return layer;
  }

  [[nodiscard]] Error twice(const std::string& name) const {
    return {ErrorCode::kBadFile,
            place_ + ": layer '" + name + "' is there twice, expected each once"};
  }

 private:
  [[nodiscard]] int64_t number(const char* what, const std::string& word) const {
    const auto value = parse_int(word);
    if (!value || *value < 1 || *value > kLargestExtent) {
      throw Error(ErrorCode::kBadFile,
                  place_ + ": " + what + ": got '" + word + "', expected a number from 1 to " +
                      std::to_string(kLargestExtent) + (*what == 'M' ? ", or *" : ""));
    }
    return *value;
  }

  std::string place_;
};

bool looks_like_path(const std::string& text) {
  std::error_code ignored;
  return text.find_first_of("/.") != std::string::npos ||
         std::filesystem::is_regular_file(text, ignored);
}

Workload read_workload(const std::filesystem::path& path) {
  const std::string text = read_text(path, "a workload (text file)");
  return parse_workload(text, path.stem().string(), path.string());
}

}  // namespace

Workload parse_workload(std::string_view text, std::string_view name, std::string_view origin) {
  Workload workload{std::string(name), {}};
  std::set<std::string> seen;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream content(line.substr(0, line.find('#')));
    std::vector<std::string> words;
    for (std::string word; content >> word;) words.push_back(word);
    if (words.empty()) continue;
    const LineParser parser(origin, number);
    workload.layers.push_back(parser.parse(words));
    if (!seen.insert(words[4]).second) throw parser.twice(words[4]);
  }
  if (workload.layers.empty()) {
    throw Error(ErrorCode::kBadFile,
                std::string(origin) + ": got no layer, expected lines `M N K count layer`");
  }
  return workload;
}

std::vector<std::string> workload_names() {
  std::vector<std::string> names;
  for (const BuiltinWorkload& workload : builtin_workloads()) names.emplace_back(workload.name);
  return names;
}

Workload load_workload(const std::string& name_or_path) {
  for (const BuiltinWorkload& workload : builtin_workloads()) {
    if (workload.name == name_or_path) {
      return parse_workload(workload.text, workload.name, std::string(workload.name) + ".txt");
    }
  }
  if (looks_like_path(name_or_path)) return read_workload(name_or_path);
  throw Error(ErrorCode::kUsage, unknown_name("workload", name_or_path, workload_names()));
}

}  // namespace tvw::bench
