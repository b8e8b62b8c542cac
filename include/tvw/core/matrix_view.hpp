/// @file Non-owning row-major matrix [rows, cols]; `ld` elements from one row to the next.
#pragma once

#include <cstdint>
#include <type_traits>

namespace tvw {

template <class T>
struct MatrixView {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t ld = 0;  ///< >= cols

  MatrixView() = default;
  MatrixView(T* data_in, int64_t rows_in, int64_t cols_in)
      : data(data_in), rows(rows_in), cols(cols_in), ld(cols_in) {}
  MatrixView(T* data_in, int64_t rows_in, int64_t cols_in, int64_t ld_in)
      : data(data_in), rows(rows_in), cols(cols_in), ld(ld_in) {}
  /// A view of mutable elements is also a view of constant ones.
  operator MatrixView<const T>() const  // NOLINT(google-explicit-constructor)
      requires(!std::is_const_v<T>) {
    return {data, rows, cols, ld};
  }

  [[nodiscard]] T* row(int64_t r) const { return data + r * ld; }
  [[nodiscard]] T& operator()(int64_t r, int64_t c) const { return data[r * ld + c]; }
  [[nodiscard]] int64_t size() const { return rows * cols; }
};

}  // namespace tvw
