// `tvw devices`: what can run here, what cannot and why.
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "tvw/kernels/registry.hpp"

namespace tvw::cli {
namespace {

void print_devices() {
  const kernels::Registry registry = kernels::Registry::discover();
  for (const auto& device : registry.devices()) {
    std::cout << device->id() << "  " << device->name() << "\n";
    for (const auto& [name, value] : device->properties()) {
      std::cout << "    " << name << ": " << value << "\n";
    }
    for (const kernels::Executor* executor : registry.executors()) {
      if (executor->device() == device->kind()) {
        std::cout << "    executor " << executor->name() << "\n";
      }
    }
  }
  for (const kernels::ModuleStatus& module : registry.modules()) {
    std::cout << "module " << module.name << ": " << (module.loaded ? "loaded, " : "not loaded, ")
              << module.detail << "\n";
  }
}

}  // namespace

void add_devices(CLI::App& app, const Settings& /*settings*/) {
  CLI::App* command =
      app.add_subcommand("devices", "List devices, executors and modules, or why one is missing");
  command->footer("Example:\n  tvw devices");
  command->callback([] { print_devices(); });
}

}  // namespace tvw::cli
