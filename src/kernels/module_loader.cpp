#include "kernels/module_loader.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace tvw::kernels {
namespace {

std::vector<std::filesystem::path> folders() {
  std::vector<std::filesystem::path> list;
  if (const char* named = std::getenv("TVW_MODULE_DIR")) list.emplace_back(named);
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    list.push_back(program.parent_path());
    list.push_back(program.parent_path().parent_path() / "lib" / "tvw");
  }
  return list;
}

std::string last_error() {
  const char* text = dlerror();
  return text != nullptr ? text : "unknown reason";
}

}  // namespace

ModuleStatus load_module(const std::string& name, ModuleContents& contents) {
  const std::string file = "libtvw_" + name + ".so";
  for (const auto& folder : folders()) {
    const std::filesystem::path path = folder / file;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return {name, false, "cannot be opened: " + last_error()};
    const auto entry = reinterpret_cast<ModuleEntry>(dlsym(library, "tvw_module_entry"));
    if (entry == nullptr) return {name, false, path.string() + " has no tvw_module_entry"};
    if (!entry(kModuleAbi, contents)) {
      return {name, false, path.string() + " was built for another version of tvw"};
    }
    return {name, true, contents.detail + " (" + path.string() + ")"};
  }
  return {name, false, file + " was not found: it is built where the CUDA toolkit is installed"};
}

}  // namespace tvw::kernels
