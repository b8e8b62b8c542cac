/// @file The fields of records in the order in which they are written: each is named here and
/// nowhere else.
///
/// fields(archive, x) calls archive("name", x.name) for every field of x, for writing and reading;
/// archive.later(...) for those that records of the first minor version lack.
#pragma once

#include <type_traits>

#include "tvw/record/bench_record.hpp"
#include "tvw/record/prune_record.hpp"

namespace tvw::record {

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, CpuCache> {
  at("name", x.name);
  at("size_bytes", x.size_bytes);
}

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, DeviceFacts> {
  at("id", x.id);
  at("name", x.name);
  at("properties", x.properties);
}

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, Environment> {
  at("tool_version", x.tool_version);
  at("time_utc", x.time_utc);
  at("cpu_model", x.cpu_model);
  at("cores", x.cores);
  at("threads", x.threads);
  at("caches", x.caches);
  at("memory_bytes", x.memory_bytes);
  at("os", x.os);
  at("kernel", x.kernel);
  at("compiler", x.compiler);
  at("libraries", x.libraries);
  at("devices", x.devices);
}

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, BenchRow> {
  at("workload", x.workload);
  at("layer", x.layer);
  at("count", x.count);
  at("M", x.M);
  at("N", x.N);
  at("K", x.K);
  at.later("epilogue", x.epilogue);
  at("role", x.role);
  at("pattern", x.pattern);
  at("format", x.format);
  at("target_sparsity", x.target_sparsity);
  at("sparsity", x.sparsity);
  at("kept_score", x.kept_score);
  at("seed", x.seed);
  at("executor", x.executor);
  at("kernel", x.kernel);
  at("isa", x.isa);
  at("device", x.device);
  at("dtype", x.dtype);
  at("layout", x.layout);
  at("cache", x.cache);
  at("cold_by", x.cold_by);
  at("status", x.status);
  at("skipped_reason", x.skipped_reason);
  at("verified", x.verified);
  at("max_rel_error", x.max_rel_error);
  at("tolerance", x.tolerance);
  at("checked_outputs", x.checked_outputs);
  at("median_us", x.median_us);
  at("mad_us", x.mad_us);
  at("samples_us", x.samples_us);
  at("repeats", x.repeats);
  at("speedup_vs_dense", x.speedup_vs_dense);
  at("dense_executor", x.dense_executor);
  at("dense_layout", x.dense_layout);
  at("weight_bytes", x.weight_bytes);
  at("effective_gflops", x.effective_gflops);
  at("actual_gflops", x.actual_gflops);
  at("roofline_us", x.roofline_us);
  at("fraction_of_roofline", x.fraction_of_roofline);
}

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, AutoChoice> {
  at("workload", x.workload);
  at("layer", x.layer);
  at("count", x.count);
  at("M", x.M);
  at("cache", x.cache);
  at("target_sparsity", x.target_sparsity);
  at("pattern", x.pattern);
  at("executor", x.executor);
  at("layout", x.layout);
  at("median_us", x.median_us);
  at("speedup_vs_dense", x.speedup_vs_dense);
}

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, BenchRecord> {
  at("environment", x.environment);
  at("argv", x.argv);
  at("rows", x.rows);
  at("auto_choices", x.auto_choices);
}

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, PruneRow> {
  at("name", x.name);
  at("op", x.op);
  at("K", x.K);
  at("N", x.N);
  at("dtype", x.dtype);
  at("pattern", x.pattern);
  at("target_sparsity", x.target_sparsity);
  at("sparsity", x.sparsity);
  at("kept_score", x.kept_score);
  at("bytes_before", x.bytes_before);
  at("bytes_after", x.bytes_after);
  at("skipped_reason", x.skipped_reason);
}

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, PruneTotals> {
  at("weights", x.weights);
  at("kept_weights", x.kept_weights);
  at("bytes_before", x.bytes_before);
  at("bytes_after", x.bytes_after);
  at("sparsity", x.sparsity);
  at("mean_kept_score", x.mean_kept_score);
}

template <class Archive, class T>
void fields(Archive& at, T& x) requires std::is_same_v<std::remove_const_t<T>, PruneRecord> {
  at("environment", x.environment);
  at("argv", x.argv);
  at("source", x.source);
  at("outputs", x.outputs);
  at("pattern", x.pattern);
  at("scope", x.scope);
  at("score", x.score);
  at("target_sparsity", x.target_sparsity);
  at("seconds", x.seconds);
  at("rows", x.rows);
  at("pruned", x.pruned);
  at("model", x.model);
}

}  // namespace tvw::record
