#include "tvw/core/pattern_spec.hpp"

#include <array>
#include <sstream>

#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw {
namespace {

struct PatternName {
  std::string_view name;
  PatternKind kind;
};
/// The first name of a kind is the canonical one.
constexpr std::array<PatternName, 7> kNames{{
    {"tvw", PatternKind::kTvw},
    {"tw", PatternKind::kTw},
    {"block", PatternKind::kBlock},
    {"ew", PatternKind::kEw},
    {"n:m", PatternKind::kNm},
    {"bw", PatternKind::kBlock},
    {"csr", PatternKind::kEw},
}};

constexpr int64_t kMaxParameter = 4096;

[[noreturn]] void fail(std::string_view text, const std::string& why) {
  throw Error(ErrorCode::kUsage, "pattern '" + std::string(text) + "': " + why);
}

int64_t parse_count(std::string_view text, std::string_view key, std::string_view value) {
  const auto number = parse_int(value);
  if (!number || *number < 1 || *number > kMaxParameter) {
    fail(text, std::string(key) + "=" + std::string(value) +
                   ", expected a whole number from 1 to " + std::to_string(kMaxParameter));
  }
  return *number;
}

bool looks_like_ratio(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         text.find_first_not_of("0123456789:") == std::string_view::npos;
}

NmRatio parse_ratio(std::string_view text, std::string_view ratio) {
  const std::vector<std::string> parts = split(ratio, ':');
  if (parts.size() != 2) fail(text, "'" + std::string(ratio) + "', expected KEEP:GROUP, e.g. 2:4");
  const NmRatio nm{parse_count(text, "keep", parts[0]), parse_count(text, "group", parts[1])};
  if (nm.keep > nm.group) {
    fail(text, "keeps " + parts[0] + " of " + parts[1] + ", expected at most all of them");
  }
  return nm;
}

std::vector<std::string> allowed_parameters(PatternKind kind) {
  switch (kind) {
    case PatternKind::kTvw:
      return {"g", "nm"};
    case PatternKind::kTw:
      return {"g"};
    case PatternKind::kBlock:
      return {"b"};
    case PatternKind::kNm:
    case PatternKind::kEw:
      return {};
  }
  return {};
}

PatternKind parse_kind(std::string_view name) {
  std::vector<std::string> known;
  for (const PatternName& entry : kNames) {
    if (entry.kind == PatternKind::kNm) {
      known.emplace_back("2:4");
      continue;
    }
    if (entry.name == name) return entry.kind;
    known.emplace_back(entry.name);
  }
  throw Error(ErrorCode::kUsage, unknown_name("pattern", name, known));
}

}  // namespace

PatternSpec parse_pattern(std::string_view text, const PatternSpec& defaults) {
  PatternSpec spec = defaults;
  if (looks_like_ratio(text)) {
    spec.kind = PatternKind::kNm;
    spec.nm = parse_ratio(text, text);
    return spec;
  }
  const size_t colon = text.find(':');
  spec.kind = parse_kind(text.substr(0, colon));
  if (colon == std::string_view::npos) return spec;
  const std::vector<std::string> allowed = allowed_parameters(spec.kind);
  for (const std::string& parameter : split(text.substr(colon + 1), ',')) {
    const size_t equals = parameter.find('=');
    if (equals == std::string::npos) fail(text, "'" + parameter + "', expected NAME=VALUE");
    const std::string key = parameter.substr(0, equals);
    const std::string value = parameter.substr(equals + 1);
    bool known = false;
    for (const std::string& name : allowed) known = known || name == key;
    if (!known) fail(text, unknown_name("parameter", key, allowed));
    if (key == "g") spec.granularity = parse_count(text, key, value);
    if (key == "b") spec.block_size = parse_count(text, key, value);
    if (key == "nm") spec.nm = parse_ratio(text, value);
  }
  return spec;
}

std::vector<PatternSpec> parse_patterns(std::string_view text, const PatternSpec& defaults) {
  std::vector<std::string> items;
  for (const std::string& part : split(text, ',')) {
    // "nm=2:4" after "tvw:g=64" goes on with that pattern; "2:4" starts one of its own.
    const bool continues = part.find('=') < part.find(':') && !items.empty();
    if (continues) {
      items.back() += "," + part;
    } else {
      items.push_back(part);
    }
  }
  std::vector<PatternSpec> specs;
  specs.reserve(items.size());
  for (const std::string& item : items) specs.push_back(parse_pattern(item, defaults));
  return specs;
}

std::string to_string(const PatternSpec& spec) {
  const auto ratio = [&] {
    return std::to_string(spec.nm.keep) + ":" + std::to_string(spec.nm.group);
  };
  switch (spec.kind) {
    case PatternKind::kEw:
      return "ew";
    case PatternKind::kNm:
      return ratio();
    case PatternKind::kBlock:
      return "block:b=" + std::to_string(spec.block_size);
    case PatternKind::kTw:
      return "tw:g=" + std::to_string(spec.granularity);
    case PatternKind::kTvw:
      return "tvw:g=" + std::to_string(spec.granularity) + ",nm=" + ratio();
  }
  return {};
}

bool has_fixed_sparsity(const PatternSpec& spec) { return spec.kind == PatternKind::kNm; }

Sparsity effective_target(const PatternSpec& spec, Sparsity target) {
  const double of_ratio = 1.0 - spec.nm.density();
  if (spec.kind == PatternKind::kNm) return Sparsity(of_ratio);
  if (spec.kind == PatternKind::kTvw && target.value() < of_ratio) {
    std::ostringstream message;
    message << "sparsity " << target.value() << " is less than " << of_ratio << ", which "
            << to_string(spec) << " reaches by its " << spec.nm.keep << ":" << spec.nm.group
            << " alone";
    throw Error(ErrorCode::kUsage, message.str());
  }
  return target;
}

}  // namespace tvw
