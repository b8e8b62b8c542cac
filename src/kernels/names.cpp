#include "tvw/kernels/executor.hpp"

namespace tvw::kernels {

std::string_view name(Layout layout) { return layout == Layout::kTokenMajor ? "token" : "feature"; }

std::string_view name(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return "none";
    case Activation::kRelu:
      return "relu";
    case Activation::kGeluErf:
      return "gelu";
    case Activation::kGeluTanh:
      return "gelu-tanh";
  }
  return "none";
}

std::string name(const Epilogue& epilogue) {
  std::string text;
  const auto add = [&](std::string_view part) {
    if (!text.empty()) text += '+';
    text += part;
  };
  if (!epilogue.bias.empty()) add("bias");
  if (epilogue.add_to_c) add("add");
  if (epilogue.activation != Activation::kNone) add(name(epilogue.activation));
  return text.empty() ? "none" : text;
}

}  // namespace tvw::kernels
