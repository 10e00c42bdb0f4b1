// Each variable is read by one function that either stores a value or adds a problem; nothing
// returns early, so that one start shows all that is wrong.
#include "common/process/settings.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <utility>

#include "common/net/url.hpp"
#include "common/process/problem_list.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::services::process {
namespace {

constexpr std::size_t secret_length_min = 16;
constexpr std::uint32_t shards_max = 1024;

class Parser {
public:
    explicit Parser(const Environment& environment) : environment_(environment) {}

    void text(const char* name, std::string& to) {
        if (auto value = get(name)) to = std::move(*value);
    }
    void text(const char* name, std::optional<std::string>& to) { to = get(name); }
    void secret(const char* name, std::optional<Secret>& to) {
        if (auto value = get(name)) to.emplace(std::move(*value));
    }
    // The contract knows exactly one spelling of "on"; anything else but "false" is a typing error.
    void flag(const char* name, bool& to) {
        const auto value = get(name);
        if (!value) return;
        if (*value != "true" && *value != "false") problem(name, "must be true or false");
        to = *value == "true";
    }
    void log_format(const char* name, LogFormat& to) {
        const auto value = get(name);
        if (value && *value != "text" && *value != "json") problem(name, "must be text or json");
        to = value == "json" ? LogFormat::json : LogFormat::text;
    }
    void address(const char* name, std::string& to) {
        auto value = get(name);
        if (!value) return;
        std::array<unsigned char, sizeof(in6_addr)> bytes{};
        if (::inet_pton(AF_INET, value->c_str(), bytes.data()) != 1 &&
            ::inet_pton(AF_INET6, value->c_str(), bytes.data()) != 1) {
            return problem(name, "must be a numeric address; 0.0.0.0 listens everywhere");
        }
        to = *std::move(value);
    }
    template <class T>
    void number(const char* name, T& to, T min, T max = std::numeric_limits<T>::max()) {
        const auto value = get(name);
        if (!value) return;
        T parsed{};
        const char* end = value->data() + value->size();
        const auto [stopped, error] = std::from_chars(value->data(), end, parsed);
        if (error != std::errc{} || stopped != end || parsed < min || parsed > max) {
            return problem(name, "must be a number from " + std::to_string(min) + " to " +
                                     std::to_string(max));
        }
        to = parsed;
    }
    template <class T>
    void number(const char* name, std::optional<T>& to, T min, T max) {
        if (!get(name)) return;
        T parsed{};
        number(name, parsed, min, max);
        to = parsed;
    }
    void shards(std::optional<std::uint32_t>& id, std::optional<std::uint32_t>& count,
                std::chrono::seconds& lease);
    void public_key(const char* name, std::optional<std::string>& to) {
        auto value = get(name);
        constexpr std::size_t digits = 64;
        if (value && (value->size() != digits ||
                      value->find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)) {
            return problem(name,
                           "must be the 64 hexadecimal digits that the developer portal shows "
                           "(General Information, Public Key)");
        }
        to = std::move(value);
    }
    // Part of a Redis key that people type.
    void key_name(const char* name, std::string& to) {
        const auto value = get(name);
        if (!value) return;
        const auto good = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_' || c == '.' || c == ':';
        };
        if (value->size() > 100 || !std::ranges::all_of(*value, good)) {
            return problem(
                name, "must be letters, digits, dots, colons, dashes or underscores, up to 100");
        }
        to = *value;
    }
    void instance_name(const char* name, std::optional<std::string>& to) {
        auto value = get(name);
        const auto good = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '.' || c == '-' || c == '_';
        };
        if (value && (value->size() > 64 || !std::ranges::all_of(*value, good))) {
            return problem(name, "must be letters, digits, dots, dashes or underscores, up to 64");
        }
        to = std::move(value);
    }
    void http_url(const char* name, std::string& to) {
        std::optional<std::string> value;
        http_url(name, value);
        if (value) to = std::move(*value);
    }
    void pool(const std::string& upstream, HttpPool& to) {
        const std::string prefix = "HTTP_" + upstream;
        number<std::uint32_t>((prefix + "_CONCURRENCY").c_str(), to.concurrent_max, 1, 10'000);
        number<std::uint32_t>((prefix + "_QUEUE").c_str(), to.queued_max, 0, 1'000'000);
        auto deadline = static_cast<std::uint32_t>(to.deadline.count());
        number<std::uint32_t>((prefix + "_DEADLINE_MS").c_str(), deadline, 1, 600'000);
        to.deadline = std::chrono::milliseconds{deadline};
    }
    void http_url(const char* name, std::optional<std::string>& to) {
        auto value = get(name);
        if (!value) return;
        // As the client will: what cannot be called later is refused now.
        if (const auto url = net::HttpUrl::parse(*value); !url) {
            return problem(name, "cannot be called: " + url.error().cause);
        }
        while (value->ends_with('/')) value->pop_back();
        to = std::move(value);
    }
    void url_for_a_secret(const char* name, std::string& to) {
        std::optional<std::string> value;
        http_url(name, value);
        if (!value) return;
        if (!net::keeps_secrets(*net::HttpUrl::parse(*value))) {
            return problem(name,
                           "must begin with https://, or lead to this machine: a token goes "
                           "there");
        }
        to = std::move(*value);
    }
    void redis_url(const char* name, std::optional<std::string>& to) {
        auto value = get(name);
        if (value) {
            if (const auto url = tutti::redis::Url::parse(*value); !url) {
                return problem(name, url.error().cause + "; leave it unset for the embedded store");
            }
        }
        to = std::move(value);
    }
    // Calls `read` with each element of a list, which answers with its problem, or nothing.
    template <class Read>
    void list(const char* name, const Read& read) {
        const auto value = get(name);
        if (!value) return;
        std::string_view rest = *value;
        while (true) {
            const std::size_t comma = rest.find(',');
            if (const std::string wrong = read(trimmed(rest.substr(0, comma))); !wrong.empty()) {
                return problem(name, "has an element that " + wrong);
            }
            if (comma == std::string_view::npos) return;
            rest.remove_prefix(comma + 1);
        }
    }
    void origins(const char* name, std::vector<std::string>& to) {
        std::vector<std::string> found;
        list(name, [&](std::string_view element) -> std::string {
            const bool has_scheme = element.contains("://");
            const auto url =
                net::HttpUrl::parse(has_scheme ? element : "https://" + std::string(element));
            if (!url) return "cannot be called: " + url.error().cause;
            if (url->target != "/") return "has a path; hosts are named, as in cdn.example:8443";
            found.push_back(url->origin());
            return {};
        });
        if (!found.empty()) to = std::move(found);
    }
    void networks(const char* name, std::vector<net::Network>& to) {
        list(name, [&](std::string_view element) -> std::string {
            auto network = net::Network::parse(element);
            if (!network) return network.error().cause;
            to.push_back(*std::move(network));
            return {};
        });
    }
    void database(const char* name, std::string& path, std::optional<Secret>& postgres_url);
    void discord_id(const char* name, std::optional<std::string>& to) {
        auto value = get(name);
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        if (value && (value->size() > 20 || !std::ranges::all_of(*value, digit))) {
            return problem(name, "must be a Discord id, up to 20 digits");
        }
        to = std::move(value);
    }
    void required_secret(const char* name, Secret& to) {
        auto value = get(name);
        if (!value) return problem(name, "is not set; give all services the same secret");
        const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
        if (!std::ranges::all_of(*value, printable)) {
            return problem(name, "must be printable ASCII without spaces: it travels in a header");
        }
        if (value->size() < secret_length_min) {
            return problem(name, "must have " + std::to_string(secret_length_min) +
                                     " characters or more; openssl rand -hex 32 makes one");
        }
        to = Secret(std::move(*value));
    }

    void problem(const char* name, std::string_view text) {
        problems_.add(std::string(name).append(" ").append(text));
    }
    [[nodiscard]] const std::string& problems() const noexcept { return problems_.text(); }

private:
    [[nodiscard]] std::optional<std::string> get(const char* name) const {
        auto value = environment_(name);
        if (value && value->empty()) value.reset();
        return value;
    }
    static std::string_view trimmed(std::string_view text) {
        const auto first = std::min(text.find_first_not_of(' '), text.size());
        text.remove_prefix(first);
        text.remove_suffix(text.size() - (text.find_last_not_of(' ') + 1));
        return text;
    }
    static bool is_plain(std::string_view url) {
        return std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; });
    }

    const Environment& environment_;
    ProblemList problems_;
};

