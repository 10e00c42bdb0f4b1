// Ports are tried by binding to them and released again: a process of the fleet takes them a moment
// later. Who loses that race reads that the port is in use, and starts again.
#include "fleet/plan.hpp"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace tutti::services::fleet {
namespace {

constexpr int port_step = 10;  // 3001, 3011, ... are bots, 3002, 3012, ... workers

// `wanted`, when it can be bound to.
std::optional<std::uint16_t> try_port(std::uint16_t wanted) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int reuse = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(wanted);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    const bool bound =
        ::bind(socket, generic, bytes) == 0 && ::getsockname(socket, generic, &bytes) == 0;
    ::close(socket);
    if (!bound) return std::nullopt;
    return ntohs(address.sin_port);
}

class Ports {
public:
    // Below the ports that the system gives to connections, one of which would have it by the time
    // that a process binds to it.
    std::uint16_t free_one() {
        std::uniform_int_distribution<unsigned> any(24'000, 31'999);
        for (int tries = 0; tries < 1000; ++tries) {
            const auto port = try_port(static_cast<std::uint16_t>(any(random_)));
            if (port && taken_.insert(*port).second) return *port;
        }
        throw std::runtime_error("no port of 127.0.0.1 from 24000 to 31999 is free");
    }
    // `asked_for`: the variable that names the port; null when it is only the default.
    Result<std::uint16_t> take(int wanted, const char* asked_for) {
        const bool exists = wanted > 0 && wanted <= std::numeric_limits<std::uint16_t>::max();
        const auto port = exists ? try_port(static_cast<std::uint16_t>(wanted)) : std::nullopt;
        if (port && taken_.insert(*port).second) return *port;
        if (asked_for == nullptr || wanted == 0) return free_one();
        return fail(Errc::unavailable, "start the fleet",
                    "port " + std::to_string(wanted) +
                        " cannot be used: it is in use or not allowed; set " + asked_for +
                        " to another, or to 0 for any free one");
    }

private:
    std::set<std::uint16_t> taken_;
    std::random_device random_;
};

bool is_set(const process::Environment& environment, const char* name) {
    return !environment(name).value_or("").empty();
}

Result<void> choose_ports(Plan& plan, const process::Environment& environment) {
    const auto named = [&](const char* name) { return is_set(environment, name) ? name : nullptr; };
    Ports ports;
    const auto gateway = ports.take(plan.settings.api_gateway_port, named("API_GATEWAY_PORT"));
    if (!gateway) return fail(gateway.error());
    plan.gateway_port = *gateway;
    for (std::size_t i = 0; i < bot_count; ++i) {
        const int first = plan.settings.bot_client_port;
        const int wanted = first == 0 ? 0 : first + port_step * static_cast<int>(i);
        const auto bot = ports.take(wanted, named("BOT_CLIENT_PORT"));
        if (!bot) return fail(bot.error());
        plan.bot_ports.push_back(*bot);
    }
    for (std::size_t i = 0; i < worker_count; ++i) {
        const int first = plan.settings.ai_worker_port;
        const int wanted = first == 0 ? 0 : first + port_step * static_cast<int>(i);
        const auto worker = ports.take(wanted, named("AI_WORKER_PORT"));
        if (!worker) return fail(worker.error());
        plan.worker_ports.push_back(*worker);
    }
    plan.demonstration_ports = {ports.free_one(), ports.free_one()};
    return {};
}

void write_secret(const std::filesystem::path& path, const process::Secret& secret) {
    std::ofstream file(path);
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    file << secret.reveal();
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tutti-fleet-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
        throw std::runtime_error("cannot make a folder: " + pattern);
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Result<Plan> Plan::make(const FleetOptions& options, const process::Environment& environment) {
    const auto folder = std::make_shared<TemporaryFolder>();
    const auto own_secret = process::Secret::random();
    const std::string own_database = "sqlite:" + folder->file("tutti.db").string();
    const std::string own_attachments = folder->file("temp-attachments").string();
    const auto completed = [&](const char* name) -> std::optional<std::string> {
        const std::string_view wanted = name;
        // In one process there is nothing to connect to, whatever the environment says.
        if (wanted == "REDIS_URL") return options.redis;
        if (wanted == "DATABASE_URL" && options.postgres) return options.postgres;
        if (is_set(environment, name)) return environment(name);
        if (wanted == "INTERNAL_SERVICE_SECRET") return own_secret.reveal();
        if (wanted == "DATABASE_URL") return own_database;
        if (wanted == "ATTACHMENT_DIR") return own_attachments;
        return std::nullopt;
    };
    auto settings = process::Settings::parse(completed);
    if (!settings) return fail(std::move(settings).error());
    settings->listen_address = "127.0.0.1";
    if (options.postgres && !settings->postgres_url) {
        return fail(Errc::invalid_option, "start the fleet",
                    "--postgres must be a postgres:// URL");
    }

    Plan plan{.settings = *std::move(settings),
              .folder = folder,
              .database_url = completed("DATABASE_URL").value_or(""),
              .provider_stand_in = !is_set(environment, "OPENROUTER_BASE_URL"),
              .bot_ports = {},
              .worker_ports = {},
              .demonstration_ports = {}};
    if (!is_set(environment, "INTERNAL_SERVICE_SECRET")) {
        write_secret(folder->file("secret"), own_secret);
    }
    if (auto chosen = choose_ports(plan, environment); !chosen)
        return fail(std::move(chosen).error());
    return plan;
}

}  // namespace tutti::services::fleet
