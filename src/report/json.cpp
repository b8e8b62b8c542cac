#include "tvw/record/json.hpp"

#include <nlohmann/json.hpp>

#include "report/renderers.hpp"

namespace tvw::report {
namespace {

using Json = nlohmann::ordered_json;

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json to_object(const Speedup& speedup) {
  return {{"geomean", number(speedup.geomean)},
          {"weighted", number(speedup.weighted)},
          {"worst", number(speedup.worst)},
          {"layers", speedup.layers},
          {"slower_layers", speedup.slower_layers}};
}

Json to_object(const LayerLine& line) {
  return {{"layer", line.layer},
          {"count", line.count},
          {"M", line.M},
          {"N", line.N},
          {"K", line.K},
          {"sparsity", line.sparsity},
          {"kept_score", number(line.kept_score)},
          {"executor", line.executor},
          {"dense_executor", line.dense_executor},
          {"median_us", number(line.median_us)},
          {"mad_us", number(line.mad_us)},
          {"over_dense", number(line.over_dense)},
          {"over_block", number(line.over_block)},
          {"over_unstructured", number(line.over_unstructured)},
          {"fraction_of_roofline", number(line.fraction_of_roofline)},
          {"cold_by", line.cold_by},
          {"note", line.note}};
}

Json to_object(const Summary& summary) {
  Json layers = Json::array();
  for (const LayerLine& line : summary.layers) layers.push_back(to_object(line));
  return {{"source", summary.source},
          {"workload", summary.workload},
          {"epilogue", summary.epilogue},
          {"pattern", summary.pattern},
          {"target_sparsity", number(summary.target_sparsity)},
          {"device", summary.device},
          {"dtype", summary.dtype},
          {"layout", summary.layout},
          {"cache", summary.cache},
          {"M", summary.M == 0 ? Json(nullptr) : Json(summary.M)},
          {"mean_sparsity", number(summary.mean_sparsity)},
          {"mean_kept_score", number(summary.mean_kept_score)},
          {"total_us", number(summary.total_us)},
          {"over_dense", to_object(summary.over_dense)},
          {"over_block", to_object(summary.over_block)},
          {"over_unstructured", to_object(summary.over_unstructured)},
          {"layers", std::move(layers)}};
}

Json to_object(const BreakEven& b) {
  return {{"source", b.source},
          {"workload", b.workload},
          {"layer", b.layer},
          {"M", b.M},
          {"N", b.N},
          {"K", b.K},
          {"epilogue", b.epilogue},
          {"pattern", b.pattern},
          {"device", b.device},
          {"dtype", b.dtype},
          {"layout", b.layout},
          {"cache", b.cache},
          {"measured_from", b.measured_from},
          {"measured_to", b.measured_to},
          {"wins_from", number(b.wins_from)}};
}

Json to_object(const RowKey& key) {
  return {
      {"workload", key.workload},
      {"layer", key.layer},
      {"M", key.M},
      {"N", key.N},
      {"K", key.K},
      {"epilogue", key.epilogue},
      {"pattern", key.pattern},
      {"target_sparsity", key.target_sparsity < 0.0 ? Json(nullptr) : Json(key.target_sparsity)},
      {"executor", key.executor},
      {"device", key.device},
      {"dtype", key.dtype},
      {"layout", key.layout},
      {"cache", key.cache}};
}

std::string dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string to_json(const Report& report) {
  Json json = {{"kind", "tvw.report"}, {"schema_version", report.schema_version}};
  json["sources"] = report.sources;
  json["environments"] = Json::array();
  for (const record::Environment& environment : report.environments) {
    json["environments"].push_back(Json::parse(record::to_json(environment)));
  }
  json["rows"] = report.rows;
  json["skipped_rows"] = report.skipped_rows;
  json["wrong_rows"] = report.wrong_rows;
  json["summaries"] = Json::array();
  for (const Summary& summary : report.summaries) json["summaries"].push_back(to_object(summary));
  json["break_even"] = Json::array();
  for (const BreakEven& b : report.break_evens) json["break_even"].push_back(to_object(b));
  return dump(json);
}

std::string to_json(const Comparison& comparison) {
  Json json = {{"kind", "tvw.compare"},       {"schema_version", kCompareSchemaVersion},
               {"base", comparison.base},     {"new", comparison.current},
               {"same", comparison.same},     {"faster", comparison.faster},
               {"slower", comparison.slower}, {"geomean_ratio", number(comparison.geomean_ratio)}};
  json["rows"] = Json::array();
  for (const ComparedRow& row : comparison.rows) {
    Json object = to_object(row.key);
    object["verdict"] = std::string(name(row.verdict));
    object["ratio"] = row.ratio;
    object["base_us"] = row.base_us;
    object["new_us"] = row.new_us;
    object["noise"] = row.noise;
    json["rows"].push_back(std::move(object));
  }
  json["missing"] = Json::array();
  for (const MissingRow& row : comparison.missing) {
    Json object = to_object(row.key);
    object["missing_in"] = row.in_base ? "new" : "base";
    object["reason"] = row.reason;
    json["missing"].push_back(std::move(object));
  }
  return dump(json);
}

}  // namespace tvw::report
