/// @file Work that may crash, in a process of its own.
#pragma once

#include <functional>
#include <string>

namespace tvw::io {

/// What `work` returns in a child process, whose messages go nowhere. A crash there is an error
/// here. For libraries that trust their input; not while other threads hold locks.
/// @throws Error kUnsupported with what() of what `work` threw, "it crashed", or "it took too long"
/// @throws Error kIo there can be no more processes
[[nodiscard]] std::string in_child_process(const std::function<std::string()>& work);

}  // namespace tvw::io
