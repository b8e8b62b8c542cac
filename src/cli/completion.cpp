// `tvw completion SHELL`: prints a script made from the same option list that parses the command
// line.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"

namespace tvw::cli {
namespace {

std::string option_words(const CLI::App& command) {
  std::string words;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  return words;
}

std::vector<const CLI::App*> visible_commands(const CLI::App& app) {
  std::vector<const CLI::App*> commands;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) commands.push_back(command);
  }
  return commands;
}

/// In words that zsh knows, too (it has no mapfile).
void print_bash(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : visible_commands(app)) names += command->get_name() + " ";
  std::cout << "# tvw completion for bash; load it with: source <(tvw completion bash)\n"
            << "_tvw() {\n"
            << "  local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
            << "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
            << "    words=\"" << names << option_words(app) << "\"\n"
            << "  else\n"
            << "    case \"${COMP_WORDS[1]}\" in\n";
  for (const CLI::App* command : visible_commands(app)) {
    std::cout << "      " << command->get_name() << ") words=\"" << option_words(*command)
              << option_words(app) << "\" ;;\n";
  }
  std::cout << "    esac\n"
            << "  fi\n"
            << "  if [[ \"$word\" == -* ]] || [ \"$COMP_CWORD\" -eq 1 ]; then\n"
            << "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
            << "  else\n"
            << "    local IFS=$'\\n'\n"
            << "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
            << "  fi\n"
            << "}\n"
            << "complete -o filenames -F _tvw tvw\n";
}

void print_zsh(const CLI::App& app) {
  std::cout << "# tvw completion for zsh; load it with: source <(tvw completion zsh)\n"
            << "autoload -U +X bashcompinit && bashcompinit\n";
  print_bash(app);
}

void print_fish_options(const CLI::App& command, const std::string& condition) {
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      std::cout << "complete -c tvw" << condition << " -l " << name << "\n";
    }
  }
}

void print_fish(const CLI::App& app) {
  std::cout << "# tvw completion for fish; load it with: tvw completion fish | source\n";
  print_fish_options(app, "");
  for (const CLI::App* command : visible_commands(app)) {
    std::cout << "complete -c tvw -n __fish_use_subcommand -a " << command->get_name() << " -d '"
              << command->get_description() << "'\n";
    print_fish_options(*command, " -n '__fish_seen_subcommand_from " + command->get_name() + "'");
  }
}

}  // namespace

void add_completion(CLI::App& app, const Settings& /*settings*/) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a shell completion script");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer("Example:\n  source <(tvw completion bash)");
  command->callback([&app, shell] {
    if (*shell == "bash") print_bash(app);
    if (*shell == "zsh") print_zsh(app);
    if (*shell == "fish") print_fish(app);
  });
}

}  // namespace tvw::cli
