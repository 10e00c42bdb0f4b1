#include "support/service.hpp"

#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/program.hpp"

namespace tests {

Service::Service(std::string path, std::vector<std::string> arguments, Variables environment,
                 std::uint16_t port, std::filesystem::path log_folder)
    : path_(std::move(path)),
      arguments_(std::move(arguments)),
      environment_(std::move(environment)),
      port_(port),
      log_folder_(std::move(log_folder)) {}

void Service::start() {
    if (!log_folder_.empty()) std::filesystem::create_directories(log_folder_);
    program_ = std::make_unique<Program>(path_, arguments_, environment_, Limits{}, log_folder_);
}

void Service::kill() {
    program_->signal(SIGKILL);
    program_->wait();
    forget();
}

int Service::end() {
    program_->signal(SIGTERM);
    const int code = program_->wait();
    forget();
    return code;
}

// The log of a folder has what was before.
void Service::forget() {
    if (log_folder_.empty()) before_ = written();
    program_.reset();
}

std::string Service::written() const {
    return program_ ? before_ + program_->out() + program_->err() : before_;
}

}  // namespace tests
