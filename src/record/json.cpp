// Writer and Reader walk over the fields that fields.hpp names.
#include "tvw/record/json.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "record/fields.hpp"
#include "record/file.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::record {
namespace {

using Json = nlohmann::ordered_json;

// ---------------------------------------------------------------------------------------------
// Writing

class Writer {
 public:
  template <class T>
  void operator()(const char* key, const T& value) {
    json_[key] = convert(key, value);
  }
  template <class T>
  void later(const char* key, const T& value) {
    (*this)(key, value);
  }

  template <class T>
  static Json object(const T& value) {
    Writer writer;
    fields(writer, value);
    if (!writer.null_reasons_.empty()) writer.json_["null_reasons"] = writer.null_reasons_;
    return std::move(writer.json_);
  }

 private:
  Json convert(const char*, const std::string& value) { return value; }
  Json convert(const char*, int64_t value) { return value; }
  Json convert(const char*, uint64_t value) { return value; }
  Json convert(const char*, int value) { return value; }
  Json convert(const char*, bool value) { return value; }
  Json convert(const char* key, double value) {
    if (std::isfinite(value)) return value;
    null_reasons_[key] = std::isnan(value) ? "not a number" : "infinite";
    return nullptr;
  }
  Json convert(const char* key, const std::optional<double>& value) {
    return value ? convert(key, *value) : Json(nullptr);
  }
  Json convert(const char*, RowRole value) { return std::string(name(value)); }
  Json convert(const char*, RowStatus value) { return std::string(name(value)); }
  Json convert(const char*, const NamedValues& values) {
    Json json = Json::object();
    for (const auto& [key, value] : values) json[key] = value;
    return json;
  }
  template <class T>
  Json convert(const char* key, const std::vector<T>& values) {
    Json json = Json::array();
    for (const T& value : values) json.push_back(convert(key, value));
    return json;
  }
  template <class T>
  Json convert(const char*, const T& value) {
    return object(value);
  }

  Json json_ = Json::object();
  Json null_reasons_ = Json::object();
};

/// Text from outside (a layer's name) may not be UTF-8: such bytes become U+FFFD. What a terminal
/// would act on and JSON does not escape by itself (C1 controls) is escaped, too.
std::string dump(const Json& json) {
  return printable(json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n", Lines::kText);
}

template <class Record>
std::string write_record(const Record& record, const char* kind) {
  Json json = Json::object();
  json["kind"] = kind;
  json["schema_version"] = record.schema_version;
  json.update(Writer::object(record));
  return dump(json);
}

// ---------------------------------------------------------------------------------------------
// Reading

class Reader {
 public:
  Reader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {}

  template <class T>
  void operator()(const char* key, T& value) {
    const auto found = json_.find(key);
    const std::string place = place_ + "/" + key;
    if (found == json_.end()) throw wrong(place, "nothing", "a value");
    read(*found, place, value);
  }
  /// Stays what it is where an older record does not have it.
  template <class T>
  void later(const char* key, T& value) {
    if (json_.contains(key)) (*this)(key, value);
  }

  template <class T>
  static void object(const Json& json, const std::string& place, T& value) {
    if (!json.is_object()) throw wrong(place, describe(json), "an object");
    Reader reader(json, place);
    fields(reader, value);
  }

  static Error wrong(const std::string& place, const std::string& got,
                     const std::string& expected) {
    return {ErrorCode::kBadFile, place + ": got " + got + ", expected " + expected};
  }

  static std::string describe(const Json& json) {
    std::string text = json.is_structured()
                           ? std::string(json.type_name())
                           : json.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 40) text = text.substr(0, 37) + "...";
    return text;
  }

 private:
  static void read(const Json& json, const std::string& place, std::string& value) {
    if (!json.is_string()) throw wrong(place, describe(json), "a string");
    value = json.get<std::string>();
  }
  static void read(const Json& json, const std::string& place, bool& value) {
    if (!json.is_boolean()) throw wrong(place, describe(json), "true or false");
    value = json.get<bool>();
  }
  static void read(const Json& json, const std::string& place, uint64_t& value) {
    if (!json.is_number_unsigned()) throw wrong(place, describe(json), "an integer >= 0");
    value = json.get<uint64_t>();
  }
  /// All integers of a record count something.
  static void read(const Json& json, const std::string& place, int64_t& value) {
    uint64_t magnitude = 0;
    read(json, place, magnitude);
    if (magnitude > uint64_t{std::numeric_limits<int64_t>::max()}) {
      throw wrong(place, describe(json), "an integer below 2^63");
    }
    value = static_cast<int64_t>(magnitude);
  }
  static void read(const Json& json, const std::string& place, int& value) {
    int64_t wide = 0;
    read(json, place, wide);
    if (wide > std::numeric_limits<int>::max()) {
      throw wrong(place, describe(json), "an integer below 2^31");
    }
    value = static_cast<int>(wide);
  }
  static void read(const Json& json, const std::string& place, double& value) {
    if (!json.is_number()) throw wrong(place, describe(json), "a number");
    value = json.get<double>();
    if (!std::isfinite(value)) throw wrong(place, describe(json), "a finite number");
  }
  static void read(const Json& json, const std::string& place, std::optional<double>& value) {
    value.reset();
    if (json.is_null()) return;
    if (!json.is_number()) throw wrong(place, describe(json), "a number or null");
    value.emplace();
    read(json, place, *value);
  }
  template <class Enum>
  static void read_name(const Json& json, const std::string& place, std::array<Enum, 3> known,
                        Enum& value) {
    std::string expected;
    for (const Enum candidate : known) {
      if (json.is_string() && json.get_ref<const std::string&>() == name(candidate)) {
        value = candidate;
        return;
      }
      expected += (expected.empty() ? "\"" : " or \"") + std::string(name(candidate)) + "\"";
    }
    throw wrong(place, describe(json), expected);
  }
  static void read(const Json& json, const std::string& place, RowRole& value) {
    read_name(json, place, std::array{RowRole::kDense, RowRole::kBaseline, RowRole::kSubject},
              value);
  }
  static void read(const Json& json, const std::string& place, RowStatus& value) {
    read_name(json, place, std::array{RowStatus::kTimed, RowStatus::kSkipped, RowStatus::kWrong},
              value);
  }
  static void read(const Json& json, const std::string& place, NamedValues& values) {
    if (!json.is_object()) throw wrong(place, describe(json), "an object of strings");
    values.clear();
    for (const auto& [key, value] : json.items()) {
      std::string text;
      read(value, place + "/" + key, text);
      values.emplace_back(key, std::move(text));
    }
  }
  template <class T>
  static void read(const Json& json, const std::string& place, std::vector<T>& values) {
    if (!json.is_array()) throw wrong(place, describe(json), "an array");
    values.clear();
    values.reserve(json.size());
    for (const Json& element : json) {
      T value{};
      read(element, place + "/" + std::to_string(values.size()), value);
      values.push_back(std::move(value));
    }
  }
  template <class T>
  static void read(const Json& json, const std::string& place, T& value) {
    object(json, place, value);
  }

  const Json& json_;
  std::string place_;
};

std::string major_of(std::string_view version) {
  return std::string(version.substr(0, version.find('.')));
}

template <class Record>
Record read_record(std::string_view text, std::string_view origin, const std::string& kind) {
  const std::string file(origin);
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kBadFile, file + ": not a JSON text: " + error.what());
  }
  const std::string root = file + ": ";
  if (!json.is_object()) throw Reader::wrong(root + "/", Reader::describe(json), "an object");
  for (const char* key : {"kind", "schema_version"}) {
    if (!json.contains(key) || !json[key].is_string()) {
      throw Reader::wrong(root + "/" + key,
                          json.contains(key) ? Reader::describe(json[key]) : "nothing",
                          "a string (is this a record of tvw?)");
    }
  }
  if (json["kind"] != kind) {
    throw Reader::wrong(root + "/kind", Reader::describe(json["kind"]), "\"" + kind + "\"");
  }
  Record record;
  const std::string known = record.schema_version;
  record.schema_version = json["schema_version"].get<std::string>();
  if (major_of(record.schema_version) != major_of(known)) {
    throw Reader::wrong(root + "/schema_version", "\"" + record.schema_version + "\"",
                        "\"" + major_of(known) + ".x\"; a newer tvw wrote this");
  }
  Reader::object(json, root, record);
  return record;
}

