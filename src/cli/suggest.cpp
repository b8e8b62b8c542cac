#include "cli/suggest.hpp"

#include <algorithm>

#include "tvw/core/text.hpp"

namespace tvw::cli {
namespace {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// The subcommand that argv names, or `app` itself.
const CLI::App& active(const CLI::App& app, const std::vector<std::string>& argv) {
  for (const CLI::App* command : app.get_subcommands({})) {
    if (std::find(argv.begin(), argv.end(), command->get_name()) != argv.end()) return *command;
  }
  return app;
}

}  // namespace

std::string explain(const CLI::ParseError& error, const CLI::App& app,
                    const std::vector<std::string>& argv) {
  const CLI::App& command = active(app, argv);
  std::vector<std::string> options = option_names(command);
  const std::vector<std::string> global = option_names(app);
  options.insert(options.end(), global.begin(), global.end());
  for (size_t i = 1; i < argv.size(); ++i) {
    const std::string word = argv[i].substr(0, argv[i].find('='));
    const bool is_option = word.rfind("--", 0) == 0 && word.size() > 2;
    if (is_option && std::find(options.begin(), options.end(), word) == options.end()) {
      return unknown_name("option", word, options);
    }
    if (!is_option && i == 1 && &command == &app && word.rfind('-', 0) != 0) {
      return unknown_name("command", word, subcommand_names(app));
    }
  }
  return error.what();
}

}  // namespace tvw::cli
