/// @file One factory for each pattern; registry.cpp lists them.
#pragma once

#include <memory>

#include "tvw/patterns/pattern.hpp"

namespace tvw::patterns {

[[nodiscard]] std::unique_ptr<Pattern> make_ew(const PatternSpec& spec);
[[nodiscard]] std::unique_ptr<Pattern> make_nm(const PatternSpec& spec);
[[nodiscard]] std::unique_ptr<Pattern> make_block(const PatternSpec& spec);
[[nodiscard]] std::unique_ptr<Pattern> make_tw(const PatternSpec& spec);
[[nodiscard]] std::unique_ptr<Pattern> make_tvw(const PatternSpec& spec);

}  // namespace tvw::patterns