/// What rows promise beyond their types; readers of records rely on it.
void check_row(const BenchRow& row, const std::string& place) {
  const auto positive = [&](const char* key, double value) {
    if (!(value > 0.0)) {
      throw Reader::wrong(place + "/" + key, std::to_string(value), "a number above 0");
    }
  };
  positive("M", static_cast<double>(row.M));
  positive("N", static_cast<double>(row.N));
  positive("K", static_cast<double>(row.K));
  positive("count", static_cast<double>(row.count));
  for (const double sample : row.samples_us) positive("samples_us", sample);
  if (row.speedup_vs_dense) positive("speedup_vs_dense", *row.speedup_vs_dense);
  if (row.mad_us && *row.mad_us < 0.0) {
    throw Reader::wrong(place + "/mad_us", std::to_string(*row.mad_us), "a number >= 0");
  }
  if (row.status != RowStatus::kTimed) return;
  if (!row.verified) throw Reader::wrong(place + "/verified", "false", "true in a timed row");
  positive("median_us", row.median_us.value_or(0.0));
}

}  // namespace

std::string to_json(const BenchRecord& record) { return write_record(record, "tvw.bench"); }
std::string to_json(const PruneRecord& record) { return write_record(record, "tvw.prune"); }
std::string to_json(const Environment& environment) { return dump(Writer::object(environment)); }

BenchRecord parse_bench_record(std::string_view text, std::string_view origin) {
  auto record = read_record<BenchRecord>(text, origin, "tvw.bench");
  for (size_t i = 0; i < record.rows.size(); ++i) {
    check_row(record.rows[i], std::string(origin) + ": /rows/" + std::to_string(i));
  }
  return record;
}

PruneRecord parse_prune_record(std::string_view text, std::string_view origin) {
  return read_record<PruneRecord>(text, origin, "tvw.prune");
}

BenchRecord load_bench_record(const std::filesystem::path& path) {
  return parse_bench_record(read_record_text(path), path.string());
}

}  // namespace tvw::record
