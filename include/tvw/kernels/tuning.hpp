/// @file Choosing by measurement, once per problem and device.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels {

/// Which of the ways that an executor has of going about a problem was fastest. Ways have names
/// that say what they are, so that what is remembered outlives a change of their order.
class Tuning {
 public:
  virtual ~Tuning() = default;
  Tuning(const Tuning&) = delete;
  Tuning& operator=(const Tuning&) = delete;

  [[nodiscard]] virtual std::optional<std::string> known(const std::string& key) const = 0;
  virtual void remember(const std::string& key, const std::string& way) = 0;

 protected:
  Tuning() = default;
};

/// All that a choice depends on but the device: "cuda.tvw.sm90 | f16 feature | 12800 x 768 x 768 |
/// tvw, 3 tiles of 256, 147456 values | bias gelu_erf".
[[nodiscard]] std::string tuning_key(std::string_view executor, const Problem& problem);

/// The way that problem.tuning knows, if it is one of `ways`.
[[nodiscard]] std::optional<size_t> known_way(std::string_view executor, const Problem& problem,
                                              std::span<const std::string> ways);

/// That way, else what `measure` finds, which problem.tuning (if there is one) then remembers.
/// REQUIRES: `ways` is not empty, measure() < ways.size().
[[nodiscard]] size_t choose_way(std::string_view executor, const Problem& problem,
                                std::span<const std::string> ways,
                                const std::function<size_t()>& measure);

/// Which of `count` (> 0) is fastest: medians of time_us(i) over rounds, in each of which all run
/// in turn, starting one further on than in the round before.
[[nodiscard]] size_t fastest_in_turns(size_t count, const std::function<double(size_t)>& time_us);

}  // namespace tvw::kernels
