/// @file Where results go: stdout for "-" or nothing, else a file that is replaced atomically.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace tvw::cli {

/// To stdout, with nothing in it that a terminal acts on: all text that holds names from files goes
/// through here. JSON stays JSON.
void print(std::string_view text);
/// One cell of a table for people: escaped, the middle of what is too long left out.
[[nodiscard]] std::string cell(std::string_view text);
/// Before the work: that `path` can be written (as write_result() takes it) and is none of the
/// files that the command reads; those are never overwritten.
/// @throws Error kIo
void check_result_path(const std::string& path, std::span<const std::string> inputs);
/// Of what is written beside other files or is no text: `what` cannot go to "-".
/// @throws Error kUsage
void refuse_stdout(const std::string& path, std::string_view what);
/// Can an output be named after `model`? Not if that is /dev/stdin, or the like.
/// @throws Error kUsage
void check_names_output(const std::filesystem::path& model);
/// print() or a file.
/// @throws Error kIo the file cannot be written
void write_result(std::string_view text, const std::string& path);
/// To be called once all of it is said: nothing that went to stdout may be lost unnoticed.
/// @throws Error kIo
void finish_output();
/// `path`, or with a number before its extension if it exists: run.json, run-2.json, ...
[[nodiscard]] std::string unused_path(const std::string& path);

}  // namespace tvw::cli
