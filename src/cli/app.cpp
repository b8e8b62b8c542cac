#include "tvw/cli/app.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <thread>

#include "cli/commands.hpp"
#include "cli/log.hpp"
#include "cli/output.hpp"
#include "cli/suggest.hpp"
#include "cli/versions.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/kernels/cpu_isa.hpp"

namespace tvw::cli {
namespace {

constexpr const char* kDescription =
    "tvw makes neural networks sparse and shows what that buys.\n"
    "It prunes the GEMM-shaped weights of an ONNX model to the tile-wise (TW), 2:4 or\n"
    "tile-vector-wise (TVW) pattern, writes a compressed ONNX that stock runtimes load, and\n"
    "measures its sparse kernels against dense, block and unstructured execution.";

constexpr const char* kFooter =
    "Examples:\n"
    "  tvw prune model.onnx                 writes model.tvw.onnx and model.tvw.safetensors\n"
    "  tvw bench --pattern tvw -o run.json  what the pattern buys on this machine\n"
    "  tvw report run.json                  the summary, as JSON\n\n"
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 verification failed,\n"
    "            4 nothing to do or not supported here.\n"
    "`tvw COMMAND --help` explains a command.";

constexpr const char* kOfEveryCommand =
    "\n\nOptions of every command (-q, -v, --threads, --isa): tvw --help";

/// What OMP_NUM_THREADS says, but no more than could be meant: each has a stack.
int default_threads() {
  constexpr int kPerProcessor = 4;
  const auto processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::min(thread_count(), kPerProcessor * processors);
}

/// A usage error that the message alone does not settle ends with where to look.
int usage_error(const std::string& message) {
  spdlog::error("{} (see --help)", message);
  return exit_code(ErrorCode::kUsage);
}

}  // namespace

int run(int argc, const char* const* argv) {
  Settings settings;
  settings.argv.assign(argv, argv + argc);
  // Records keep the command, not the place of the program on this machine.
  if (argc > 0) settings.argv[0] = std::filesystem::path(argv[0]).filename();
  set_up_log(settings);

  CLI::App app(kDescription, "tvw");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", &versions_text, "Version of tvw and of the libraries it uses");
  app.add_flag("-q,--quiet", settings.quiet, "No progress, no warnings: errors only");
  app.add_flag("-v,--verbose", settings.verbose, "Say more on stderr");
  app.add_option("--threads", settings.threads, "Threads to use (default: all cores)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--isa", settings.isa,
                 "Best instruction set to use, by oneDNN too: sse4, avx2, avx512, avx512_bf16,\n"
                 "amx_bf16 (default: what the processor has)");
  app.parse_complete_callback([&settings] {
    set_up_log(settings);
    set_thread_count(settings.threads > 0 ? settings.threads : default_threads());
    if (!settings.isa.empty()) kernels::limit_cpu_isa(kernels::parse_cpu_isa(settings.isa));
  });

  add_prune(app, settings);
  add_unpack(app, settings);
  add_verify(app, settings);
  add_inspect(app, settings);
  add_bench(app, settings);
  add_report(app, settings);
  add_devices(app, settings);
  add_completion(app, settings);
  add_man(app, settings);

  for (CLI::App* command : app.get_subcommands({})) {
    command->footer(command->get_footer() + kOfEveryCommand);
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return usage_error(explain(error, app, settings.argv));
    app.exit(error, std::cout, std::cerr);  // help, version
  }
  finish_output();
  return 0;
}

}  // namespace tvw::cli
