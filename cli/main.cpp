#include <poll.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "common/caches/audit_document.hpp"
#include "common/caches/service_caches.hpp"
#include "common/http/client.hpp"
#include "tutti/clock.hpp"
#include "tutti/doctor.hpp"
#include "tutti/error.hpp"

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;

Result<std::string> fetch(services::http::Client& client, const std::string& url,
                          Duration timeout) {
    auto response = client.send(url, {}, Boottime::now() + timeout);
    if (!response) return fail(std::move(response).error());
    if (response->status != 200) {
        return fail(Errc::protocol, "GET",
                    "answered " + std::to_string(response->status) + ", not 200");
    }
    return std::move(response->body);
}

static_assert(std::atomic<bool>::is_always_lock_free);
std::atomic<bool> is_interrupted = false;

// The second Ctrl-C ends the process as ever.
bool interrupted() {
    static const bool heard = [] {
        struct sigaction action = {};
        action.sa_handler = [](int) { is_interrupted.store(true); };
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
        return ::sigaction(SIGINT, &action, nullptr) == 0;
    }();
    return heard && is_interrupted.load();
}

int run_process(std::span<const std::string> arguments) {
    services::http::Client client({.name = "http"});
    const char* const redis_url = std::getenv("REDIS_URL");  // before any thread
    const World world{
        .catalogue = services::caches::catalogue_inventory,
        .document = services::caches::audit_document,
        .fetch = [&](const std::string& url,
                     Duration timeout) { return fetch(client, url, timeout); },
        .redis_url = redis_url != nullptr ? redis_url : "",
        .app = std::string(services::caches::app_name),
        .wait = [](Duration pause) { ::poll(nullptr, 0, static_cast<int>(pause / 1ms)); },
        .interrupted = interrupted,
        .diagnose = diagnose,
    };
    const int code = run(arguments, std::cout, std::cerr, world);
    if (!std::cout.flush()) {
        std::cerr << "tutti: the output could not be written\n";
        return exit_failed;
    }
    return code;
}

}  // namespace
}  // namespace tutti::cli

int main(int count, char** arguments) {
    try {
        return tutti::cli::run_process(std::vector<std::string>(arguments + 1, arguments + count));
    } catch (const std::exception& error) {
        std::cerr << "tutti: " << error.what() << '\n';
        return tutti::cli::exit_failed;
    }
}
