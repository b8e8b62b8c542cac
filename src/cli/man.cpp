// `tvw man`: the manual page in roff, made from the same text as --help, so that they cannot
// differ.
#include <iostream>
#include <sstream>
#include <string>

#include "cli/commands.hpp"
#include "tvw/core/version.hpp"

namespace tvw::cli {
namespace {

/// Roff reads a leading dot or quote as a request and a backslash as an escape.
std::string escape(const std::string& line) {
  std::string text;
  for (const char c : line) text += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) text.insert(0, "\\&");
  return text;
}

void print_verbatim(const std::string& text) {
  std::cout << ".nf\n";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) std::cout << escape(line) << "\n";
  std::cout << ".fi\n";
}

}  // namespace

void add_man(CLI::App& app, const Settings& /*settings*/) {
  CLI::App* command = app.add_subcommand("man", "Print the manual page (roff)");
  command->footer("Example:\n  tvw man | man -l -");
  command->callback([&app] {
    std::cout << ".TH TVW 1 \"\" \"tvw " << version() << "\" \"User Commands\"\n"
              << ".SH NAME\ntvw \\- tile\\-vector\\-wise sparsity for ONNX models\n"
              << ".SH SYNOPSIS\n.B tvw\nCOMMAND [OPTIONS]\n.SH DESCRIPTION\n";
    print_verbatim(app.get_description());
    std::cout << ".SH OPTIONS OF EVERY COMMAND\n";
    print_verbatim(CLI::Formatter().make_groups(&app, CLI::AppFormatMode::Normal));
    for (const CLI::App* subcommand : app.get_subcommands({})) {
      std::cout << ".SH " << escape(subcommand->get_name()) << "\n";
      print_verbatim(subcommand->help());
    }
    std::cout << ".SH EXAMPLES\n";
    print_verbatim(app.get_footer());
  });
}

}  // namespace tvw::cli