void Parser::shards(std::optional<std::uint32_t>& id, std::optional<std::uint32_t>& count,
                    std::chrono::seconds& lease) {
    number<std::uint32_t>("SHARD_ID", id, 0, shards_max - 1);
    number<std::uint32_t>("SHARD_COUNT", count, 1, shards_max);
    auto seconds = static_cast<std::uint32_t>(lease.count());
    number<std::uint32_t>("SHARD_LEASE_SECONDS", seconds, 3, 300);
    lease = std::chrono::seconds{seconds};
    if (id && !count) {
        problem("SHARD_ID", "is set, and SHARD_COUNT is not: say how many shards there are");
    }
    if (id && count && *id >= *count) {
        problem("SHARD_ID", "must be less than SHARD_COUNT: shards count from 0");
    }
}

void Parser::database(const char* name, std::string& path, std::optional<Secret>& postgres_url) {
    const auto value = get(name);
    if (!value) return;
    std::string_view rest = *value;
    if (rest.starts_with("postgres://") || rest.starts_with("postgresql://")) {
        if (!is_plain(rest)) return problem(name, "must be a postgres:// URL without spaces");
        postgres_url.emplace(*value);
        return;
    }
    if (rest.starts_with("sqlite:")) {
        rest.remove_prefix(std::string_view("sqlite:").size());
        if (rest.starts_with("//"))
            rest.remove_prefix(2);  // sqlite:///absolute and sqlite://relative
    } else if (!rest.starts_with('/') && !rest.starts_with("./") && !rest.starts_with("../")) {
        // Otherwise a scheme with a typing error would be the name of an empty database.
        return problem(name,
                       "must be postgres://..., postgresql://..., sqlite:<path>, or a path that "
                       "begins with / or ./");
    }
    if (rest.empty()) return problem(name, "has no path after sqlite:");
    path = rest;
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<Settings> Settings::parse(const Environment& environment) {
    Settings settings;
    Parser parser(environment);
    parser.redis_url("REDIS_URL", settings.redis_url);
    parser.database("DATABASE_URL", settings.database_path, settings.postgres_url);
    parser.instance_name("INSTANCE_NAME", settings.instance_name);
    parser.http_url("GATEWAY_URL", settings.gateway_url);
    parser.http_url("PUBLIC_GATEWAY_URL", settings.public_gateway_url);
    parser.address("LISTEN_ADDRESS", settings.listen_address);
    parser.number<std::uint16_t>("API_GATEWAY_PORT", settings.api_gateway_port, 0);
    parser.number<std::uint16_t>("BOT_CLIENT_PORT", settings.bot_client_port, 0);
    parser.number<std::uint16_t>("AI_WORKER_PORT", settings.ai_worker_port, 0);
    parser.required_secret("INTERNAL_SERVICE_SECRET", settings.internal_service_secret);
    parser.discord_id("BOT_OWNER_ID", settings.bot_owner_id);
    parser.pool("GATEWAY_INTERACTIVE", settings.gateway_interactive);
    parser.pool("GATEWAY_BACKGROUND", settings.gateway_background);
    parser.pool("OPENROUTER", settings.openrouter);
    parser.http_url("OPENROUTER_BASE_URL", settings.openrouter_base_url);
    parser.pool("DISCORD_CDN", settings.discord_cdn);
    parser.http_url("DISCORD_CDN_BASE_URL", settings.discord_cdn_base_url);
    parser.text("ATTACHMENT_DIR", settings.attachment_dir);
    parser.key_name("QUEUE_NAME", settings.queue_name);
    auto window = static_cast<std::uint32_t>(settings.dedup_window.count());
    parser.number<std::uint32_t>("DEDUP_WINDOW_SECONDS", window, 1, 3600);
    settings.dedup_window = std::chrono::seconds{window};
    parser.number<std::uint32_t>("WORKER_CONCURRENCY", settings.worker_concurrency, 1, 1000);
    auto lease = static_cast<std::uint32_t>(settings.job_lease.count());
    parser.number<std::uint32_t>("JOB_LEASE_SECONDS", lease, 1, 3600);
    settings.job_lease = std::chrono::seconds{lease};
    parser.secret("DISCORD_TOKEN", settings.discord_token);
    parser.url_for_a_secret("DISCORD_API_URL", settings.discord_api_url);
    parser.public_key("DISCORD_PUBLIC_KEY", settings.discord_public_key);
    parser.shards(settings.shard_id, settings.shard_count, settings.shard_lease);
    parser.pool("DISCORD", settings.discord);
    parser.flag("AUTO_DEPLOY_COMMANDS", settings.auto_deploy_commands);
    parser.flag("AUTO_TRANSCRIBE_VOICE", settings.auto_transcribe_voice);
    parser.http_url("LLM_BASE_URL", settings.llm_base_url);
    parser.text("LLM_MODEL", settings.llm_model);
    parser.secret("LLM_API_KEY", settings.llm_api_key);
    parser.http_url("VISION_BASE_URL", settings.vision_base_url);
    parser.secret("VISION_API_KEY", settings.vision_api_key);
    parser.text("VISION_FALLBACK_MODEL", settings.vision_fallback_model);
    parser.http_url("TRANSCRIPTION_BASE_URL", settings.transcription_base_url);
    parser.secret("TRANSCRIPTION_API_KEY", settings.transcription_api_key);
    parser.text("TRANSCRIPTION_MODEL", settings.transcription_model);
    parser.pool("LLM", settings.llm);
    parser.pool("VISION", settings.vision);
    parser.pool("TRANSCRIPTION", settings.transcription);
    parser.origins("ATTACHMENT_HOSTS", settings.attachment_hosts);
    parser.networks("ATTACHMENT_NETWORKS", settings.attachment_networks);
    parser.pool("ATTACHMENTS", settings.attachments);
    parser.log_format("LOG_FORMAT", settings.log_format);
    parser.http_url("OTEL_EXPORTER_OTLP_ENDPOINT", settings.otlp_endpoint);
    if (!parser.problems().empty()) {
        return fail(Errc::invalid_option, "read settings", parser.problems());
    }
    return settings;
}

}  // namespace tutti::services::process
